// What becomes of objects over time, on a real bus, a real Postgres and a folder; the clock only shortens the waiting.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import pino from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { access } from '../broker/access.ts'
import { createEmbeddedBroker, type EmbeddedBroker } from '../broker/embedded/embedded.ts'
import { embeddedConfig } from '../broker/embedded/limits.ts'
import { type Component, randomIds, wallClock } from '../component.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { type MissingPayload, missingPayload } from '../schemas/delivery.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { exampleEvent } from '../storage/examples.ts'
import { fsStore } from '../storage/objects/fs.ts'
import { createObjects } from '../storage/objects/objects.ts'
import { payloadOf } from '../storage/objects/payload.ts'
import { stores } from '../storage/objects/registry.ts'
import type { Objects } from '../storage/objects.ts'
import { postgresStorage } from '../storage/postgres/postgres.ts'
import type { Storage } from '../storage/storage.ts'
import { testPostgres } from '../test/postgres.ts'
import { createObjectCare } from './object-care.ts'

const topics = topicsUnder('daybook')
const log = pino({ level: 'silent' })
const clock = { ...wallClock, sleep: (ms: number, signal?: AbortSignal) => wallClock.sleep(Math.min(ms, 20), signal) }
const stopping: (() => Promise<unknown>)[] = []
let folder: string
let storage: Storage
let objects: Objects
let bus: EmbeddedBroker
let told: MissingPayload[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daybook-care-'))
  const database = await testPostgres()
  const { signal } = new AbortController()
  const url = () => database.url
  storage = postgresStorage({ url, readerPassword: 'reader', space: 'home', log, clock: wallClock, signal })
  const context = { data: folder, space: 'home', log, clock: wallClock, pool: () => storage.pool() }
  objects = createObjects({
    driver: 'fs',
    stores: stores.map((store) => store.create(store.config.parse({}), context)),
    storage,
    source: () => Promise.reject(new Error('not asked here')),
    spool: join(folder, 'incoming'),
    most: 1_000_000,
    graceMs: 200,
    clock: { ...wallClock, now: () => 0 },
    log,
    signal,
  })
  const config = embeddedConfig.parse({ port: 'off' })
  const retained = { load: async () => [], keep: async () => {} }
  bus = createEmbeddedBroker(
    { config, log, clock: wallClock, ids: randomIds, signal },
    { topics, access: access({ topics, users: [] }), retained },
  )
  bus.onActivity(() => {})
  for (const part of [storage, objects, bus]) await part.start()
  told = []
  await bus.subscribe(topics.rejected('example-desk'), ({ payload }) => {
    told.push(missingPayload.parse(JSON.parse(String(payload))))
  })
  const remove = () => rm(folder, { recursive: true, force: true })
  stopping.push(remove, database.stop, ...[storage, objects, bus].map((part) => () => part.stop()))
})

afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop()
})

async function startCare(): Promise<Component> {
  const care = createObjectCare({ objects, storage, bus, topics, clock, log })
  await care.start()
  stopping.push(() => care.stop())
  return care
}

const inFolder = () => fsStore(join(folder, 'objects'))
const text = payloadOf(Buffer.from('what a batch brought'), { mediaType: 'text/plain' })
const refer = (contentRef: ContentRef) => storage.activities.append([exampleEvent(1, { contentRef })])

/** An activity with its payload, as the write path commits them. */
async function commitWithPayload(): Promise<ContentRef> {
  const payload = { id: text.id, size: text.size, mediaType: 'text/plain', bytes: await buffer(text.open()) }
  const contentRef = { storage: 'postgres' as const, id: text.id }
  const books = { settlements: [], rejected: [] }
  await storage.commit([exampleEvent(1, { contentRef })], () => books, [payload])
  return contentRef
}

it('what waits in Postgres moves to the configured store, and its reference holds', async () => {
  const ref = await commitWithPayload()
  const care = await startCare()
  await expect.poll(() => inFolder().has(ref.id)).toBe(true)
  await expect.poll(() => care.health()).toMatchObject({ state: 'ok', figures: { moved: 1 } })
  expect((await storage.catalogue.locate(ref))?.storage).toBe('fs')
  expect(String(await buffer(await (await objects.open(ref)).read()))).toBe('what a batch brought')
})

it('while the store is away everything waits, health says why, and it goes on when it is back', async () => {
  await rm(join(folder, 'objects'), { recursive: true })
  await writeFile(join(folder, 'objects'), '')
  const ref = await commitWithPayload()
  const care = await startCare()
  await expect
    .poll(() => care.health())
    .toMatchObject({ state: 'degraded', code: 'objects_refused', detail: expect.stringContaining('moving') })
  expect((await storage.catalogue.locate(ref))?.storage).toBe('postgres')
  await rm(join(folder, 'objects'))
  await expect.poll(() => care.health()).toMatchObject({ state: 'ok', figures: { moved: 1 } })
})

it('a payload that never came is asked for on the rejected topic, once an asking', async () => {
  await refer({ storage: 'fs', id: text.id })
  const care = await startCare()
  await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1)
  expect(told[0]).toMatchObject({
    code: 'object_missing',
    id: exampleEvent(1).id,
    storage: 'fs',
    objectId: text.id,
    asked: 1,
  })
  await wallClock.sleep(300)
  expect(told).toHaveLength(1)
  expect(care.health().figures).toMatchObject({ asked: 1, adopted: 0 })
  expect(await objects.put(Buffer.from('what a batch brought'), {})).toMatchObject({ id: text.id })
  expect(await storage.catalogue.askForMissing(10)).toEqual([])
})

it('one whose bytes stand in the store all along is taken in and not asked for', async () => {
  await inFolder().put(text)
  await refer({ storage: 'fs', id: text.id })
  const care = await startCare()
  await expect.poll(() => care.health().figures, { timeout: 10_000 }).toMatchObject({ adopted: 1, asked: 0 })
  expect((await objects.open({ storage: 'fs', id: text.id })).size).toBe(text.size)
  expect(told).toEqual([])
})

it('what nobody refers to goes after the grace, what an activity refers to stays', async () => {
  const kept = await objects.put(Buffer.from('referred to'), {})
  const lost = await objects.put(Buffer.from('of no use'), {})
  await refer(kept)
  const care = await startCare()
  await expect.poll(() => care.health().figures).toMatchObject({ swept: 1 })
  expect([await inFolder().has(kept.id), await inFolder().has(lost.id)]).toEqual([true, false])
})

it('stops at once, also before anything was done, and twice', async () => {
  const care = createObjectCare({ objects, storage, bus, topics, clock: wallClock, log })
  await care.stop()
  const other = createObjectCare({ objects, storage, bus, topics, clock: wallClock, log })
  await other.start()
  await other.stop()
  await other.stop()
  expect(other.health()).toEqual({ state: 'ok', figures: { moved: 0, adopted: 0, asked: 0, swept: 0 } })
})
