// The one place for bytes, over real stores and a real Postgres: what is put is read, whatever is away or configured by
// then. Not for: one store (object-store.contract.ts), or what the catalogue promises (../catalogue.contract.ts).
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { wallClock } from '../../component.ts'
import type { ContentRef, OwnStorage } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { testPostgres } from '../../test/postgres.ts'
import type { ObjectKey } from '../catalogue.ts'
import { exampleEvent } from '../examples.ts'
import type { Objects } from '../objects.ts'
import { postgresStorage } from '../postgres/postgres.ts'
import type { Storage } from '../storage.ts'
import { fsStore } from './fs.ts'
import { createObjects } from './objects.ts'
import { stores } from './registry.ts'

const log = pino({ level: 'silent' })
const MOST = 1_000_000
let storage: Storage
let folder: string
let ahead = 0
let events = 0
const stopping: (() => Promise<unknown>)[] = []
const clock = { ...wallClock, now: () => Date.now() + ahead }

beforeEach(async () => {
  ahead = 0
  events = 0
  folder = await mkdtemp(join(tmpdir(), 'daybook-objects-'))
  const database = await testPostgres()
  const { signal } = new AbortController()
  const url = () => database.url
  storage = postgresStorage({ url, readerPassword: 'reader', space: 'home', log, clock, signal })
  await storage.start()
  const remove = () => rm(folder, { recursive: true, force: true })
  stopping.push(remove, database.stop, () => storage.stop())
})

afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop()
})

const folderOfStore = () => join(folder, 'objects')

/** As the house makes them, with nothing configured but the driver. */
async function objectsIn(driver: OwnStorage, graceMs = 3_600_000): Promise<Objects> {
  const context = { data: folder, space: 'home', log, clock, pool: () => storage.pool() }
  const objects = createObjects({
    driver,
    stores: stores.map((store) => store.create(store.config.parse({}), context)),
    storage,
    source: async ({ storage: name, id }: ObjectKey) => {
      if (id.endsWith('clip')) throw new DaybookError('object_missing')
      return { bytes: Buffer.from(`${name} has ${id}`), mediaType: 'image/jpeg' }
    },
    spool: join(folder, 'incoming'),
    most: MOST,
    graceMs,
    clock,
    log,
    signal: new AbortController().signal,
  })
  await objects.start()
  stopping.push(() => objects.stop())
  return objects
}

/** An activity that refers to it, so that it may be shown. */
const refer = (contentRef: ContentRef) => storage.activities.append([exampleEvent(++events, { contentRef })])

async function read(objects: Objects, key: ObjectKey, range?: { start: number; end: number }): Promise<string> {
  const object = await objects.open(key)
  return String(await buffer(await object.read(range)))
}

async function* stream(...chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

/** A file where the folder should be: the store can do nothing until it goes. */
async function breakStore() {
  await rm(folderOfStore(), { recursive: true, force: true })
  await writeFile(folderOfStore(), '')
}
const mendStore = () => rm(folderOfStore())

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
const filesIn = async (path: string) =>
  (await readdir(path, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())

describe('what is put', () => {
  it('is read by the reference of an activity, whole and in part, and by nothing else', async () => {
    const objects = await objectsIn('fs')
    const about = { mediaType: 'text/plain', name: 'greeting' }
    const ref = await objects.put(stream('hello ', 'world'), about)
    expect(ref).toEqual({ storage: 'fs', id: hashOf('hello world'), size: 11, ...about })
    await expect(objects.open(ref)).rejects.toMatchObject({ code: 'not_found' })
    await refer({ ...ref, name: 'as the activity says' })
    expect(await objects.open(ref)).toMatchObject({
      ref: { name: 'as the activity says' },
      size: 11,
      mediaType: 'text/plain',
      hash: ref.id,
    })
    expect(await read(objects, ref)).toBe('hello world')
    expect(await read(objects, ref, { start: 6, end: 8 })).toBe('wor')
    expect(await filesIn(join(folder, 'incoming'))).toEqual([])
  })

  it('is refused above the limit and when it is not what was said of it; nothing of it is left', async () => {
    const objects = await objectsIn('fs')
    const large = 'x'.repeat(MOST + 1)
    await expect(objects.put(Buffer.from(large), {})).rejects.toMatchObject({ code: 'too_large' })
    await expect(objects.put(stream(large), {})).rejects.toMatchObject({ code: 'too_large' })
    const said = { id: hashOf('a'), size: 1 }
    await expect(objects.put(Buffer.from('b'), said)).rejects.toMatchObject({ code: 'object_damaged' })
    await expect(objects.put(stream('b'), said)).rejects.toMatchObject({ code: 'object_damaged' })
    expect(await filesIn(folder)).toEqual([])
    expect(objects.health()).toMatchObject({ state: 'ok', figures: { driver: 'fs', waiting: 0 } })
  })

  it('twice is one object, whose grace begins anew', async () => {
    const graceMs = 300
    const objects = await objectsIn('fs', graceMs)
    const ref = await objects.put(Buffer.from('same'), {})
    for (let turn = 0; turn < 3; turn++) {
      await wallClock.sleep(graceMs / 2)
      await objects.sweep()
      expect(await objects.put(stream('same'), {})).toEqual(ref)
    }
    expect(objects.health().figures).toMatchObject({ fsObjects: 1, fsBytes: 4 })
    expect(await filesIn(folderOfStore())).toHaveLength(1)
    await wallClock.sleep(graceMs * 1.5)
    expect(await objects.sweep()).toEqual({ marked: 1, removed: 0 })
    expect(await objects.sweep()).toEqual({ marked: 0, removed: 1 })
    expect(await filesIn(folderOfStore())).toEqual([])
  })

  it('is written again if its bytes have vanished', async () => {
    const objects = await objectsIn('fs')
    const ref = await objects.put(Buffer.from('here today'), {})
    await refer(ref)
    await fsStore(folderOfStore()).delete(ref.id)
    await expect(read(objects, ref)).rejects.toMatchObject({ code: 'object_missing' })
    await objects.put(Buffer.from('here today'), {})
    expect(await read(objects, ref)).toBe('here today')
  })
})

describe('while the store is away', () => {
  it('payloads are kept in Postgres, and move once it is back; their references hold', async () => {
    const objects = await objectsIn('fs')
    await breakStore()
    const ref = await objects.put(stream('waiting'), { mediaType: 'text/plain' })
    expect(ref).toMatchObject({ storage: 'postgres', id: hashOf('waiting') })
    await refer(ref)
    expect(await read(objects, ref)).toBe('waiting')
    expect(objects.health()).toMatchObject({ state: 'degraded', code: 'objects_refused', figures: { waiting: 1 } })
    await expect(objects.move()).rejects.toMatchObject({ code: 'objects_refused' })

    await mendStore()
    expect(await objects.move()).toBe(1)
    expect(await objects.move()).toBe(0)
    expect(objects.health()).toMatchObject({ state: 'ok', figures: { waiting: 0, fsObjects: 1 } })
    expect(await filesIn(folderOfStore())).toHaveLength(1)
    expect(await read(objects, ref)).toBe('waiting')
    expect(await objects.put(Buffer.from('new'), {})).toMatchObject({ storage: 'fs' })
  })

  it('what moves between the looking up and the reading is read where it is then', async () => {
    const objects = await objectsIn('fs')
    await breakStore()
    const ref = await objects.put(stream('on the move'), {})
    await refer(ref)
    const object = await objects.open(ref)
    await mendStore()
    expect(await objects.move()).toBe(1)
    expect(String(await buffer(await object.read()))).toBe('on the move')
  })

  it('nobody waits for it again and again, and a put finds by itself that it is back', async () => {
    const objects = await objectsIn('fs')
    await breakStore()
    await objects.put(Buffer.from('1'), {})
    await mendStore()
    expect(await objects.put(Buffer.from('2'), {})).toMatchObject({ storage: 'postgres' })
    ahead = 60_000
    expect(await objects.put(Buffer.from('3'), {})).toMatchObject({ storage: 'fs' })
    expect(objects.health().state).toBe('ok')
  })

  it('the house starts all the same, and takes it up later', async () => {
    await breakStore()
    const objects = await objectsIn('fs')
    expect(objects.health()).toMatchObject({ state: 'degraded', code: 'objects_refused' })
    await objects.put(Buffer.from('early'), {})
    await mendStore()
    expect(await objects.move()).toBe(1)
  })
})

describe('a reference', () => {
  it('is read in the store that it names, whatever is configured by then', async () => {
    const first = await objectsIn('fs')
    const inFiles = await first.put(Buffer.from('in files'), {})
    const second = await objectsIn('postgres')
    const inDatabase = await second.put(Buffer.from('in the database'), {})
    expect(inDatabase.storage).toBe('postgres')
    await refer(inFiles)
    await refer(inDatabase)
    expect(await read(second, inFiles)).toBe('in files')
    expect(await second.move()).toBe(0)
    const third = await objectsIn('fs')
    expect(await third.move()).toBe(1)
    expect([await read(third, inFiles), await read(third, inDatabase)]).toEqual(['in files', 'in the database'])
    expect(await read(await objectsIn('postgres'), inDatabase)).toBe('in the database')
  })

  it('to a store that is not configured says which settings it needs', async () => {
    const objects = await objectsIn('fs')
    const key = { storage: 'minio' as const, id: 'ab'.repeat(32) }
    await storage.catalogue.put({ ...key, size: 1 }, async () => {})
    await refer(key)
    await expect(read(objects, key)).rejects.toMatchObject({
      code: 'objects_refused',
      detail: expect.stringContaining('objects.minio.endpoint'),
    })
  })

  it('to a payload of others is read at its source', async () => {
    const objects = await objectsIn('fs')
    const key = { storage: 'frigate' as const, id: '1.5-abc:snapshot' }
    await expect(objects.open(key)).rejects.toMatchObject({ code: 'not_found' })
    await refer(key)
    const text = 'frigate has 1.5-abc:snapshot'
    expect(await objects.open(key)).toMatchObject({ size: text.length, mediaType: 'image/jpeg', hash: hashOf(text) })
    expect([await read(objects, key), await read(objects, key, { start: 0, end: 6 })]).toEqual([text, 'frigate'])
    const gone = { storage: 'frigate' as const, id: '1.5-abc:clip' }
    await refer(gone)
    await expect(objects.open(gone)).rejects.toMatchObject({ code: 'object_missing' })
  })

  it('to an object that is not there says so, until its bytes stand in their store', async () => {
    const objects = await objectsIn('fs')
    const bytes = randomBytes(5_000)
    const key = { storage: 'fs' as const, id: createHash('sha256').update(bytes).digest('hex') }
    await refer({ ...key, mediaType: 'image/png' })
    await expect(objects.open(key)).rejects.toMatchObject({ code: 'object_missing' })
    expect(await objects.adopt(key)).toBe(false)
    const path = join(folderOfStore(), key.id.slice(0, 2))
    await mkdir(path, { recursive: true })
    await writeFile(join(path, key.id), 'other bytes')
    expect(await objects.adopt(key)).toBe(false)
    await writeFile(join(path, key.id), bytes)
    expect(await objects.adopt(key)).toBe(true)
    expect(await objects.open(key)).toMatchObject({ size: 5_000, mediaType: 'image/png' })
  })

  it('to an object that came into another store of ours is brought where it is looked for', async () => {
    const objects = await objectsIn('fs')
    const bytes = randomBytes(5_000)
    const { id } = await objects.put(bytes, { mediaType: 'image/png' })
    const key = { storage: 'postgres' as const, id }
    await refer(key)
    expect(await objects.adopt(key)).toBe(true)
    expect(await objects.open(key)).toMatchObject({ size: 5_000, mediaType: 'image/png' })
    await objects.move()
    expect(await objects.open(key)).toMatchObject({ size: 5_000 })
  })

  it('to a store that is not configured any more is told in health, by its count and its settings', async () => {
    const entry = { storage: 'minio' as const, id: hashOf('x'), size: 1 }
    await storage.catalogue.put(entry, async () => {})
    const objects = await objectsIn('fs')
    await expect
      .poll(() => objects.health())
      .toMatchObject({
        state: 'degraded',
        code: 'objects_refused',
        detail: expect.stringMatching(/^1 payloads in minio cannot be opened\..*objects\.minio/),
      })
  })
})
