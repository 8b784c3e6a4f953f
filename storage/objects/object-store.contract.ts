// What every object store promises, as tests on real bytes and real servers. Not for: what one of them does besides.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, expect, it, type TestContext } from 'vitest'
import type { ByteRange, ObjectStore, Payload } from './object-store.ts'
import { payloadOf, promised, spool } from './payload.ts'

const KB = 1024
const MB = 1024 * KB

/** A store to be tried, empty and open, and ways to look behind it. */
export interface StoreOnTrial {
  store: ObjectStore
  /** All that stands there: ids of whole objects, and whatever else, as halves of a put. */
  inside(): Promise<{ objects: string[]; leftovers: string[] }>
  /** The most that this process may hold more while an object of 20 MB is put or read, bytes. Usually 8 MB. */
  holds?: number
  /** Closes the store, and removes all there was. */
  end(): Promise<void>
  /** A store of the same kind whose server, or disk, is away until `back` is called. */
  away?(): Promise<{ store: ObjectStore; back(): Promise<void>; end(): Promise<void> }>
  /** One that is refused, by wrong keys or missing rights, until `mend` is called; `says` what its detail must name. */
  refused?(): Promise<{ store: ObjectStore; says: RegExp; mend(): Promise<void>; end(): Promise<void> }>
  /** Ends a process with SIGKILL in the middle of a put into the same place, and opens the store anew. */
  killMidway?(): Promise<void>
}

/** `skips` says for each case that a store cannot have why not. */
export function objectStoreContract(
  fresh: () => Promise<StoreOnTrial>,
  skips: { [Case in 'away' | 'refused' | 'killMidway']?: string } = {},
) {
  let trial: StoreOnTrial
  let store: ObjectStore
  let folder: string

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'daybook-contract-'))
    trial = await fresh()
    store = trial.store
  })
  afterEach(async () => {
    rmSync(folder, { recursive: true })
    await trial?.end()
  })

  const whole = async ({ bytes }: { bytes: AsyncIterable<Uint8Array> }) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) chunks.push(chunk)
    return Buffer.concat(chunks)
  }
  const read = async (id: string, range?: ByteRange) => whole(await store.get(id, range))
  const keeps = async (...ids: string[]) =>
    expect(await trial.inside()).toEqual({ objects: [...ids].sort(), leftovers: [] })

  it.each([
    ['nothing', Buffer.alloc(0), undefined],
    ['one byte', Buffer.from('a'), 'text/plain'],
    ['a picture', randomBytes(70 * KB), 'image/jpeg'],
    ['a transcript of 800 KB', text(800 * KB), 'application/x-ndjson; charset=utf-8'],
    ['text that is none', randomBytes(70 * KB), 'text/plain;charset=utf-8'],
  ])('gives back what was put: %s', async (_, bytes, mediaType) => {
    const payload = payloadOf(bytes, { mediaType })
    await store.put(payload)
    expect(await store.has(payload.id)).toBe(true)
    expect((await store.get(payload.id)).size).toBe(bytes.length)
    expect(bytes.equals(await read(payload.id))).toBe(true)
    await keeps(payload.id)
  })

  it.each([
    ['a picture', randomBytes(300 * KB), 'image/png'],
    ['text', text(300 * KB), 'text/plain'],
    ['a film', randomBytes(3 * MB), 'video/mp4'],
  ])('gives parts of %s, and says the size of the whole', async (_, bytes, mediaType) => {
    const { id } = await put(bytes, mediaType)
    const last = bytes.length - 1
    for (const [start, end] of [
      [0, 0],
      [0, 99],
      [70_000, 200_000],
      [last - 10, last],
      [last, last],
      [1, last],
      [0, last],
    ] as const) {
      const part = await store.get(id, { start, end })
      expect(part.size).toBe(bytes.length)
      expect(bytes.subarray(start, end + 1).equals(await whole(part))).toBe(true)
    }
  })

  it('serves several readers of one object, and one that leaves early harms nobody', async () => {
    const bytes = randomBytes(3 * MB)
    const { id } = await put(bytes)
    const leaver = await store.get(id)
    const never = await store.get(id)
    const readers = Array.from({ length: 4 }, () => read(id))
    for await (const chunk of leaver.bytes) if (chunk.length > 0) break
    never.bytes.destroy()
    expect((await Promise.all(readers)).every((copy) => bytes.equals(copy))).toBe(true)
    expect(leaver.bytes.destroyed).toBe(true)
  })

  it('makes one object of many puts of the same bytes at the same time, whatever they are called', async () => {
    const bytes = text(200 * KB)
    const types = ['text/plain', 'application/octet-stream', undefined]
    await Promise.all(Array.from({ length: 12 }, (_, at) => put(bytes, types[at % 3])))
    const { id } = await put(bytes, 'image/png')
    expect(bytes.equals(await read(id))).toBe(true)
    await keeps(id)
  })

  it('keeps many objects apart that are put at the same time', async () => {
    const all = Array.from({ length: 40 }, (_, at) => Buffer.from(`object ${at} `.repeat(at * 40)))
    const payloads = await Promise.all(all.map((bytes) => put(bytes, 'text/plain')))
    for (const [at, { id }] of payloads.entries()) expect(await read(id)).toEqual(all[at])
    await keeps(...payloads.map(({ id }) => id))
  })

  it('says that an object is missing', async () => {
    const { id } = payloadOf(randomBytes(10))
    expect(await store.has(id)).toBe(false)
    await expect(store.get(id)).rejects.toMatchObject({ code: 'object_missing' })
    await expect(store.get(id, { start: 0, end: 3 })).rejects.toMatchObject({ code: 'object_missing' })
  })

  it('never takes a name for anything but a hash', async () => {
    for (const id of ['', '../../etc/passwd', `${'a'.repeat(62)}/b`, 'A'.repeat(64), `../${'a'.repeat(61)}`]) {
      await expect(store.get(id)).rejects.toMatchObject({ code: 'object_missing' })
      expect(await store.has(id)).toBe(false)
      await store.delete(id)
      await expect(store.put({ ...payloadOf(Buffer.from('x')), id })).rejects.toMatchObject({ code: 'object_damaged' })
    }
    await keeps()
  })

  it('deletes, twice too, and takes the same object again', async () => {
    const bytes = text(20 * KB)
    const { id } = await put(bytes, 'text/plain')
    await store.delete(id)
    await store.delete(id)
    expect(await store.has(id)).toBe(false)
    await keeps()
    await put(bytes, 'text/plain')
    expect(bytes.equals(await read(id))).toBe(true)
  })

  it.each([
    ['other bytes', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from('\0')])],
    ['less', (bytes: Buffer) => bytes.subarray(0, -1)],
    ['more', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('\0')])],
    ['nothing', () => Buffer.alloc(0)],
  ])('refuses a payload that turns out to be %s than it says, and keeps nothing of it', async (_, damage) => {
    for (const mediaType of ['image/png', 'text/plain']) {
      const bytes = text(100 * KB)
      const payload = payloadOf(bytes, { mediaType })
      const open = async function* () {
        yield damage(bytes)
      }
      await expect(store.put(promised(payload, open))).rejects.toMatchObject({ code: 'object_damaged' })
      expect(await store.has(payload.id)).toBe(false)
      await keeps()
      await store.put(payload)
      await store.delete(payload.id)
    }
  })

  it.each(['image/png', 'text/plain'])('keeps nothing of a payload (%s) whose source breaks off', async (mediaType) => {
    const payload = payloadOf(text(2 * MB), { mediaType })
    const open = async function* () {
      yield text(1 * MB)
      throw new Error('the source is gone')
    }
    await expect(store.put(promised(payload, open))).rejects.toThrow('the source is gone')
    expect(await store.has(payload.id)).toBe(false)
    await keeps()
    await store.put(payload)
    await keeps(payload.id)
  })

  it('keeps the bytes of a file, and leaves the file to its owner', async () => {
    const bytes = randomBytes(300 * KB)
    {
      await using spooled = await spool(chunksOf(bytes), { folder, most: MB })
      await store.put(spooled)
      expect(bytes.equals(await whole({ bytes: spooled.open() }))).toBe(true)
      await store.put(spooled)
    }
    expect(bytes.equals(await read(payloadOf(bytes).id))).toBe(true)
    await keeps(payloadOf(bytes).id)
  })

  it.each(['video/mp4', 'text/plain'])('puts and reads 20 MB (%s) a piece at a time', async (mediaType) => {
    const holds = trial.holds ?? 8 * MB
    const kept = memory()
    await using spooled = await spool(kept.watch(flow(mediaType, 20 * MB)), {
      folder,
      most: 20 * MB,
      about: { mediaType },
    })
    const { file: _, ...streamed }: Payload = spooled
    await store.put({ ...streamed, open: () => kept.watch(spooled.open()) })
    const hashing = createHash('sha256')
    for await (const chunk of kept.watch((await store.get(spooled.id)).bytes)) hashing.update(chunk)
    expect(hashing.digest('hex')).toBe(spooled.id)
    expect(kept.most()).toBeLessThan(holds)
  })

  it('works while it is looked at, and leaves nothing of the look', async () => {
    await store.check()
    await keeps()
  })

  it('says that its server is away, and goes on when that is back', async (context) => {
    const { store: away, back, end } = await (trial.away ?? skip(context, skips.away))()
    try {
      const payload = payloadOf(text(100 * KB), { mediaType: 'text/plain' })
      const unavailable = { code: 'objects_unavailable', detail: expect.stringMatching(/\S/) }
      await expect(away.put(payload)).rejects.toMatchObject(unavailable)
      await expect(away.get(payload.id)).rejects.toMatchObject(unavailable)
      await expect(away.check()).rejects.toMatchObject(unavailable)
      await back()
      await away.check()
      expect(await away.has(payload.id)).toBe(false)
      await away.put(payload)
      expect((await whole(await away.get(payload.id))).length).toBe(payload.size)
    } finally {
      await end()
    }
  })

  it('says that it is refused and by what, and goes on when that is mended', async (context) => {
    const { store: refused, says, mend, end } = await (trial.refused ?? skip(context, skips.refused))()
    try {
      const payload = payloadOf(text(100 * KB), { mediaType: 'text/plain' })
      const refusal = { code: 'objects_refused', detail: expect.stringMatching(says) }
      await expect(refused.put(payload)).rejects.toMatchObject(refusal)
      await expect(refused.check()).rejects.toMatchObject(refusal)
      await mend()
      await refused.check()
      await refused.put(payload)
      expect((await whole(await refused.get(payload.id))).length).toBe(payload.size)
    } finally {
      await end()
    }
  })

  it('shows nothing of a put whose process was killed, and has cleaned up when it is open again', async (context) => {
    await (trial.killMidway ?? skip(context, skips.killMidway))()
    await keeps()
  })

  async function put(bytes: Uint8Array, mediaType?: string): Promise<Payload> {
    const payload = payloadOf(bytes, { mediaType })
    await store.put(payload)
    return payload
  }
}

function skip(context: TestContext, reason = 'this store does not say how'): never {
  return context.skip(reason)
}

/** So many bytes of text as people and programs write it. */
function text(size: number): Buffer {
  return Buffer.from('{"role":"user","content":"the lamp in the hall, again"}\n'.repeat(Math.ceil(size / 55))).subarray(
    0,
    size,
  )
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 64 * KB) yield bytes.subarray(at, at + 64 * KB)
}

/** So many bytes that were never in memory together. */
async function* flow(mediaType: string, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < size; at += 64 * KB) {
    const length = Math.min(64 * KB, size - at)
    yield mediaType.startsWith('text/') ? text(length) : randomBytes(length)
  }
}

/** What lives in this process beyond what lived before, looked at after a collection at every megabyte that passes. */
function memory() {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  const living = () => {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = living()
  let most = 0
  return {
    async *watch(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
      let passed = 0
      for await (const chunk of stream) {
        yield chunk
        passed += chunk.length
        if (passed < MB) continue
        passed = 0
        most = Math.max(most, living() - before)
      }
    },
    most: () => most,
  }
}
