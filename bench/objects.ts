// Put and get of payloads in each store against the barest way to the same promise, in turns, so that what else the
// machine does hits both. One at a time, each put of new bytes, into an empty store. What is bare is in bare-objects.ts;
// ours hash the bytes besides, once to name them and once to keep what was named. Not for: many at the same time.
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import pino from 'pino'
import { wallClock } from '../component.ts'
import type { OwnStorage } from '../schemas/content-ref.ts'
import type { StoreContext } from '../storage/objects/driver.ts'
import type { ObjectStore } from '../storage/objects/object-store.ts'
import { payloadOf } from '../storage/objects/payload.ts'
import { stores } from '../storage/objects/registry.ts'
import { type Bare, bareFolder, bareServer, bareTable } from './bare-objects.ts'
import type { Bench, BenchContext } from './bench.ts'
import { freshHouse, pool, temporaryFolder } from './house.ts'
import { median, rounded } from './statistics.ts'

const KB = 1024
/** Bytes, and how many of `count` are put of each. */
const sizes = [
  { name: '2 KB', bytes: 2 * KB, share: 1 },
  { name: '64 KB', bytes: 64 * KB, share: 1 },
  { name: '5 MB', bytes: 5 * KB * KB, share: 0.1 },
] as const

type Size = (typeof sizes)[number]

/** A store and what it is measured against. */
interface Pair {
  store: ObjectStore
  bare: Bare
}

export const objects: Bench = {
  name: 'objects',
  summary: 'Put and get of payloads in each store, against a bare durable write, INSERT or putObject',
  options: {
    count: 300,
    stores: 'fs,postgres,minio',
    endpoint: '',
    'access-key': '',
    'secret-key': '',
    bucket: 'bench',
  },
  async run(context) {
    const measured: Record<string, Record<string, ReturnType<typeof compared>>> = {}
    const skipped: Record<string, string> = {}
    for (const storage of context.text('stores').split(',')) {
      const made = await pairs[storage as OwnStorage]?.(context)
      if (!made) {
        skipped[storage] = storage === 'minio' ? 'no --endpoint was given' : 'there is no such store'
        continue
      }
      await made.store.open()
      measured[storage] = {}
      for (const size of sizes) {
        const { put, get } = await times(made, size, Math.ceil(context.number('count') * size.share))
        for (const [verb, each] of Object.entries({ put, get })) {
          const result = compared(each, size)
          context.say(`${storage} ${verb} ${size.name}: ${JSON.stringify(result)}`)
          measured[storage][`${verb} ${size.name}`] = result
        }
      }
      await made.store.close()
    }
    const shown = measured.fs?.['put 64 KB']
    const ratios = Object.values(measured).flatMap((each) => Object.values(each).map(({ ratio }) => ratio))
    return {
      value: shown?.mbPerSecond ?? 0,
      unit: 'MB/s',
      baseline: { name: 'a bare durable write of 64 KB', value: shown?.bareMbPerSecond ?? 0 },
      ratio: shown?.ratio ?? 0,
      details: { aim: 0.8, worstRatio: Math.min(...ratios), ...measured, skipped },
    }
  },
}

const pairs: Record<OwnStorage, (context: BenchContext) => Promise<Pair | null>> = {
  async fs({ cleanup }) {
    const data = await temporaryFolder(cleanup)
    return { store: storeOf('fs', {}, { data }), bare: await bareFolder(data) }
  },
  async postgres({ cleanup }) {
    const house = await freshHouse(cleanup)
    const connections = pool(cleanup, house.credentials.database.url)
    const store = storeOf('postgres', {}, { pool: () => connections })
    return { store, bare: await bareTable(connections) }
  },
  async minio({ text }) {
    const endpoint = text('endpoint')
    if (!endpoint) return null
    const keys = { accessKey: text('access-key'), secretKey: text('secret-key') }
    const store = storeOf('minio', { endpoint, ...keys, bucket: text('bucket') })
    return { store, bare: await bareServer({ endpoint, ...keys, bucket: `${text('bucket')}-bare` }) }
  },
}

function storeOf(storage: OwnStorage, section: object, given: Partial<StoreContext> = {}): ObjectStore {
  const driver = stores.find((each) => each.storage === storage)
  if (!driver) throw new Error(`There is no store ${storage}.`)
  const context = {
    data: tmpdir(),
    space: 'home',
    log: pino({ level: 'silent' }),
    clock: wallClock,
    pool: noPool,
    ...given,
  }
  return driver.create(driver.config.parse(section), context)
}

function noPool(): never {
  throw new Error('This bench has no database.')
}

/** Ms of each put and get, ours and bare in turns; the first ones are for warming up. */
async function times({ store, bare }: Pair, { bytes, share }: Size, count: number) {
  const put: Times = { ours: [], bare: [] }
  const get: Times = { ours: [], bare: [] }
  const warmUp = Math.ceil(200 * share)
  for (let at = 0; at < warmUp + count; at++) {
    const [mine, theirs] = [randomBytes(bytes), randomBytes(bytes)]
    const { id } = payloadOf(mine)
    const took = {
      put: {
        ours: () => timed(() => store.put(payloadOf(mine, { mediaType: 'image/jpeg' }))),
        bare: () => timed(() => bare.put(`${at}-${bytes}`, theirs)),
      },
      get: {
        ours: () => timed(async () => drain(bytes, (await store.get(id)).bytes)),
        bare: () => timed(async () => drain(bytes, [await bare.get(`${at}-${bytes}`)])),
      },
    }
    for (const [verb, kept] of [
      ['put', put],
      ['get', get],
    ] as const) {
      // Who goes first changes, so that neither always finds the disk as the other left it.
      const order = at % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)
      for (const who of order) {
        const ms = await took[verb][who]()
        if (at >= warmUp) kept[who].push(ms)
      }
    }
  }
  return { put, get }
}

interface Times {
  ours: number[]
  bare: number[]
}

/** Medians, and throughput over throughput. */
function compared({ ours, bare }: Times, { bytes }: Size) {
  const [ms, bareMs] = [median(ours), median(bare)]
  const mbPerSecond = (each: number) => rounded(bytes / KB / KB / (each / 1000), 1)
  return {
    ratio: rounded(bareMs / ms),
    ms: rounded(ms),
    bareMs: rounded(bareMs),
    mbPerSecond: mbPerSecond(ms),
    bareMbPerSecond: mbPerSecond(bareMs),
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** Reads to the last byte, keeping none. */
async function drain(bytes: number, stream: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
  let read = 0
  for await (const chunk of stream) read += chunk.length
  if (read !== bytes) throw new Error(`${read} of ${bytes} bytes were read.`)
}
