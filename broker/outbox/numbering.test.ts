// The lives of an outbox file: restarted, deleted, restored from a copy. A number stands for one event in all of them.
import { rmSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Desk, events } from './outbox.desk.ts'
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

const sentSeqs = () => world.sends.map(({ seq }) => seq)

test('a restart counts on in the same epoch', async () => {
  const first = await desk.begin()
  first.outbox.append(events('a', 'b'))
  await clock.advance(100)
  await desk.end(first)
  const { outbox } = await desk.begin()
  outbox.append(events('c'))
  await clock.advance(100)
  expect(world.sends.map(({ epoch, seq }) => [epoch, seq])).toEqual([1, 2, 3].map((seq) => [first.outbox.epoch, seq]))
})

test('a deleted file begins a new epoch, and what was stored is not missed', async () => {
  const first = await desk.begin()
  first.outbox.append(events('a', 'b'))
  await clock.advance(100)
  await desk.end(first)
  for (const tail of ['', '-wal']) rmSync(desk.file + tail, { force: true })
  const { outbox } = await desk.begin()
  outbox.append(events('c'))
  await clock.advance(100)
  expect(outbox.epoch).not.toBe(first.outbox.epoch)
  expect(world.sends.at(-1)).toMatchObject({ id: 'c', seq: 1, epoch: outbox.epoch })
  expect([...world.ledger.books.keys()].flatMap((epoch) => world.ledger.missing(epoch))).toEqual([])
})

test('a restored file sends what it holds under its old numbers, and counts on in a new epoch', async () => {
  const first = await desk.begin()
  first.outbox.append(events('a', 'b'))
  const copy = desk.image('copy.db')
  await clock.advance(100)
  first.outbox.append(events('c', 'd'))
  await clock.advance(100)
  await desk.end(first)
  const { outbox } = await desk.begin(copy)
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
    const first = await desk.begin()
    first.outbox.append(events('a'))
    if (held === 'without') await clock.advance(100)
    const copy = desk.image('copy.db')
    await clock.advance(100)
    world.faults = { ...noFaults, swallowed: 1 }
    first.outbox.append(events('b', 'c'))
    await clock.advance(100)
    world.faults = noFaults
    first.outbox.append(events('d'))
    await clock.advance(6)
    first.line.cut()
    await desk.end(first)
    const { outbox } = await desk.begin(copy)
    outbox.append(events('e'))
    await clock.advance(60_000)
    expect(world.ledger.missing(first.outbox.epoch)).toEqual([2, 3])
    expect(world.ledger.receipt(first.outbox.epoch)).toMatchObject({ upTo: 4, settled: [] })
    expect(world.statuses.at(-1)).toMatchObject({ epoch: outbox.epoch, oldestSeq: 2, lastSeq: 1 })
  },
)

test('without any receipt a file that was used before counts on in a new epoch after five seconds', async () => {
  const first = desk.make()
  first.outbox.append(events('a'))
  await desk.end(first)
  world.faults = { ...noFaults, swallowed: 1 }
  const { outbox } = await desk.begin()
  outbox.append(events('b'))
  await clock.advance(4_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  await clock.advance(2_000)
  expect(world.sends.at(-1)).toMatchObject({ id: 'b', seq: 1, epoch: outbox.epoch })
  expect(outbox.epoch).not.toBe(first.outbox.epoch)
})

test('a file that never numbered anything does not wait for a receipt', async () => {
  await desk.end(await desk.begin())
  const { outbox } = await desk.begin()
  outbox.append(events('a'))
  await clock.advance(100)
  expect(outbox.depth).toBe(0)
})

test('a pipeline restored from a backup makes nothing be sent for ever, and what it forgot is missing', async () => {
  const { outbox } = await desk.begin()
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

test('the gaps of an outbox that is gone are closed, though its successor crashes before anyone has heard it', async () => {
  const gone = new LedgerModel()
  gone.receive({ id: 'a', epoch: 'gone', seq: 2 })
  world.restart(gone)
  world.faults = { ...noFaults, swallowed: 1 }
  const { outbox } = await desk.begin()
  await clock.advance(100)
  world.faults = noFaults
  outbox.append(events('b'))
  await clock.advance(50)
  expect(gone.missing('gone')).toEqual([])
  await desk.begin(desk.image('after.db'))
  await clock.advance(1_000)
  expect(gone.missing('gone')).toEqual([1])
  expect(gone.receipt('gone')).toMatchObject({ upTo: 2, settled: [] })
})
