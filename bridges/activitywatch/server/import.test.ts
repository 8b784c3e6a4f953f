// Exports in and out: nothing lost on the way, nothing doubled, nothing whole in memory.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ISO, makeWorld, type World } from './app.world.ts'
import { type ExportBatch, readExport } from './export-file.ts'

const made = { client: 'test', type: 'test.type', hostname: 'h' }
const event = (at: number) => ({ timestamp: ISO(at), duration: 1, data: { i: at } })
const exported = (events: unknown[], rest = {}) => ({ buckets: { b: { id: 'b', ...made, events, ...rest } } })
/** Bytes. */
function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}

let world: World
let call: World['call']

beforeEach(() => {
  world = makeWorld()
  call = world.call
})
afterEach(() => world.close())

test('what is exported is imported as it was, and again without doubling anything', async () => {
  const events = Array.from({ length: 2_500 }, (_, i) => event(i))
  await call(
    'POST',
    '/api/0/import',
    exported(events, { created: '2020-01-01T00:00:00+00:00', name: 'n', data: { k: 1 } }),
  )
  const { text, headers } = await call('GET', '/api/0/export')
  expect(headers.get('content-disposition')).toBe('attachment; filename=aw-buckets-export.json')
  const file = JSON.parse(text)
  expect(file.buckets.b).toMatchObject({ ...made, created: '2020-01-01T00:00:00+00:00', name: 'n', data: { k: 1 } })
  expect(file.buckets.b.events[0]).toEqual({ timestamp: '2024-03-01T12:41:39+00:00', duration: 1, data: { i: 2_499 } })
  const other = makeWorld()
  for (let again = 0; again < 2; again++) {
    expect(await other.call('POST', '/api/0/import', text)).toMatchObject({ status: 200, json: null })
    expect((await other.call('GET', '/api/0/export')).text).toBe(text)
  }
  await other.close()
})

test('the files of a form are imported, whatever its fields are called', async () => {
  const form = new FormData()
  form.append('buckets.json', new Blob([JSON.stringify(exported([event(0)]))]), 'a.json')
  form.append('more', new Blob([JSON.stringify(exported([event(0), event(1)]))]), 'b.json')
  const request = new Request('http://127.0.0.1:5600/api/0/import', { method: 'POST', body: form })
  request.headers.set('host', 'localhost')
  expect((await world.app.fetch(request)).status).toBe(200)
  expect(world.buckets.count('b')).toBe(2)
})

test.each([
  ['no export', { nope: 1 }, {}, 500],
  ['nothing that has buckets', 'null', {}, 500],
  ['a list of no buckets', { buckets: [] }, {}, 400],
  ['no buckets', { buckets: null }, {}, 400],
  ['a bucket without a type', { buckets: { b: { id: 'b', events: [] } } }, {}, 500],
  ['no JSON', '{"buckets": {', {}, 400],
  ['no JSON in the middle', '{"buckets": {"b": {"id": nope', {}, 400],
  ['nothing', '', {}, 400],
  ['a text', JSON.stringify(exported([])), { 'content-type': 'text/plain' }, 415],
  ['an empty form', '--x--\r\n', { 'content-type': 'multipart/form-data; boundary=x' }, 500],
  ['a form that ends early', '--x\r\nContent-', { 'content-type': 'multipart/form-data; boundary=x' }, 400],
  ['a form without a boundary', 'x', { 'content-type': 'multipart/form-data; x' }, 400],
])('%s is refused', async (_, body, headers, status) => {
  expect((await call('POST', '/api/0/import', body, headers)).status).toBe(status)
  expect(world.buckets.list()).toEqual([])
})

test('an event that is none keeps no other out, and is named', async () => {
  const answer = await call('POST', '/api/0/import', exported([event(0), { timestamp: 'never' }, event(1)]))
  expect(answer).toMatchObject({
    status: 400,
    json: { message: '2 events were imported, 0 were known, 1 are none: {"timestamp":"never"}' },
  })
  expect(world.buckets.count('b')).toBe(2)
})

describe('an export is read piece by piece', () => {
  async function read(text: string, size = 7): Promise<ExportBatch[]> {
    const bytes = new TextEncoder().encode(text)
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    const batches: ExportBatch[] = []
    for await (const batch of readExport(pieces())) batches.push(batch)
    return batches
  }
  test('with the description of a bucket before or after its events', async () => {
    const events = [event(0), { timestamp: ISO(1), data: { title: 'é ✓ "quoted" \\ } ]' } }]
    for (const bucket of [
      { ...made, events },
      { events, ...made },
    ]) {
      expect(await read(JSON.stringify({ version: 1, buckets: { b: bucket, empty: made } }))).toEqual([
        { key: 'b', bucket: made, events },
        { key: 'empty', bucket: made, events: [] },
      ])
    }
  })
  test('in batches', async () => {
    const events = Array.from({ length: 2_300 }, (_, i) => event(i))
    const batches = await read(JSON.stringify({ buckets: { b: { ...made, events } } }), 4096)
    expect(batches.map((batch) => batch.events.length)).toEqual([1000, 1000, 300])
    expect(batches.flatMap((batch) => batch.events)).toEqual(events)
    expect(batches.every(({ bucket }) => bucket.type === made.type)).toBe(true)
  })
  test('and nothing of it stays in memory, nor anything that is no event', async () => {
    const many = Array.from({ length: 150_000 }, (_, i) => event(i))
    const text = JSON.stringify({ buckets: { b: { ...made, events: many } } })
    const bytes = new TextEncoder().encode(text)
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
    }
    const held: number[] = []
    let count = 0
    for await (const { events } of readExport(pieces())) {
      count += events.length
      if (count % 30_000 === 0) held.push(heapAfterCollection())
    }
    expect(count).toBe(150_000)
    expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(8e6)
    async function* endless() {
      yield new TextEncoder().encode('{"buckets":{"b":{"other":"')
      for (;;) yield new Uint8Array(1 << 20).fill(97)
    }
    await expect(readExport(endless()).next()).rejects.toThrow(expect.objectContaining({ code: 'invalid' }))
  })
  test('of aw-server-rust, with ids and what it adds to a bucket', async () => {
    const events = [
      { id: 9, ...event(1), data: {} },
      { id: 8, ...event(0), duration: 0 },
    ]
    const bucket = { id: 'b', ...made, created: ISO(0), data: {}, metadata: { start: ISO(0), end: null }, events }
    const file = { buckets: { b: { ...bucket, last_updated: null } } }
    expect(await read(JSON.stringify(file))).toMatchObject([{ key: 'b', events }])
    expect(await call('POST', '/api/0/import', file)).toMatchObject({ status: 200 })
    expect(world.buckets.events('b').map(({ data, duration }) => [data, duration])).toEqual([
      [{}, 1e6],
      [{ i: 0 }, 0],
    ])
  })
})
