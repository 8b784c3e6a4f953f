// Outboxes that share a broker which acknowledges from memory and keeps a thousand messages for the house: what they send
// again never overruns that queue, and soon after the database is back everything is settled. Prints how much and how soon.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { randomIds } from '../../component.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { ManualClock } from './outbox.world.ts'
import { type Kept, SharedBroker, type SharedLine } from './shared-broker.world.ts'

const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
afterAll(() => rmSync(folder, { recursive: true }))

const topics = topicsUnder('daybook')
const MINUTE = 60_000
let files = 0

class Neighbours {
  readonly clock = new ManualClock()
  readonly broker: SharedBroker
  readonly lines: SharedLine[]
  readonly outboxes: Outbox[]
  appended = 0

  constructor(producers: number, settings?: { queue?: number; inFlight?: number }) {
    this.broker = new SharedBroker(this.clock, topics, settings)
    const names = Array.from({ length: producers }, (_, index) => `terminal-${index}`)
    this.lines = names.map((producer) => this.broker.connect(producer))
    this.outboxes = names.map((producer, index) => {
      const about = { file: join(folder, `${files++}.db`), producer, source: 'terminal', topics }
      const transport = this.lines[index] as SharedLine
      return openOutbox({ ...about, transport, clock: this.clock, ids: randomIds })
    })
    for (const outbox of this.outboxes) void outbox.start()
  }

  append(count: number): void {
    const timestamp = this.clock.now()
    const event = { source: 'terminal', type: 'command', summary: 'ls', timestamp }
    const ids = Array.from({ length: count }, (_, index) => `event-${this.appended + index}`)
    for (const outbox of this.outboxes) outbox.append(ids.map((id) => ({ ...event, id })))
    this.appended += count
  }

  /** Milliseconds until nothing waits any more. */
  async settled(most: number): Promise<number> {
    const since = this.clock.now()
    while (this.outboxes.some(({ depth }) => depth > 0) && this.clock.now() - since < most) {
      await this.clock.advance(this.clock.now() - since < MINUTE ? 50 : 5_000)
    }
    expect(this.outboxes.map(({ depth }) => depth)).toEqual(this.outboxes.map(() => 0))
    for (const { stored } of this.broker.ledgers.values()) expect(stored.size).toBe(this.appended)
    return this.clock.now() - since
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = Promise.all(this.outboxes.map((outbox) => outbox.stop()))
    await this.clock.advance(3_000)
    await stopped
  }
}

/** Lines break every ten seconds, each third time with their session. */
async function flap({ clock, lines }: Neighbours, minutes: number): Promise<void> {
  for (let turn = 0; turn < minutes * 6; turn++) {
    await clock.advance(10_000)
    for (const [index, line] of lines.entries()) line.drop(500, (turn + index) % 3 > 0)
  }
}

const scenes: Record<string, (here: Neighbours) => Promise<unknown>> = {
  'the database is away for ten minutes': ({ clock }) => clock.advance(10 * MINUTE),
  'it is, and the lines flap': (here) => flap(here, 10),
  'it is, and the broker is killed and keeps nothing': async ({ clock, broker }) => {
    await clock.advance(5 * MINUTE)
    broker.kill('nothing')
    await clock.advance(5 * MINUTE)
  },
  'it is, and the broker is killed and keeps who is there, but nothing for them': async ({ clock, broker }) => {
    await clock.advance(5 * MINUTE)
    broker.kill('sessions')
    await clock.advance(5 * MINUTE)
  },
}

for (const [scene, run] of Object.entries(scenes)) {
  for (const producers of [1, 3, 8]) {
    test(`${scene}: ${producers} with a thousand entries`, { timeout: 60_000 }, async () => {
      await using here = new Neighbours(producers)
      here.broker.databaseAway = true
      here.append(1_000)
      await run(here)
      here.broker.databaseAway = false
      const ms = await here.settled(2 * MINUTE)
      const { published, repeated, dropped, droppedRepeated, deepest } = here.broker.figures
      console.info(`${scene}, ${producers} x 1000: ${JSON.stringify({ published, repeated, dropped, deepest, ms })}`)
      expect(dropped).toBe(0)
      expect(droppedRepeated).toBe(0)
      expect(repeated).toBeLessThanOrEqual(producers * 120)
      expect(ms).toBeLessThan(45_000)
    })
  }
}

test('those that were quick before, and lose some to the full queue, find to each other', {
  timeout: 60_000,
}, async () => {
  await using here = new Neighbours(8)
  for (let each = 0; each < 10; each++) here.append(500)
  await here.clock.advance(1_500)
  here.broker.databaseAway = true
  here.append(1_000)
  await here.clock.advance(10 * MINUTE)
  here.broker.databaseAway = false
  const ms = await here.settled(2 * MINUTE)
  console.info(`8 in full flow when the database goes: ${JSON.stringify({ ...here.broker.figures, ms })}`)
  expect(here.broker.figures.dropped).toBeGreaterThan(0)
  expect(here.broker.figures.droppedRepeated).toBe(0)
})

type Step =
  | { do: 'append'; count: number }
  | { do: 'wait'; ms: number }
  | { do: 'kill'; kept: Kept }
  | { do: 'drop'; line: number; ms: number; kept: boolean }
  | { do: 'database'; away: boolean }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 3, 30, 400, 5_000, 40_000, 700_000) }),
  fc.record({ do: fc.constant('kill' as const), kept: fc.constantFrom<Kept>('all', 'sessions', 'nothing') }),
  fc.record({ do: fc.constant('database' as const), away: fc.boolean() }),
  fc.record({
    do: fc.constant('drop' as const),
    line: fc.integer({ min: 0, max: 2 }),
    ms: fc.constantFrom(1, 500, 20_000),
    kept: fc.boolean(),
  }),
)

test('whatever a broker forgets or drops, everything is stored soon after it is well', async () => {
  let [slowest, most] = [0, 0]
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.constantFrom(120, 1_000),
      async (steps, queue) => {
        await using here = new Neighbours(3, { queue })
        for (const one of steps) {
          if (one.do === 'append') here.append(one.count)
          if (one.do === 'wait') await here.clock.advance(one.ms)
          if (one.do === 'kill') here.broker.kill(one.kept)
          if (one.do === 'drop') here.lines[one.line]?.drop(one.ms, one.kept)
          if (one.do === 'database') here.broker.databaseAway = one.away
        }
        here.broker.databaseAway = false
        await here.clock.advance(21_000)
        slowest = Math.max(slowest, 21_000 + (await here.settled(25 * MINUTE)))
        const { published, repeated } = here.broker.figures
        most = Math.max(most, published === 0 ? 0 : repeated / published)
        const { published: before } = here.broker.figures
        await here.clock.advance(60 * MINUTE)
        expect(here.broker.figures.published).toBe(before)
      },
    ),
    { numRuns: Number(process.env.TEST_RUNS ?? 30) },
  )
  console.info(`slowest ${slowest} ms, at most ${Math.round(most * 100)} % sent again`)
}, 600_000)
