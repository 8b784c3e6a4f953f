// The outbox against the model of the pipeline through a hostile world: whatever is lost, doubled, late, restored or
// reinstalled, once the line is good again nothing is missing that could be kept, and the books are true.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { randomIds } from '../../component.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { copyOutbox } from './outbox.desk.ts'
import { LedgerModel } from './outbox.model.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { type Faults, type Line, ManualClock, noFaults, settle, World } from './outbox.world.ts'

const folder = mkdtempSync(join(tmpdir(), 'outbox-'))
afterAll(() => rmSync(folder, { recursive: true }))

const topics = topicsUnder('daybook')
const producer = 'terminal-desk'
const HOUR = 3_600_000

type Step =
  | { do: 'append'; count: number; payloads: number }
  | { do: 'wait'; ms: number }
  | { do: 'faults'; faults: Faults }
  | { do: 'crash' | 'restart' | 'reconnect' | 'loseSession' | 'deleteFile' | 'copyFile' | 'restoreFile' }
  | { do: 'restartServer' | 'copyServer' | 'restoreServer' }

const chance = fc.constantFrom(0, 0, 0.1, 0.5)
const faults = fc.record({
  lost: chance,
  unanswered: chance,
  swallowed: chance,
  doubled: chance,
  slow: chance,
  receiptLost: chance,
  uploadFails: chance,
})
const append = fc.record({
  do: fc.constant('append' as const),
  count: fc.integer({ min: 1, max: 40 }),
  payloads: fc.constantFrom(0, 0, 1, 3),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: append },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 10, 100, 6_000, 60_000, 5_000_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('faults' as const), faults }) },
  {
    weight: 5,
    arbitrary: fc
      .constantFrom(
        ...(['crash', 'restart', 'reconnect', 'loseSession', 'deleteFile', 'copyFile', 'restoreFile'] as const),
        ...(['restartServer', 'copyServer', 'restoreServer'] as const),
      )
      .map((what) => ({ do: what })),
  },
)

/** The outbox, its file through crashes and copies, and which events may be gone because a file or server was put back. */
class Household {
  readonly clock = new ManualClock()
  readonly world: World
  readonly appended: string[] = []
  readonly excused = new Set<string>()
  #files = 0
  #line: Line
  #copy: { path: string; appended: number } | undefined
  #serverCopy = new LedgerModel()
  #path: string
  outbox: Outbox

  constructor(dice: () => number) {
    this.world = new World(this.clock, topics, producer, dice)
    this.#path = this.#newPath()
    this.#line = this.world.connect()
    this.outbox = this.#open()
  }

  async run(step: Step): Promise<void> {
    if (step.do === 'append') this.append(step.count, step.payloads)
    if (step.do === 'wait') await this.clock.advance(step.ms)
    if (step.do === 'faults') this.world.faults = step.faults
    if (step.do === 'reconnect') this.#line.reconnect(true)
    if (step.do === 'loseSession') this.#line.reconnect(false)
    if (step.do === 'crash') await this.#reopen(this.#image())
    if (step.do === 'restart') {
      await this.#end()
      this.#begin()
    }
    if (step.do === 'deleteFile') {
      this.#excuse(0)
      await this.#reopen(this.#newPath())
    }
    if (step.do === 'copyFile') this.#copy = { path: this.#image(), appended: this.appended.length }
    if (step.do === 'restoreFile' && this.#copy) {
      this.#excuse(this.#copy.appended)
      await this.#reopen(copyOutbox(this.#copy.path, this.#newPath()))
    }
    if (step.do === 'copyServer') this.#serverCopy = new LedgerModel(this.world.ledger)
    if (step.do === 'restartServer') this.world.restart(this.world.ledger)
    if (step.do === 'restoreServer') {
      for (const id of this.world.ledger.stored) if (!this.#serverCopy.stored.has(id)) this.excused.add(id)
      this.world.restart(new LedgerModel(this.#serverCopy))
    }
    await settle()
  }

  /** The first events refer to payloads, each to one; other appends have the same. */
  append(count: number, payloads = 0): void {
    const ids = Array.from({ length: count }, (_, index) => `event-${this.appended.length + index}`)
    const timestamp = this.clock.now()
    const refs = Array.from({ length: payloads }, (_, index) => {
      const name = `${(this.appended.length + index) % 5}`
      return { ...this.outbox.attach(Buffer.from(name), { mediaType: 'text/plain', name }), name }
    })
    const event = { source: 'terminal', type: 'command', summary: 'ls', timestamp }
    this.outbox.append(ids.map((id, index) => ({ ...event, id, attachments: refs.slice(index, index + 1) })))
    this.appended.push(...ids)
  }

  async close(): Promise<void> {
    this.world.faults = noFaults
    await this.#end()
  }

  /** What was appended after a copy was made and is not stored is gone with the file that is replaced. */
  #excuse(from: number): void {
    for (const id of this.appended.slice(from)) if (!this.world.ledger.stored.has(id)) this.excused.add(id)
  }

  #newPath(): string {
    return join(folder, `${process.pid}-${Math.random()}-${this.#files++}.db`)
  }

  /** The file as a crash at this moment would leave it. */
  #image(): string {
    return copyOutbox(this.#path, this.#newPath())
  }

  async #end(): Promise<void> {
    const stopped = this.outbox.stop()
    await this.clock.advance(3_000)
    await stopped
    this.#line.cut()
  }

  async #reopen(path: string): Promise<void> {
    this.#line.cut()
    await this.#end()
    this.#path = path
    this.#begin()
  }

  #begin(): void {
    this.#line = this.world.connect()
    this.outbox = this.#open()
  }

  #open(): Outbox {
    const parts = {
      file: this.#path,
      producer,
      source: 'terminal',
      topics,
      transport: this.#line,
      upload: this.world.upload,
      clock: this.clock,
      ids: randomIds,
    }
    const outbox = openOutbox({ ...parts, limits: { inFlight: 20 } })
    void outbox.start()
    return outbox
  }
}

/** Dice that fall the same way for the same seed. */
function diceOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test('whatever happens, once the line is good every event is stored once and the books are true', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), fc.nat(), async (steps, seed) => {
      const house = new Household(diceOf(seed))
      try {
        for (const one of steps) await house.run(one)
        await checkAtRest(house)
      } finally {
        await house.close()
      }
    }),
    { numRuns: Number(process.env.TEST_RUNS ?? 60) },
  )
}, 600_000)

async function checkAtRest(house: Household): Promise<void> {
  const { world, outbox, clock } = house
  world.faults = noFaults
  const before = world.sends.length
  await clock.advance(2 * HOUR)
  house.append(1)
  await clock.advance(HOUR)
  const { ledger, sends } = world

  expect(house.appended.filter((id) => !ledger.stored.has(id) && !house.excused.has(id))).toEqual([])
  expect(outbox.depth).toBe(0)
  expect(outbox.health()).toMatchObject({ state: 'ok', figures: { payloads: 0, payloadBytes: 0, payloadsLost: 0 } })
  expect(world.dangling).toEqual([])

  // Nothing goes on and on: a few sends each after the line healed, and then silence.
  const late = Map.groupBy(sends.slice(before), ({ id }) => id)
  expect(Math.max(0, ...[...late.values()].map((times) => times.length))).toBeLessThanOrEqual(3)
  const silent = sends.length
  await clock.advance(2 * HOUR)
  expect(sends.length).toBe(silent)

  // A number stands for one event wherever anyone could see it, and every epoch counts from 1 without a gap.
  const seen = new Map<string, string>()
  for (const { epoch, seq, id } of world.arrivals) {
    expect(seen.get(`${epoch} ${seq}`) ?? id, `${epoch} ${seq}`).toBe(id)
    seen.set(`${epoch} ${seq}`, id)
  }
  const numbered = Map.groupBy(sends, ({ epoch, seq }) => `${epoch} ${seq}`)
  for (const { epoch, seq } of sends) expect(seq === 1 || numbered.has(`${epoch} ${seq - 1}`)).toBe(true)

  // What is missing was numbered and lost, and nothing that anyone knows of is left open.
  for (const epoch of ledger.books.keys()) {
    for (const seq of ledger.missing(epoch)) {
      const lost = numbered.get(`${epoch} ${seq}`)
      expect(
        lost?.every(({ id }) => house.excused.has(id)),
        `${epoch} ${seq} is missing`,
      ).toBe(true)
    }
    expect(ledger.receipt(epoch).settled, 'open gaps').toEqual([])
  }
  expect(world.statuses.at(-1)).toMatchObject({ online: true, epoch: outbox.epoch, outboxDepth: 0 })
}
