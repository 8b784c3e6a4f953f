// The outbox and its promises, one by one, on real files and a line that is told what to do.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeOf, Desk, events } from './outbox.desk.ts'
import { LedgerModel } from './outbox.model.ts'
import { type ManualClock, noFaults, type World } from './outbox.world.ts'

let desk: Desk
let clock: ManualClock
let world: World

beforeEach(() => {
  desk = new Desk()
  ;({ clock, world } = desk)
})

afterEach(() => desk.clear())

const many = (count: number) => events(...Array.from({ length: count }, (_, index) => `e${index + 1}`))
const sentSeqs = () => world.sends.map(({ seq }) => seq)

test('what was appended is sent in order with its number, received, and gone', async () => {
  const { outbox } = await desk.begin()
  outbox.append(events('a', 'b'))
  outbox.append(events('c'))
  expect(outbox.depth).toBe(3)
  await clock.advance(100)
  const { epoch } = outbox
  expect(world.sends).toMatchObject([
    { id: 'a', producer: 'terminal-desk', epoch, seq: 1, summary: 'ls' },
    { id: 'b', producer: 'terminal-desk', epoch, seq: 2 },
    { id: 'c', producer: 'terminal-desk', epoch, seq: 3 },
  ])
  expect(outbox.depth).toBe(0)
  expect(outbox.health()).toMatchObject({ state: 'ok', figures: { depth: 0, unreceipted: 0, lastSeq: 3 } })
})

test('what was appended before start, or without a connection, outlives a power cut', async () => {
  const { outbox } = desk.make()
  outbox.append(events('a', 'b'))
  const { outbox: next } = await desk.begin(desk.image('after.db'))
  expect(next.depth).toBe(2)
  await clock.advance(10_000)
  expect([...world.ledger.stored]).toEqual(['a', 'b'])
})

test('an acknowledgement alone removes nothing', async () => {
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  world.ledger.receive({ id: 'x', epoch: 'elsewhere', seq: 1 })
  outbox.append(events('a'))
  await clock.advance(1_000)
  expect([...world.ledger.stored]).toContain('a')
  expect(outbox.depth).toBe(1)
})

test('a receipt alone removes nothing: an earlier life may have earned it', async () => {
  const { outbox } = await desk.begin()
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

test('few are under way without a receipt, the rest waits on disk', async () => {
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(many(1_200))
  await clock.advance(1_000)
  expect(sentSeqs()).toEqual(Array.from({ length: 64 }, (_, index) => index + 1))
  world.faults = noFaults
  world.restart(world.ledger)
  await clock.advance(1_000)
  expect(sentSeqs()).toHaveLength(1_200)
  expect(outbox.depth).toBe(0)
})

test('a line that acknowledges what is stored has a thousand under way', async () => {
  const line = world.connect()
  const outbox = desk.open({ publish: line.publish, subscribe: line.subscribe })
  world.faults = { ...noFaults, receiptLost: 1 }
  await outbox.start()
  outbox.append(many(1_200))
  await clock.advance(1_000)
  expect(sentSeqs()).toHaveLength(1_000)
  expect(outbox.health().figures).toMatchObject({ unreceipted: 1_000, window: 1_000 })
  await desk.end({ outbox, line })
})

test('when the house says that it has lost what waited for it, all that has no receipt is sent again', async () => {
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a', 'b'))
  await clock.advance(1_000)
  world.faults = noFaults
  world.say(desk.topics.command('resend'), { reason: 'session lost' })
  world.say(desk.topics.command('resend'), { reason: 'session lost' })
  await clock.advance(1_200)
  expect(sentSeqs()).toEqual([1, 2, 1, 2])
  expect(outbox.depth).toBe(0)
})

test('who asks for what has no receipt every millisecond gets it every ten seconds', async () => {
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(events('a'))
  await clock.advance(100)
  for (let n = 0; n < 15_000; n++) {
    world.say(desk.topics.command('resend'), {})
    await clock.advance(1)
  }
  await clock.advance(10_000)
  expect(sentSeqs().length).toBeLessThanOrEqual(4)
  expect(sentSeqs().length).toBeGreaterThanOrEqual(3)
})

test('health counts how often the broker had forgotten us while something had no receipt', async () => {
  const { outbox, line } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(events('a'))
  await clock.advance(100)
  line.reconnect(true)
  await clock.advance(10)
  expect(outbox.health().figures).toMatchObject({ lostSessions: 0 })
  line.reconnect(false)
  await clock.advance(10)
  expect(outbox.health().figures).toMatchObject({ lostSessions: 1 })
})

test('what the broker has had once is gone with its receipt, though it was to be sent again', async () => {
  const { outbox, line } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(many(100))
  await clock.advance(1_000)
  line.reconnect(false)
  await clock.advance(2)
  world.faults = noFaults
  world.restart(world.ledger)
  await clock.advance(1_000)
  expect(outbox.depth).toBe(0)
  expect(sentSeqs()).toHaveLength(100 + 20)
})

test('no more bytes than allowed are handed to the transport at a time', async () => {
  const { outbox } = await desk.begin(desk.file, { inFlightBytes: 1_000 })
  outbox.append(many(30))
  await clock.advance(4)
  expect(world.sends.length).toBeLessThan(10)
  await clock.advance(1_000)
  expect(outbox.depth).toBe(0)
})

test('a gap is filled at once', async () => {
  const { outbox } = await desk.begin()
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
  const { outbox } = await desk.begin()
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
  const { outbox, line } = await desk.begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a', 'b'))
  await clock.advance(1_000)
  world.faults = noFaults
  const before = world.statuses.length
  line.reconnect(false)
  await clock.advance(100)
  expect(sentSeqs()).toEqual([1, 2, 1, 2])
  expect(world.statuses.length).toBe(before + 1)
  expect(outbox.depth).toBe(0)
})

test('on a new connection of a kept session only what was unanswered is sent again, at once', async () => {
  const { outbox, line } = await desk.begin()
  world.faults = { ...noFaults, swallowed: 1 }
  outbox.append(events('a', 'b'))
  await clock.advance(1_000)
  outbox.append(events('c'))
  await clock.advance(1)
  line.reconnect(true)
  await clock.advance(100)
  expect(sentSeqs()).toEqual([1, 2, 3, 3])
})

test('while the broker refuses it is tried again with growing pauses, and health says so', async () => {
  const { outbox } = await desk.begin()
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
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, lost: 1 }
  outbox.append(events('a'))
  await clock.advance(10_000)
  world.faults = noFaults
  clock.setBack(86_400_000)
  await clock.advance(60_000)
  expect(outbox.depth).toBe(0)
})

test('the status tells who and where, before anything is sent, and at the end that it is over', async () => {
  const first = desk.make()
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
  await desk.end(first)
  expect(world.statuses.at(-1)).toMatchObject({ online: false, oldestSeq: 3, lastSeq: 2, outboxDepth: 0 })
})

test('numbers alone are told at most every ten seconds', async () => {
  const { outbox } = await desk.begin()
  for (let second = 0; second < 60; second++) {
    outbox.append(events(`e${second}`))
    await clock.advance(1_000)
  }
  expect(world.statuses.length).toBeLessThanOrEqual(7)
  expect(world.statuses.length).toBeGreaterThanOrEqual(6)
})

test('what no pipeline could settle is refused, and with it the whole batch', () => {
  const { outbox } = desk.make()
  const [good] = events('a')
  if (!good) throw new Error('no event')
  expect(codeOf(() => outbox.append([good, { ...good, type: 'Not/a word' }]))).toBe('topic_invalid')
  expect(codeOf(() => outbox.append([good, { ...good, data: { text: 'x'.repeat(300_000) } }]))).toBe('too_large')
  expect(outbox.depth).toBe(0)
})

test('at the quota it refuses, keeps none of the batch, and takes again when there is room', async () => {
  const { outbox } = await desk.begin(desk.file, { bytes: 300_000 })
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
  const { outbox } = desk.make()
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
