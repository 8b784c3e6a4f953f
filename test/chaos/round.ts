// One round of the kill matrix: load, a blow at its moment, load again, quiet, and what the oracle says. Not for: which
// rounds there are (plan.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { between, type Dice, dice } from '../dice.ts'
import type { BridgeState } from './bridge.ts'
import { MomentMissed, moments } from './moments.ts'
import type { Oracle } from './oracle.ts'
import { type Blow, blowOf } from './parts.ts'
import type { Round } from './plan.ts'
import type { World } from './world.ts'

export interface Played extends Round {
  /** What was done, for people. */
  what: string
  /** Of the whole round, and from the end of the load until everything was stored. */
  ms: number
  quietMs: number
  /** What does not hold afterwards. */
  wrong: string[]
}

/** Everything is back and stored within this after a blow, or the round is lost. */
const QUIET_MS = 90_000
/** Load before and after. */
const BEFORE = [300, 700] as const
const AFTER = [200, 500] as const
const TRIES = 3

export async function play(world: World, oracle: Oracle, round: Round): Promise<Played> {
  const random = dice(round.seed)
  const blow = blowOf(world, round.part, round.moment, random)
  const began = performance.now()
  go(world, true)
  await sleep(between(random, ...BEFORE))
  const wrong: string[] = []
  const missed = await strike(world, round, blow, random)
  if (missed) wrong.push(`the moment never came: ${missed}`)
  await sleep(between(random, ...AFTER))
  go(world, false)
  const struck = performance.now()
  const { state, loud } = await quiet(world)
  const quietMs = Math.round(performance.now() - struck)
  wrong.push(...(state ? await oracle.check(state) : [`no quiet within ${QUIET_MS} ms: ${loud}`]))
  for (const { producer, complaints } of world.sources) {
    for (const complaint of complaints.splice(0)) wrong.push(`${producer} was answered ${complaint}`)
  }
  return { ...round, what: blow.what, ms: Math.round(performance.now() - began), quietMs, wrong }
}

/** Why the moment did not come, however often it was waited for. */
async function strike(world: World, { part, moment }: Round, blow: Blow, random: Dice): Promise<string | null> {
  for (let tries = 1; ; tries++) {
    try {
      await moments[moment]({ world, part, blow, random })
      return null
    } catch (error) {
      if (!(error instanceof MomentMissed)) throw error
      if (tries === TRIES) return error.message
    }
  }
}

function go(world: World, on: boolean): void {
  world.bridge.say({ say: on ? 'go' : 'stop' })
  for (const source of world.sources) source.going(on)
}

/** Resolves when nobody waits for anything, with how the bridge is then; or with what still waits. */
async function quiet({ app, bridge, sources }: World): Promise<{ state?: BridgeState; loud?: string }> {
  const late = Date.now() + QUIET_MS
  for (;;) {
    const waiting = sources.filter((source) => source.waiting > 0).map(({ producer }) => producer)
    const state = await bridge.how().catch(() => undefined)
    const ready = await app.house.api('/readyz').then(
      ({ status }) => status,
      () => 0,
    )
    if (state?.depth === 0 && waiting.length === 0 && ready === 200) return { state }
    const loud = `/readyz ${ready}, bridge ${JSON.stringify(state)}, waiting ${waiting.join(', ') || 'nobody else'}`
    if (Date.now() > late) return { loud }
    await sleep(50)
  }
}
