// One place for bytes over all stores: puts go to the configured one or, while that is away, to Postgres; a reference is
// read in the store that it names, whatever is configured now. Not for: when to move, ask and sweep, which the pipeline
// decides.
import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import type { Clock, Logger } from '../../component.ts'
import { type ContentRef, isOwn, type OwnStorage } from '../../schemas/content-ref.ts'
import { asDaybookError, DaybookError, type ErrorCode } from '../../schemas/errors.ts'
import type { Catalogue, ObjectEntry, ObjectKey } from '../catalogue.ts'
import type { ObjectAbout, Objects, OpenObject } from '../objects.ts'
import { type AtSource, remembering } from './at-source.ts'
import { createFormerStores } from './former-stores.ts'
import type { ByteRange, ObjectStore, Payload } from './object-store.ts'
import { openStores } from './open-stores.ts'
import { emptySpool, payloadOf, spool } from './payload.ts'
import { createStoreState, isStoreTrouble } from './store-state.ts'
import { createUsage } from './usage.ts'

export interface ObjectsOptions {
  /** Where puts go. */
  driver: OwnStorage
  /** Every store that is configured, the driver's among them. */
  stores: readonly ObjectStore[]
  /** Opened before the objects are. */
  storage: { readonly catalogue: Catalogue }
  /** Reads at its owner what a reference to a storage of others names; `object_missing` if nobody can be asked. */
  source(key: ObjectKey): Promise<AtSource>
  /** A folder for what comes in as a stream; best on the disk of the `fs` store. */
  spool: string
  /** The most that one object may have, bytes. */
  most: number
  /** How long nobody may have used what nobody refers to, ms. */
  graceMs: number
  clock: Clock
  log: Logger
  /** Aborts when the house stops. */
  signal: AbortSignal
}

/** Larger ones wait at their sender while the store is away: Postgres is not made for them. Bytes. */
const FALLBACK_MOST = 64 * 1024 * 1024
const MOVED_AT_ONCE = 8
const START_MOST_MS = 1_000
/** What is not the fault of the object that is being moved. */
const passing: readonly ErrorCode[] = [
  'objects_unavailable',
  'objects_refused',
  'database_unavailable',
  'database_conflict',
  'shutting_down',
]
const UNKNOWN = 'application/octet-stream'

export function createObjects(options: ObjectsOptions): Objects {
  const { driver, storage, source, spool: folder, most, graceMs, clock, log, signal } = options
  const stores = openStores(options.stores)
  const state = createStoreState({ clock, log })
  const usage = createUsage({ storage, clock, log })
  const former = createFormerStores({ driver, stores, usage, clock })
  const atSource = remembering(source, { clock, signal })
  /** Those in Postgres that could not be read, so that they keep no others from moving. */
  const stuck = new Set<string>()

  async function keep(payload: Payload, name: string | undefined): Promise<ContentRef> {
    const elsewhere = driver !== 'postgres' && payload.size <= FALLBACK_MOST
    if (!elsewhere || !state.away()) {
      try {
        return await state.tried(async () => keepIn(await stores.get(driver), payload, name))
      } catch (thrown) {
        if (!elsewhere || !isStoreTrouble(asDaybookError(thrown))) throw thrown
      }
    }
    return keepIn(await stores.get('postgres'), payload, name)
  }

  async function keepIn(store: ObjectStore, payload: Payload, name: string | undefined): Promise<ContentRef> {
    const { id, size, mediaType } = payload
    const entry: ObjectEntry = { storage: store.storage, id, size, mediaType, name }
    const known = await storage.catalogue.touch(entry)
    if (!known || !(await store.has(id))) {
      await storage.catalogue.put(entry, () => store.put(payload))
      if (!known) usage.add(entry)
    }
    return { storage: store.storage, id, size, ...(mediaType && { mediaType }), ...(name && { name }) }
  }

  async function openOwn(ref: ContentRef, key: ObjectKey): Promise<OpenObject> {
    const { catalogue } = storage
    const at = (await catalogue.locate(key)) ?? ((await adopt(key)) ? await catalogue.locate(key) : null)
    if (!at) throw new DaybookError('object_missing', `${key.storage}:${key.id}`)
    await stores.get(at.storage)
    const read = async (from: ObjectEntry, range?: ByteRange) =>
      (await (await stores.get(from.storage)).get(from.id, range)).bytes
    return {
      ref,
      size: at.size,
      mediaType: ref.mediaType ?? at.mediaType ?? UNKNOWN,
      hash: at.id,
      async read(range) {
        try {
          return await read(at, range)
        } catch (thrown) {
          // It may have moved meanwhile.
          const now = asDaybookError(thrown).code === 'object_missing' ? await catalogue.locate(key) : at
          if (!now || now.storage === at.storage) throw thrown
          return read(now, range)
        }
      },
    }
  }

  async function openForeign(ref: ContentRef, key: ObjectKey): Promise<OpenObject> {
    const { bytes, mediaType } = await atSource(key)
    return {
      ref,
      size: bytes.length,
      mediaType,
      hash: createHash('sha256').update(bytes).digest('hex'),
      read: async ({ start, end } = { start: 0, end: bytes.length - 1 }) =>
        Readable.from([Buffer.from(bytes.subarray(start, end + 1))], { objectMode: false }),
    }
  }

  async function adopt({ storage: name, id }: ObjectKey): Promise<boolean> {
    if (!isOwn(name) || !stores.names.includes(name)) return false
    const store = await stores.get(name)
    const size = await sizeOfSound(store, id)
    if (size === null) return copied(store, id)
    const ref = await storage.catalogue.reference({ storage: name, id })
    const entry = { storage: store.storage, id, size, mediaType: ref?.mediaType, name: ref?.name }
    await storage.catalogue.put(entry, async () => {
      if (!(await store.has(id))) throw new DaybookError('object_missing', `${name}:${id}`)
    })
    usage.add(entry)
    return true
  }

  /** The same bytes may have come into another store of ours. */
  async function copied(to: ObjectStore, id: string): Promise<boolean> {
    for (const other of stores.names) {
      if (other === to.storage) continue
      const at = await storage.catalogue.locate({ storage: other, id })
      if (!at) continue
      const from = await stores.get(at.storage)
      await keepIn(to, { ...at, open: () => untilStopped(from, id) }, at.name)
      return true
    }
    return false
  }

  /** Nobody has looked at these bytes before. Null if there are none, or others than their name says. */
  async function sizeOfSound(store: ObjectStore, id: string): Promise<number | null> {
    try {
      const hash = createHash('sha256')
      const { size, bytes } = await store.get(id)
      for await (const chunk of bytes) hash.update(chunk)
      if (hash.digest('hex') === id) return size
      log.warn({ storage: store.storage, id }, 'bytes that are not those of their name are left alone')
      return null
    } catch (error) {
      if (asDaybookError(error).code === 'object_missing') return null
      throw error
    }
  }

  /** True if it has moved. What cannot be read in Postgres stays there and is not tried again in this run. */
  async function moveOne(entry: ObjectEntry, from: ObjectStore, to: ObjectStore): Promise<boolean> {
    const { id, size, mediaType } = entry
    const payload: Payload = { id, size, mediaType, open: () => untilStopped(from, id) }
    try {
      await state.tried(() => storage.catalogue.put({ ...entry, storage: driver }, () => to.put(payload)))
      await storage.catalogue.moved(id, driver)
      return true
    } catch (thrown) {
      const { code, detail } = asDaybookError(thrown)
      if (passing.includes(code)) throw thrown
      log.error({ id, code, reason: detail }, 'an object cannot be moved')
      stuck.add(id)
      return false
    }
  }

  async function* untilStopped(store: ObjectStore, id: string): AsyncGenerator<Uint8Array> {
    const { bytes } = await store.get(id)
    for await (const chunk of bytes) {
      if (signal.aborted) throw new DaybookError('shutting_down')
      yield chunk
    }
  }

  /** A store that is away keeps nothing from starting: it is opened when it is needed. */
  async function openAtStart(): Promise<void> {
    try {
      await state.tried(() => stores.get(driver))
    } catch (thrown) {
      if (!isStoreTrouble(asDaybookError(thrown))) throw thrown
    }
  }

  /** The configured store; after a failure it must first show that it works. */
  const working = () =>
    state.tried(async () => {
      const store = await stores.get(driver)
      if (state.trouble()) await store.check()
      return store
    })

  return {
    name: 'objects',

    async start() {
      await emptySpool(folder)
      // One that lets us wait is waited for elsewhere.
      await Promise.race([openAtStart(), clock.sleep(START_MOST_MS)])
      await usage.start()
      former.start()
    },

    async stop() {
      usage.stop()
      former.stop()
      await stores.close()
    },

    health() {
      const waiting = driver === 'postgres' ? 0 : usage.of('postgres').objects
      const own = state.health()
      const health = own.state === 'ok' ? former.health() : own
      return { ...health, figures: { driver, waiting, stuck: stuck.size, ...usage.figures() } }
    },

    async put(bytes, { name, ...about }: ObjectAbout) {
      if (!(bytes instanceof Uint8Array)) {
        await using spooled = await spool(bytes, { folder, most, about })
        return await keep(spooled, name)
      }
      if (bytes.length > most) throw new DaybookError('too_large', `An object may have at most ${most} bytes.`)
      return keep(payloadOf(bytes, about), name)
    },

    async open(key) {
      const ref = await storage.catalogue.reference(key)
      if (!ref) throw new DaybookError('not_found', `${key.storage}:${key.id}`)
      return isOwn(key.storage) ? openOwn(ref, key) : openForeign(ref, key)
    },

    adopt,

    async move() {
      const to = await working()
      if (driver === 'postgres') return 0
      const from = await stores.get('postgres')
      let moved = 0
      for (const entry of await storage.catalogue.unmoved(MOVED_AT_ONCE + stuck.size)) {
        if (signal.aborted) break
        if (!stuck.has(entry.id) && (await moveOne(entry, from, to))) moved++
      }
      if (moved > 0) await usage.read()
      return moved
    },

    async sweep() {
      const swept = await storage.catalogue.sweep(graceMs, async ({ storage: name, id }) => {
        await (await stores.get(name)).delete(id)
      })
      if (swept.removed > 0) await usage.read()
      return swept
    },
  }
}
