// Payloads beside the outbox, on real files: kept whole until they have served, within their quota. How they get to the
// store is shown in uploads.test.ts.
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { attach, codeOf, Desk, events, idOf, withPayloads } from './outbox.desk.ts'
import { type ManualClock, noFaults, type World } from './outbox.world.ts'

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

const files = () => readdirSync(folder).sort()

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

test('what is too large or described in no known way is refused, and nothing is kept', () => {
  const { outbox } = desk.make(desk.file, { onePayloadBytes: 10 })
  expect(codeOf(() => attach(outbox, 'eleven byte'))).toBe('too_large')
  expect(codeOf(() => outbox.attach(Buffer.from('x'), { mediaType: 'no type' }))).toBe('invalid')
  expect(codeOf(() => outbox.attach(Buffer.from('x'), { mediaType: 'text/plain', name: 'x'.repeat(256) }))).toBe(
    'invalid',
  )
  expect(outbox.health().figures).toMatchObject({ payloads: 0, payloadBytes: 0 })
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

describe('a payload that comes piece by piece', () => {
  const about = { mediaType: 'text/plain', name: 'hello' }
  async function* pieces(...texts: (string | Error)[]) {
    for (const text of texts) {
      if (text instanceof Error) throw text
      yield Buffer.from(text)
    }
  }

  test('is the same as one that is attached at once', async () => {
    const { outbox } = desk.make()
    const ref = await outbox.attachFile(pieces('hel', '', 'lo'), about)
    expect(ref).toEqual(attach(outbox, 'hello'))
    expect(await outbox.attachFile(pieces('hello'), about)).toEqual(ref)
    expect(files()).toEqual([ref.id])
    expect(readFileSync(join(folder, ref.id), 'utf8')).toBe('hello')
    expect(statSync(join(folder, ref.id)).mode & 0o777).toBe(0o600)
    expect(outbox.health().figures).toMatchObject({ payloads: 1, payloadBytes: 5 })
    expect(await outbox.attachFile(pieces(), { mediaType: 'text/plain' })).toMatchObject({ size: 0, id: idOf('') })
  })

  test('leaves nothing if it is too large, finds no room, is described in no known way or breaks off', async () => {
    const { outbox } = desk.make(desk.file, { onePayloadBytes: 150_000, payloadBytes: 200_000 })
    const read: string[] = []
    const endless = async function* () {
      for (;;) {
        read.push('x')
        yield Buffer.alloc(64 * 1024)
      }
    }
    await expect(outbox.attachFile(endless(), about)).rejects.toMatchObject({ code: 'too_large' })
    expect(read).toHaveLength(3)
    const other = attach(outbox, '1'.repeat(100_000))
    await expect(outbox.attachFile(endless(), about)).rejects.toMatchObject({ code: 'outbox_full' })
    await expect(outbox.attachFile(pieces('x'), { mediaType: 'no type' })).rejects.toMatchObject({ code: 'invalid' })
    await expect(outbox.attachFile(pieces('x', new Error('gone')), about)).rejects.toThrow('gone')
    expect(outbox.health().figures).toMatchObject({ payloads: 1, payloadBytes: 100_000 })
    expect(files()).toEqual([other.id])
  })

  test('ends with the outbox', async () => {
    const { outbox } = desk.make()
    const stopping = async function* () {
      yield Buffer.from('a')
      await outbox.stop()
      yield Buffer.from('b')
    }
    await expect(outbox.attachFile(stopping(), about)).rejects.toMatchObject({ code: 'shutting_down' })
    await expect(outbox.attachFile(pieces('a'), about)).rejects.toMatchObject({ code: 'shutting_down' })
    expect(files()).toEqual([])
  })
})
