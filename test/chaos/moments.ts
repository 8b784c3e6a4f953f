// The moments at which a part is struck. Each brings the moment about, strikes, leaves the part away for a while, and
// brings it back, all under load. Not for: how a part is struck (parts.ts), or what must hold afterwards (oracle.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { between, type Dice, pick } from '../dice.ts'
import type { Blow } from './parts.ts'
import type { Moment, Part } from './plan.ts'
import type { Wire } from './wire.ts'
import type { World } from './world.ts'

export interface Scene {
  world: World
  part: Part
  blow: Blow
  random: Dice
}

/** Thrown when what was waited for did not come about, so that nothing was struck. */
export class MomentMissed extends Error {}

const MOMENT_MS = 10_000
/** How long a part stays away, ms. */
const AWAY = [100, 800] as const
/** Within the first second of its return. */
const EARLY = [20, 950] as const
const ENDING = [0, 400] as const
/** What the write path writes after the activities themselves, in the same transaction. */
const LATER_TABLES = ['enrichment_queue', 'accounts', 'sequences'] as const

export const moments: Record<Moment, (scene: Scene) => Promise<void>> = {
  async load({ blow, random }) {
    await blow.strike()
    await sleep(between(random, ...AWAY))
    await blow.restore()
  },

  async commit({ world, blow, random }) {
    const lock = await midCommit(world.postgres.url, pick(random, LATER_TABLES))
    try {
      await blow.strike()
    } finally {
      await lock.release()
    }
    await sleep(between(random, ...AWAY))
    await blow.restore()
  },

  async upload({ world: { wires, bridge }, part, blow, random }) {
    const { bridgeToHouse, appToObjects } = wires
    // The bridge's payload goes to the house, and the house's to the object store.
    const wire =
      part === 'bridge' ? bridgeToHouse : part === 's3' ? appToObjects : pick(random, [bridgeToHouse, appToObjects])
    const bytes = Math.round(between(random, 3e6, 5e6))
    try {
      await midUpload(wire, () => bridge.say({ say: 'attach', bytes }))
      await blow.strike()
    } finally {
      wire.slow(undefined)
    }
    await sleep(between(random, ...AWAY))
    await blow.restore()
  },

  async start({ blow, random }) {
    await blow.strike()
    await sleep(between(random, ...AWAY))
    blow.restore().catch(() => {})
    await sleep(between(random, ...EARLY))
    await blow.strike()
    await sleep(between(random, ...AWAY))
    await blow.restore()
  },

  async shutdown({ blow, random }) {
    blow.ask()
    await sleep(between(random, ...ENDING))
    await blow.strike()
    await sleep(between(random, ...AWAY))
    await blow.restore()
  },
}

/** Resolves while a transaction of the write path has written its activities and waits in the middle, until the release. */
async function midCommit(url: string, table: string): Promise<{ release(): Promise<void> }> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  await client.connect()
  const release = async () => void (await client.end().catch(() => {}))
  try {
    await client.query(`begin; lock table ${table} in exclusive mode`)
    await until(async () => {
      const { rowCount } = await client.query('select from pg_locks where not granted')
      return rowCount !== 0
    }, 'no transaction came')
    return { release }
  } catch (error) {
    await release()
    throw error
  }
}

/** Resolves when a good part of a payload has passed over the line, which is slow from now on. */
async function midUpload(wire: Wire, begin: () => void): Promise<void> {
  const before = wire.passed
  wire.slow(1_500_000)
  begin()
  await until(async () => wire.passed > before + 900_000, 'no payload passed')
}

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const late = Date.now() + MOMENT_MS; !(await isSo()); await sleep(10)) {
    if (Date.now() > late) throw new MomentMissed(otherwise)
  }
}
