// Payloads beside the outbox, on real files: kept until they have served, and never behind what refers to them.
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { asDaybookError, DaybookError, type ErrorCode } from '../../schemas/errors.ts'
import { Desk, events } from './outbox.desk.ts'
import type { Outbox } from './outbox.ts'
import { type ManualClock, noFaults, settle, type World } from './outbox.world.ts'

const HOUR = 3_600_000

let desk: Desk
let clock: ManualClock
let world: World
let folder: string

beforeEach(() => {
  desk = new Desk()
  ;({ clock, world } = desk)
  folder = `${desk.file}.payloads`
})

afterEach(() => desk.clear())

const attach = (outbox: Outbox, text: string) =>
  outbox.attach(Buffer.from(text), { mediaType: 'text/plain', name: text.slice(0, 40) })
const idOf = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
/** An event that refers to payloads; with none it is as any other. */
const withPayloads = (id: string, ...refs: ContentRef[]) =>
  events(id).map((event) => ({ ...event, attachments: refs.map((ref) => ({ ...ref, name: ref.name ?? 'payload' })) }))
const files = () => readdirSync(folder).sort()

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return asDaybookError(error).code
  }
}

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

test('a payload is a file of its owner, named by its hash; the same bytes are kept once', () => {
  const { outbox } = desk.make()
  const ref = attach(outbox, 'hello')
  expect(ref).toEqual({ storage: 'fs', id: idOf('hello'), size: 5, mediaType: 'text/plain', name: 'hello' })
  expect(outbox.attach(Buffer.from('hello'), { mediaType: 'text/x-other' })).toMatchObject({ id: ref.id })
  expect(files()).toEqual([ref.id])
  expect(readFileSync(join(folder, ref.id), 'utf8')).toBe('hello')
  expect(statSync(folder).mode & 0o777).toBe(0o700)
  expect(statSync(join(folder, ref.id)).mode & 0o777).toBe(0o600)
  expect(outbox.health().figures).toMatchObject({ payloads: 1, payloadBytes: 5, payloadQuota: 2 ** 31 })
})

test('an empty payload is one too', async () => {
  const { outbox } = await desk.begin()
  outbox.append(withPayloads('a', outbox.attach(new Uint8Array(), { mediaType: 'image/png' })))
  await clock.advance(100)
  expect(world.dangling).toEqual([])
  expect(outbox.depth).toBe(0)
})

test('what is too large or described in no known way is refused, and nothing is kept', () => {
  const { outbox } = desk.make(desk.file, { onePayloadBytes: 10 })
  expect(codeOf(() => attach(outbox, 'eleven byte'))).toBe('too_large')
  expect(codeOf(() => outbox.attach(Buffer.from('x'), { mediaType: 'no type' }))).toBe('invalid')
  expect(codeOf(() => outbox.attach(Buffer.from('x'), { mediaType: 'text/plain', name: 'x'.repeat(256) }))).toBe(
    'invalid',
  )
  expect(outbox.health().figures).toMatchObject({ payloads: 0, payloadBytes: 0 })
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
  expect(files()).toEqual([])
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
  world.uploadError = undefined
  await clock.advance(40_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
  expect(outbox.health().state).toBe('ok')
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
  line.loseSession()
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

test('at the quota payloads are refused, events are not, and health says so until there is room', async () => {
  const { outbox } = await desk.begin(desk.file, { payloadBytes: 1_000 })
  world.faults = { ...noFaults, lost: 1 }
  const big = (n: number) => attach(outbox, `${n}`.padEnd(300, '.'))
  for (const n of [1, 2, 3]) outbox.append(withPayloads(`e${n}`, big(n)))
  expect(codeOf(() => big(4))).toBe('outbox_full')
  outbox.append(events('plain'))
  expect(big(1).id).toBe(idOf('1'.padEnd(300, '.')))
  const figures = { payloads: 3, payloadBytes: 900, payloadQuota: 1_000 }
  expect(outbox.health()).toMatchObject({ state: 'degraded', code: 'outbox_full', figures })
  expect(files()).toHaveLength(3)

  // What has served makes room at once, though a repeated reference would have found it for an hour.
  world.faults = noFaults
  await clock.advance(60_000)
  expect(outbox.depth).toBe(0)
  outbox.append(withPayloads('e4', big(4)))
  expect(outbox.health().state).toBe('ok')
  await clock.advance(1_000)
  expect(outbox.depth).toBe(0)
  expect(world.dangling).toEqual([])
})

test('what was attached and never referred to goes after an hour, what is referred to stays', async () => {
  const { outbox } = await desk.begin()
  world.faults = { ...noFaults, lost: 1 }
  attach(outbox, 'idle')
  const used = attach(outbox, 'used')
  outbox.append(withPayloads('a', used))
  await clock.advance(50 * 60_000)
  expect(files()).toHaveLength(2)
  attach(outbox, 'idle')
  await clock.advance(50 * 60_000)
  expect(files()).toHaveLength(2)
  await clock.advance(HOUR)
  expect(files()).toEqual([used.id])
})

test.each([
  ['changed', (path: string) => writeFileSync(path, 'PICTURE')],
  ['cut', (path: string) => writeFileSync(path, 'pict')],
  ['gone', (path: string) => rmSync(path)],
])('a payload whose file is %s holds nothing up, and is whole again once attached again', async (_, damage) => {
  const { outbox } = await desk.begin()
  const ref = attach(outbox, 'picture')
  damage(join(folder, ref.id))
  outbox.append(withPayloads('a', ref))
  outbox.append(withPayloads('b', attach(outbox, 'other')))
  await clock.advance(1_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a', 'b'])
  expect(world.sends[0]?.attachments).toMatchObject([ref])
  expect(world.dangling).toEqual(['a'])
  expect(outbox.health().figures).toMatchObject({ payloadsLost: 1 })

  outbox.append(withPayloads('c', attach(outbox, 'picture')))
  await clock.advance(1_000)
  expect(world.dangling).toEqual(['a'])
  expect(world.store.has(ref.id)).toBe(true)
  expect(outbox.health().figures).toMatchObject({ payloadsLost: 0 })
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

test('a power cut after attach and append loses neither; leftovers of the folder go', async () => {
  const { outbox } = desk.make()
  const ref = attach(outbox, 'picture')
  outbox.append(withPayloads('a', ref))
  const image = desk.image('after.db')
  writeFileSync(join(`${image}.payloads`, `${'0'.repeat(64)}`), 'no record')
  writeFileSync(join(`${image}.payloads`, `${'1'.repeat(64)}.new`), 'half')
  const { outbox: next } = await desk.begin(image)
  expect(readdirSync(`${image}.payloads`)).toEqual([ref.id])
  await clock.advance(10_000)
  expect(world.sends.map(({ id }) => id)).toEqual(['a'])
  expect(world.dangling).toEqual([])
  expect(next.depth).toBe(0)
})

test('payloads are set aside with a damaged file', async () => {
  const first = desk.make()
  const ref = attach(first.outbox, 'picture')
  await desk.end(first)
  writeFileSync(desk.file, 'this was a database once. '.repeat(500))
  const { outbox } = desk.make()
  expect(outbox.health().figures).toMatchObject({ payloads: 0 })
  expect(readdirSync(`${desk.file}.damaged-${clock.now()}.payloads`)).toEqual([ref.id])
})

/** A process that attaches one payload after the other, emits every second one, and says what it did. */
const attacher = `
  import { openOutbox } from '${join(import.meta.dirname, 'outbox.ts')}'
  import { randomIds, wallClock } from '${join(import.meta.dirname, '../../component.ts')}'
  import { topicsUnder } from '${join(import.meta.dirname, '../../schemas/topics.ts')}'
  const transport = { publish: async () => {}, subscribe: async () => () => {} }
  const topics = topicsUnder('daybook')
  const about = { producer: 'terminal-desk', source: 's', topics, transport, clock: wallClock, ids: randomIds }
  const outbox = openOutbox({ file: process.argv[1], ...about })
  for (let n = 1; ; n++) {
    const ref = outbox.attach(Buffer.alloc(300_000, 'payload ' + n), { mediaType: 'text/plain' })
    console.log(ref.id)
    if (n % 2) continue
    outbox.append([{ id: 'e' + n, source: 's', type: 't', summary: 'x', timestamp: 1, contentRef: ref }])
  }
`

test('kill -9 at any moment leaves every attached payload whole, and no half one', async () => {
  for (const round of [1, 2, 3]) {
    const file = join(desk.folder, `${round}.db`)
    const child = spawn(process.execPath, ['--input-type=module', '-e', attacher, file])
    let said = ''
    for await (const chunk of child.stdout) {
      said += chunk
      if (said.length > 65 * 10 * round) child.kill('SIGKILL')
    }
    const attached = said.trim().split('\n')
    // The child lived by the wall clock, which is ahead of the one here.
    const { outbox } = await desk.begin(file)
    const { payloads } = outbox.health().figures as { payloads: number }
    expect(payloads).toBeGreaterThanOrEqual(attached.length)
    expect(payloads).toBeLessThanOrEqual(attached.length + 1)
    const kept = readdirSync(`${file}.payloads`)
    expect(kept).toHaveLength(payloads)
    expect(kept).toEqual(expect.arrayContaining(attached))
    for (const name of kept) expect(idOf(readFileSync(join(`${file}.payloads`, name)))).toBe(name)
    const { depth } = outbox
    expect(Math.abs(depth - attached.length / 2)).toBeLessThanOrEqual(1)
    await clock.advance(60_000)
    expect(outbox.depth).toBe(0)
    expect(world.dangling).toEqual([])
  }
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
