// Objects first: what refers to a payload is published when the payload is in the store, whatever becomes of the line.
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { attach, codeOf, Desk, events, idOf, withPayloads } from './outbox.desk.ts'
import type { Outbox } from './outbox.ts'
import { type ManualClock, noFaults, settle, type World } from './outbox.world.ts'

const HOUR = 3_600_000

let desk: Desk
let clock: ManualClock
let world: World

beforeEach(() => {
  desk = new Desk()
  ;({ clock, world } = desk)
})

afterEach(() => desk.clear())

/** Where a send stands before the put of a payload it refers to. */
function early(): string[] {
  const put = new Set<string>()
  const sent = new Map(world.sends.map((event) => [event.id, event.attachments ?? []]))
  return world.trail.filter((line) => {
    const [what, id = ''] = line.split(' ')
    if (what === 'put') put.add(id)
    return what === 'send' && sent.get(id)?.some((ref) => !put.has(ref.id))
  })
}

test('an empty payload is one too', async () => {
  const { outbox } = await desk.begin()
  outbox.append(withPayloads('a', outbox.attach(new Uint8Array(), { mediaType: 'image/png' })))
  await clock.advance(100)
  expect(world.dangling).toEqual([])
  expect(outbox.depth).toBe(0)
})

test('a week offline: every payload is in the store before what refers to it is published, in the order of emission', async () => {
  world.faults = { ...noFaults, lost: 1 }
  world.uploadError = new DaybookError('bus_unavailable')
  const ids: string[] = []
  /** Every tenth event has a payload, every hundredth one that others have too. */
  const refsOf = (outbox: Outbox, n: number) => {
    if (n % 10 !== 0) return []
    return [attach(outbox, n % 100 === 0 ? 'of many' : `payload ${n}`)]
  }
  for (const day of [1, 2, 3, 4, 5, 6, 7]) {
    const running = await desk.begin()
    const today = Array.from({ length: 300 }, (_, n) => (day - 1) * 300 + n)
    ids.push(...today.map((n) => `e${n}`))
    running.outbox.append(today.flatMap((n) => withPayloads(`e${n}`, ...refsOf(running.outbox, n))))
    await clock.advance(60_000)
    expect(running.outbox.health().figures).toMatchObject({ depth: day * 300, payloads: day * 27 + 1 })
    await desk.end(running)
    await clock.advance(24 * HOUR)
  }
  world.sends.length = 0
  world.trail.length = 0

  const { outbox } = await desk.begin()
  world.uploadError = undefined
  world.faults = noFaults
  await clock.advance(60_000)
  expect(outbox.depth).toBe(0)
  expect(world.sends.map(({ id }) => id)).toEqual(ids)
  expect(early()).toEqual([])
  expect(world.dangling).toEqual([])
  expect(world.trail.filter((line) => line.startsWith('put'))).toHaveLength(190)
  expect(world.trail.filter((line) => line === `put ${idOf('of many')}`)).toHaveLength(1)
  await clock.advance(2 * HOUR)
  expect(readdirSync(`${desk.file}.payloads`)).toEqual([])
  expect(outbox.health()).toMatchObject({ state: 'ok', figures: { payloads: 0, payloadBytes: 0, payloadsLost: 0 } })
})

test('what stands behind a payload on its way waits, and nothing overtakes', async () => {
  const { outbox } = await desk.begin()
  world.uploadError = new DaybookError('objects_unavailable')
  outbox.append(events('a'))
  outbox.append(withPayloads('b', attach(outbox, 'picture')))
  outbox.append(events('c'))
  await clock.advance(600_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  expect(outbox.depth).toBe(2)
  expect(outbox.health()).toMatchObject({ state: 'degraded', code: 'objects_unavailable' })
  expect(world.statuses.at(-1)).toMatchObject({ outboxDepth: 2, health: 'objects_unavailable' })
  world.uploadError = undefined
  await clock.advance(40_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(outbox.health().state).toBe('ok')
  expect(world.statuses.at(-1)).toMatchObject({ outboxDepth: 0, health: 'ok' })
})

test('while the store is away it is asked with growing pauses', async () => {
  let asked = 0
  const { outbox } = await desk.begin(desk.file, {}, async () => {
    asked++
    throw new DaybookError('bus_unavailable')
  })
  outbox.append(withPayloads('a', attach(outbox, 'picture')))
  await clock.advance(HOUR)
  expect(asked).toBeGreaterThan(60)
  expect(asked).toBeLessThan(150)
})

test('four uploads run at once, those needed first before the others', async () => {
  const open: { id: string; done: () => void }[] = []
  const { outbox } = await desk.begin(desk.file, {}, (payload) => {
    const { promise, resolve } = Promise.withResolvers<ContentRef>()
    const { id, size, mediaType } = payload
    open.push({ id, done: () => resolve({ storage: 'fs', id, size, mediaType }) })
    return promise
  })
  const texts = Array.from({ length: 10 }, (_, index) => `payload ${index}`)
  for (const text of texts) outbox.append(withPayloads(text.replace(' ', '-'), attach(outbox, text)))
  await clock.advance(100)
  expect(open.map(({ id }) => id)).toEqual(texts.slice(0, 4).map(idOf))
  open[1]?.done()
  await clock.advance(100)
  expect(open.map(({ id }) => id)).toEqual(texts.slice(0, 5).map(idOf))
  expect(world.sends).toEqual([])
  for (let n = 0; n < open.length; n++) {
    open[n]?.done()
    await clock.advance(100)
  }
  expect(world.sends.map(({ id }) => id)).toEqual(texts.map((text) => text.replace(' ', '-')))
  expect(outbox.depth).toBe(0)
})

test('a reference says where its payload went, and as what', async () => {
  const { outbox } = await desk.begin(desk.file, {}, async ({ size }) => ({
    storage: 'postgres',
    id: idOf('without its secret'),
    size: size - 1,
  }))
  const picture = { storage: 'frigate' as const, id: '1700000000.1-abc:snapshot', name: 'snapshot' }
  const [event] = withPayloads('a', attach(outbox, 'picture'), picture)
  if (!event) throw new Error('no event')
  outbox.append([{ ...event, contentRef: attach(outbox, 'picture') }])
  await clock.advance(100)
  const there = {
    storage: 'postgres',
    id: idOf('without its secret'),
    size: 6,
    mediaType: 'text/plain',
    name: 'picture',
  }
  expect(world.sends[0]).toMatchObject({ contentRef: there, attachments: [there, picture] })
})

test('what is sent again within the hour needs no upload, a day later it does', async () => {
  const { outbox, line } = await desk.begin()
  world.faults = { ...noFaults, receiptLost: 1 }
  outbox.append(withPayloads('a', attach(outbox, 'picture')))
  await clock.advance(50 * 60_000)
  line.reconnect(false)
  await clock.advance(1_000)
  const puts = () => world.trail.filter((one) => one.startsWith('put')).length
  expect(puts()).toBe(1)
  expect(world.sends.length).toBeGreaterThan(1)

  world.faults = { ...noFaults, lost: 1 }
  world.uploadError = new DaybookError('bus_unavailable')
  await clock.advance(24 * HOUR)
  world.trail.length = 0
  world.faults = noFaults
  world.uploadError = undefined
  await clock.advance(60_000)
  expect(world.trail.slice(0, 2)).toEqual([`put ${idOf('picture')}`, 'send a'])
  expect(outbox.depth).toBe(0)
  expect(world.dangling).toEqual([])
})

test('a payload that the store never takes is given up; one that it could take is not', async () => {
  const { outbox } = await desk.begin()
  world.uploadError = new DaybookError('internal', 'something')
  outbox.append(withPayloads('a', attach(outbox, 'picture')))
  await clock.advance(1_000)
  await expect.poll(() => outbox.health().code).toBe('internal')
  expect(world.sends).toEqual([])
  world.uploadError = new DaybookError('too_large')
  await clock.advance(60_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  expect(outbox.health().figures).toMatchObject({ payloadsLost: 1 })
  expect(outbox.depth).toBe(0)
})

test('one that fails for ever, nobody knows why, is given up; where a person must act it waits', async () => {
  const failing = async (error: DaybookError) => {
    let asked = 0
    const { outbox } = await desk.begin(`${desk.file}-${error.code}`, {}, async () => {
      asked++
      throw error
    })
    outbox.append(withPayloads(error.code, attach(outbox, 'picture')))
    outbox.append(events(`after ${error.code}`))
    // Whether the bytes are well is looked at on the disk after each failure, which this clock does not wait for.
    const isOver = async () => {
      await clock.advance(30_000)
      return asked > 30 || outbox.depth === 0
    }
    await expect.poll(isOver, { interval: 5, timeout: 10_000 }).toBe(true)
    return { outbox, asked }
  }
  expect((await failing(new DaybookError('objects_refused'))).outbox.depth).toBe(2)
  const { outbox, asked } = await failing(new DaybookError('internal'))
  expect(asked).toBe(20)
  expect(world.sends.map(({ id }) => id)).toEqual(['internal', 'after internal'])
  expect(outbox.health().figures).toMatchObject({ payloadsLost: 1 })
})

test('what the pipeline misses is uploaded once more while it is still here', async () => {
  const { outbox } = await desk.begin()
  const ref = attach(outbox, 'picture')
  outbox.append(withPayloads('a', ref))
  await clock.advance(1_000)
  expect(outbox.depth).toBe(0)
  world.miss(ref.id)
  world.miss(idOf('never seen'))
  await clock.advance(100)
  expect([...world.store.keys()]).toEqual([ref.id])
  await clock.advance(2 * HOUR)
  world.miss(ref.id)
  await clock.advance(100)
  expect(world.store.size).toBe(0)
  expect(outbox.health().state).toBe('ok')
})

test('without a way to the store, what refers to payloads waits, also through a restart', async () => {
  const first = await desk.begin(desk.file, {}, null)
  first.outbox.append(events('a'))
  first.outbox.append(withPayloads('b', attach(first.outbox, 'picture')))
  await clock.advance(HOUR)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  await desk.end(first)
  const { outbox } = await desk.begin()
  await clock.advance(10_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(outbox.depth).toBe(0)
})

test('stop ends uploads, and what they were for is sent by the next life', async () => {
  let ended = false
  const first = await desk.begin(desk.file, {}, async ({ open }, signal) => {
    try {
      for await (const _ of open(signal)) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    } finally {
      ended = true
    }
    throw new DaybookError('shutting_down')
  })
  first.outbox.append(withPayloads('a', attach(first.outbox, 'picture')))
  await clock.advance(100)
  await settle()
  await desk.end(first)
  expect(ended).toBe(true)
  expect(codeOf(() => attach(first.outbox, 'late'))).toBe('shutting_down')
  const { outbox } = await desk.begin()
  await clock.advance(10_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  expect(outbox.depth).toBe(0)
})

test('a large payload is read as a stream, as often as asked', async () => {
  const bytes = randomBytes(3_000_000)
  const reads: string[] = []
  const { outbox } = await desk.begin(desk.file, {}, async ({ id, size, mediaType, open }, signal) => {
    for (let round = 0; round < 2; round++) {
      const hash = createHash('sha256')
      for await (const chunk of open(signal)) hash.update(chunk)
      reads.push(hash.digest('hex'))
    }
    return { storage: 'fs', id, size, mediaType }
  })
  const ref = outbox.attach(bytes, { mediaType: 'video/mp4' })
  outbox.append(withPayloads('a', ref))
  await clock.advance(100)
  await expect.poll(() => reads).toEqual([ref.id, ref.id])
  await clock.advance(100)
  await expect.poll(() => world.sends.length).toBe(1)
})
