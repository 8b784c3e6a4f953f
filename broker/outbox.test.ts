// The outbox and its promises, one by one, on real files and a line that is told what to do.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomIds } from '../component.ts'
import { asDaybookError, type ErrorCode } from '../schemas/errors.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { LedgerModel } from './outbox.model.ts'
import { type Outbox, openOutbox, type outboxLimits } from './outbox.ts'
import { type Line, ManualClock, noFaults, World } from './outbox.world.ts'

const topics = topicsUnder('daybook')
const producer = 'terminal-desk'
let folder: string
let file: string
let clock: ManualClock
let world: World
let open: { outbox: Outbox; line: Line }[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-'))
  file = join(folder, 'outbox.db')
  clock = new ManualClock()
  world = new World(clock, topics, producer)
  open = []
})

afterEach(async () => {
  for (const one of open) await end(one)
  rmSync(folder, { recursive: true })
})

interface Running {
  outbox: Outbox
  line: Line
}

function make(at = file, limits: Partial<typeof outboxLimits> = {}, line = world.connect()): Running {
  const about = { source: 'terminal', version: '1.0.0', timeZone: 'Europe/Berlin' }
  const outbox = openOutbox({ file: at, producer, topics, transport: line, clock, ids: randomIds, limits, ...about })
  open.push({ outbox, line })
  return { outbox, line }
}

async function begin(at = file, limits: Partial<typeof outboxLimits> = {}): Promise<Running> {
  const made = make(at, limits)
  await made.outbox.start()
  return made
}

async function end({ outbox, line }: Running): Promise<void> {
  const stopped = outbox.stop()
  await clock.advance(3_000)
  await stopped
  line.cut()
}

/** The file as a power cut would leave it now. */
function image(name: string): string {
  const path = join(folder, name)
  for (const tail of ['', '-wal']) if (existsSync(file + tail)) copyFileSync(file + tail, path + tail)
  return path
}

const events = (...ids: string[]) =>
  ids.map((id) => ({ id, source: 'terminal', type: 'command', summary: 'ls', timestamp: 1_700_000_000_000 }))
const many = (count: number, name = 'e') =>
  events(...Array.from({ length: count }, (_, index) => `${name}${index + 1}`))
const sentSeqs = () => world.sends.map(({ seq }) => seq)

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return asDaybookError(error).code
  }
}

test('what was appended is sent in order with its number, received, and gone', async () => {
  const { outbox } = await begin()
  outbox.append(events('a', 'b'))
  outbox.append(events('c'))
  expect(outbox.depth).toBe(3)
  await clock.advance(100)
  const { epoch } = outbox
  expect(world.sends).toMatchObject([
    { id: 'a', producer, epoch, seq: 1, summary: 'ls' },
    { id: 'b', producer, epoch, seq: 2 },
    { id: 'c', producer, epoch, seq: 3 },
  ])
  expect(outbox.depth).toBe(0)
  expect(outbox.health()).toMatchObject({ state: 'ok', figures: { depth: 0, unreceipted: 0, lastSeq: 3 } })
})

test('what was appended before start, or without a connection, outlives a power cut', async () => {
  const { outbox } = make()
  outbox.append(events('a', 'b'))
  const { outbox: next } = await begin(image('after.db'))
  expect(next.depth).toBe(2)
  await clock.advance(10_000)
  expect([...world.ledger.stored]).toEqual(['a', 'b'])
})

test('an acknowledgement alone removes nothing', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  world.ledger.receive({ id: 'x', epoch: 'elsewhere', seq: 1 })
  outbox.append(events('a'))
  await clock.advance(1_000)
  expect([...world.ledger.stored]).toContain('a')
  expect(outbox.depth).toBe(1)
})

test('a receipt alone removes nothing: an earlier life may have earned it', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, lost: 1 }
  outbox.append(events('a'))
  await clock.advance(500)
  world.restart(withNumbers(outbox.epoch, [1]))
  await clock.advance(100)
  expect(outbox.depth).toBe(1)
  world.faults = noFaults
  await clock.advance(60_000)
  expect([...world.ledger.stored]).toContain('a')
  expect(outbox.depth).toBe(0)
})

test('at most a thousand are under way without a receipt, the rest waits on disk', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(many(1_200))
  await clock.advance(1_000)
  expect(sentSeqs()).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1))
  world.faults = noFaults
  world.restart(world.ledger)
  await clock.advance(1_000)
  expect(sentSeqs()).toHaveLength(1_200)
  expect(outbox.depth).toBe(0)
})

test('no more bytes than allowed are handed to the transport at a time', async () => {
  const { outbox } = await begin(file, { inFlightBytes: 1_000 })
  outbox.append(many(30))
  await clock.advance(4)
  expect(world.sends.length).toBeLessThan(10)
  await clock.advance(1_000)
  expect(outbox.depth).toBe(0)
})

test('a gap is filled at once', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a'))
  await clock.advance(100)
  world.faults = noFaults
  outbox.append(events('b'))
  await clock.advance(100)
  expect(sentSeqs()).toEqual([1, 2, 1])
  expect(outbox.depth).toBe(0)
})

test('in silence the oldest alone asks again, after 30 seconds, a minute and so on', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a', 'b', 'c'))
  await clock.advance(29_000)
  expect(sentSeqs()).toEqual([1, 2, 3])
  await clock.advance(2_000)
  expect(sentSeqs()).toEqual([1, 2, 3, 1])
  await clock.advance(60_000)
  expect(sentSeqs()).toEqual([1, 2, 3, 1, 1])
  await clock.advance(3_600_000)
  expect(world.sends.length).toBeLessThan(16)
  world.faults = noFaults
  await clock.advance(600_000)
  expect(sentSeqs().slice(-3)).toEqual([1, 2, 3])
  expect(outbox.depth).toBe(0)
})

test('after a lost session everything unreceipted is sent again, behind the status', async () => {
  const { outbox, line } = await begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a', 'b'))
  await clock.advance(1_000)
  world.faults = noFaults
  const before = world.statuses.length
  line.loseSession()
  await clock.advance(100)
  expect(sentSeqs()).toEqual([1, 2, 1, 2])
  expect(world.statuses.length).toBe(before + 1)
  expect(outbox.depth).toBe(0)
})

test('while the broker refuses it is tried again with growing pauses, and health says so', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, lost: 1 }
  outbox.append(events('a'))
  await clock.advance(300_000)
  expect(outbox.health()).toMatchObject({ state: 'degraded', code: 'bus_unavailable' })
  expect(world.sends.length).toBeGreaterThan(5)
  expect(world.sends.length).toBeLessThan(20)
  world.faults = noFaults
  await clock.advance(40_000)
  expect(outbox.health().state).toBe('ok')
  expect(outbox.depth).toBe(0)
})

test('a clock that is set back stops nothing', async () => {
  const { outbox } = await begin()
  world.faults = { ...noFaults, lost: 1 }
  outbox.append(events('a'))
  await clock.advance(10_000)
  world.faults = noFaults
  clock.setBack(86_400_000)
  await clock.advance(60_000)
  expect(outbox.depth).toBe(0)
})

test('a restart counts on in the same epoch', async () => {
  const first = await begin()
  first.outbox.append(events('a', 'b'))
  await clock.advance(100)
  await end(first)
  const { outbox } = await begin()
  outbox.append(events('c'))
  await clock.advance(100)
  expect(world.sends.map(({ epoch, seq }) => [epoch, seq])).toEqual([1, 2, 3].map((seq) => [first.outbox.epoch, seq]))
})

test('a deleted file begins a new epoch, and what was stored is not missed', async () => {
  const first = await begin()
  first.outbox.append(events('a', 'b'))
  await clock.advance(100)
  await end(first)
  for (const tail of ['', '-wal']) rmSync(file + tail, { force: true })
  const { outbox } = await begin()
  outbox.append(events('c'))
  await clock.advance(100)
  expect(outbox.epoch).not.toBe(first.outbox.epoch)
  expect(world.sends.at(-1)).toMatchObject({ id: 'c', seq: 1, epoch: outbox.epoch })
  expect([...world.ledger.books.keys()].flatMap((epoch) => world.ledger.missing(epoch))).toEqual([])
})

test('a restored file sends what it holds under its old numbers, and counts on in a new epoch', async () => {
  const first = await begin()
  first.outbox.append(events('a', 'b'))
  const copy = image('copy.db')
  await clock.advance(100)
  first.outbox.append(events('c', 'd'))
  await clock.advance(100)
  await end(first)
  const { outbox } = await begin(copy)
  outbox.append(events('e', 'f'))
  await clock.advance(60_000)
  const { epoch } = first.outbox
  expect(world.sends.slice(4).map(({ id, seq }) => [id, seq])).toEqual([
    ['a', 1],
    ['b', 2],
    ['e', 1],
    ['f', 2],
  ])
  expect(world.sends.slice(4).map((sent) => sent.epoch)).toEqual([epoch, epoch, outbox.epoch, outbox.epoch])
  expect(outbox.epoch).not.toBe(epoch)
  expect(outbox.depth).toBe(0)
  expect([epoch, outbox.epoch].flatMap((one) => world.ledger.missing(one))).toEqual([])
})

test.each(['with', 'without'])(
  'what another life numbered and lost is booked missing, %s entries to send',
  async (held) => {
    const first = await begin()
    first.outbox.append(events('a'))
    if (held === 'without') await clock.advance(100)
    const copy = image('copy.db')
    await clock.advance(100)
    world.faults = { ...noFaults, swallowed: 1 }
    first.outbox.append(events('b', 'c'))
    await clock.advance(100)
    world.faults = noFaults
    first.outbox.append(events('d'))
    await clock.advance(6)
    first.line.cut()
    await end(first)
    const { outbox } = await begin(copy)
    outbox.append(events('e'))
    await clock.advance(60_000)
    expect(world.ledger.missing(first.outbox.epoch)).toEqual([2, 3])
    expect(world.ledger.receipt(first.outbox.epoch)).toMatchObject({ upTo: 4, settled: [] })
    expect(world.statuses.at(-1)).toMatchObject({ epoch: outbox.epoch, oldestSeq: 2, lastSeq: 1 })
  },
)

test('without any receipt a file that was used before counts on in a new epoch after five seconds', async () => {
  const first = make()
  first.outbox.append(events('a'))
  await end(first)
  world.faults = { ...noFaults, swallowed: 1 }
  const { outbox } = await begin()
  outbox.append(events('b'))
  await clock.advance(4_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  await clock.advance(2_000)
  expect(world.sends.at(-1)).toMatchObject({ id: 'b', seq: 1, epoch: outbox.epoch })
  expect(outbox.epoch).not.toBe(first.outbox.epoch)
})

test('a pipeline restored from a backup makes nothing be sent for ever, and what it forgot is missing', async () => {
  const { outbox } = await begin()
  outbox.append(events('a'))
  await clock.advance(100)
  const backup = new LedgerModel(world.ledger)
  outbox.append(events('b', 'c'))
  await clock.advance(100)
  world.restart(backup)
  outbox.append(events('d'))
  await clock.advance(60_000)
  expect(sentSeqs()).toEqual([1, 2, 3, 4])
  expect(world.ledger.missing(outbox.epoch)).toEqual([2, 3])
  expect(world.ledger.receipt(outbox.epoch)).toMatchObject({ upTo: 4, settled: [] })
})

test('the status tells who and where, before anything is sent, and at the end that it is over', async () => {
  const first = make()
  first.outbox.append(events('a', 'b'))
  first.outbox.report({ state: 'failed', code: 'home_assistant_auth' })
  await first.outbox.start()
  await clock.advance(50)
  expect(world.statuses).toMatchObject([
    {
      online: true,
      version: '1.0.0',
      source: 'terminal',
      timeZone: 'Europe/Berlin',
      epoch: first.outbox.epoch,
      oldestSeq: 1,
      lastSeq: 2,
      outboxDepth: 2,
      health: 'home_assistant_auth',
    },
  ])
  await end(first)
  expect(world.statuses.at(-1)).toMatchObject({ online: false, oldestSeq: 3, lastSeq: 2, outboxDepth: 0 })
})

test('numbers alone are told at most every ten seconds', async () => {
  const { outbox } = await begin()
  for (let second = 0; second < 60; second++) {
    outbox.append(events(`e${second}`))
    await clock.advance(1_000)
  }
  expect(world.statuses.length).toBeLessThanOrEqual(7)
  expect(world.statuses.length).toBeGreaterThanOrEqual(6)
})

test('what no pipeline could settle is refused, and with it the whole batch', () => {
  const { outbox } = make()
  const [good] = events('a')
  if (!good) throw new Error('no event')
  expect(codeOf(() => outbox.append([good, { ...good, type: 'Not/a word' }]))).toBe('topic_invalid')
  expect(codeOf(() => outbox.append([good, { ...good, data: { text: 'x'.repeat(300_000) } }]))).toBe('too_large')
  expect(outbox.depth).toBe(0)
})

test('at the quota it refuses, keeps none of the batch, and takes again when there is room', async () => {
  const { outbox } = await begin(file, { bytes: 300_000 })
  world.faults = { ...noFaults, lost: 1 }
  const big = (id: string) => events(id).map((event) => ({ ...event, data: { text: 'x'.repeat(10_000) } }))
  let kept = 0
  while (codeOf(() => outbox.append([...big(`a${kept}`), ...big(`b${kept}`)])) !== 'outbox_full') kept++
  expect(kept).toBeGreaterThan(5)
  expect(outbox.depth).toBe(kept * 2)
  expect(outbox.health()).toMatchObject({ state: 'degraded', code: 'outbox_full' })
  world.faults = noFaults
  await clock.advance(60_000)
  expect(outbox.health().state).toBe('ok')
  outbox.append(big('c'))
  await clock.advance(100)
  expect(outbox.depth).toBe(0)
  expect(world.ledger.stored.size).toBe(kept * 2 + 1)
})

test('stop is safe before start and twice, and ends appending', async () => {
  const { outbox } = make()
  await outbox.stop()
  await outbox.stop()
  expect(outbox.health().state).toBe('stopped')
  expect(codeOf(() => outbox.append(events('a')))).toBe('shutting_down')
})

function withNumbers(epoch: string, seqs: number[]): LedgerModel {
  const ledger = new LedgerModel()
  for (const seq of seqs) ledger.receive({ id: `other ${seq}`, epoch, seq })
  return ledger
}
