// How each part of the world is struck, and how it is brought back. What is left to chance is drawn by the dice of the
// round. Not for: when that happens (moments.ts).
import { tree } from '../../bench/processes.ts'
import { type Dice, pick } from '../dice.ts'
import type { Moment, Part } from './plan.ts'
import type { Cut, Wire } from './wire.ts'
import type { World } from './world.ts'

/** A blow that can be dealt again and again. */
export interface Blow {
  /** What exactly, for people. */
  what: string
  strike(): Promise<void>
  /** Resolves when the part is back. May be struck meanwhile; it then never resolves, or rejects. */
  restore(): Promise<void>
  /** Tells it to end, by SIGTERM. */
  ask(): void
}

/** A process with a life of its own. */
interface Killable {
  readonly pid: number | undefined
  start(): Promise<void>
  kill(): Promise<void>
}

const ALL_NODES = 0.2
const BACKEND = 0.3
const ALL_LINES = 0.25

export function blowOf(world: World, part: Part, moment: Moment, random: Dice): Blow {
  switch (part) {
    case 'app':
      return killing('app', [world.app])
    case 'bridge':
      return killing('bridge', [world.bridge])
    case 's3':
      return killing('s3', [world.objects])
    case 'mosquitto':
      return killing('mosquitto', world.nodes)
    case 'nats':
      return someNodes(world, random)
    case 'postgres':
      return somePostgres(world, moment, random)
    case 'network':
      return cutting(world, moment, random)
  }
}

function killing(what: string, victims: readonly Killable[]): Blow {
  return {
    what: `kill -9 ${what}`,
    async strike() {
      await Promise.all(victims.map((victim) => victim.kill()))
    },
    async restore() {
      await Promise.all(victims.map((victim) => victim.start()))
    },
    ask() {
      for (const { pid } of victims) if (pid !== undefined) process.kill(pid, 'SIGTERM')
    },
  }
}

function someNodes({ nodes }: World, random: Dice): Blow {
  if (random() < ALL_NODES) return killing('all nodes', nodes)
  const node = Math.floor(random() * nodes.length)
  return killing(`node ${node + 1}`, nodes.slice(node, node + 1))
}

/** The postmaster; or one of its processes, after which it starts all others anew by itself. */
function somePostgres({ postgres }: World, moment: Moment, random: Dice): Blow {
  if (moment === 'start' || moment === 'shutdown' || random() >= BACKEND) return killing('postgres', [postgres])
  return {
    ...killing('', [postgres]),
    what: 'kill -9 a postgres backend',
    async strike() {
      const [postmaster, ...backends] = postgres.pid === undefined ? [] : tree(postgres.pid)
      const victim = backends[Math.floor(random() * backends.length)] ?? postmaster
      if (victim !== undefined) process.kill(victim, 'SIGKILL')
    },
  }
}

/** Ends that have not heard of a cut find out by themselves on lines to a broker; of HTTP the old connections end. */
function cutting({ wires }: World, moment: Moment, random: Dice): Blow {
  const { bridgeToBroker, bridgeToHouse, appToBroker, appToObjects } = wires
  const toBroker = { 'bridge - broker': bridgeToBroker, ...(appToBroker ? { 'app - broker': appToBroker } : {}) }
  const byHttp = { 'bridge - house': bridgeToHouse, 'app - s3': appToObjects }
  const lines = moment === 'upload' ? byHttp : moment === 'commit' ? toBroker : { ...toBroker, ...byHttp }
  const named = Object.entries<Wire>(lines) as [[string, Wire]]
  const cut = random() < ALL_LINES ? named : [pick(random, named)]
  const told = pick<Cut>(random, ['both', 'client', 'nobody'])
  const heard = told === 'both' ? 'both ends hear it' : told === 'client' ? 'one end hears it' : 'no end hears it'
  return {
    what: `cut ${cut.map(([name]) => name).join(', ')}: ${heard}`,
    async strike() {
      for (const [, wire] of cut) wire.cut(told)
    },
    async restore() {
      for (const [, wire] of cut) wire.mend(wire === bridgeToHouse || wire === appToObjects)
    },
    ask() {},
  }
}
