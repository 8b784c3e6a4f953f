// Payloads in a bucket of any S3 server, through the npm `minio` client: `[prefix/]ab/<64 hex digits>`, each put by one
// streamed request. Not for: timeouts (minio/wire.ts), retries (minio/tries.ts), or what errors mean (minio/errors.ts).
//
// One level of folders, because some servers keep keys as paths: a million objects make 256 folders of 4,000; a second
// level would make a folder for nearly each object of a small store, and folders that come and go meet each other.
//
// No multipart uploads, though the client has them: it takes up the unfinished upload of whoever else puts the same key,
// lists to find it, numbers its parts so that equal parts of an object get lost, and leaves parts behind that nobody
// sees and somebody pays. One request may have 5 GiB, is not there until its last byte, and leaves nothing.
import { hash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { isObjectId } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { defineStore, type StoreContext } from './driver.ts'
import { limited } from './limited.ts'
import { bodyOf, heldBack, whole, wholeOf } from './minio/bodies.ts'
import { endpointOf, type MinioConfig, minioConfig } from './minio/config.ts'
import { codeOf, isNoBucket, verdictOf } from './minio/errors.ts'
import { makeTries, type Patience } from './minio/tries.ts'
import { type Attempt, openWire, type Timeouts, type Wire } from './minio/wire.ts'
import type { ByteRange, ObjectStore, Payload, StoredObject } from './object-store.ts'
import { payloadOf } from './payload.ts'
import { streamOf } from './stream-of.ts'

/** Up to here a payload is in memory as a whole: sent and checked in one round trip, read before it is handed out. */
const AT_ONCE = 512 * 1024
/** Each holds AT_ONCE at most: what does not fit waits. */
const UPLOADS = 8

/** How long is waited for what. */
export type Limits = Timeouts & Patience

const usual: Limits = {
  connectMs: 3_000,
  silenceMs: 8_000,
  wholeMs: 60_000,
  askMs: 1_000,
  tries: 4,
  triesMs: 6_000,
  pauseMs: 400,
  restMs: 2_000,
  longestRestMs: 30_000,
}

export const minio = defineStore({
  storage: 'minio',
  title: 'a bucket of an S3 server',
  config: minioConfig,
  create: (config, context) => minioStore(config, context),
})

export function minioStore(
  config: MinioConfig,
  { clock, log }: Pick<StoreContext, 'clock' | 'log'>,
  limits: Limits = usual,
): ObjectStore {
  const { bucket, region } = config
  const place = config.endpoint ?? 'No server'
  const life = new AbortController()
  const inTurn = limited(UPLOADS)
  let opening: Promise<Wire> | undefined
  let bucketReady: Promise<void> | undefined

  const tries = makeTries({
    patience: limits,
    clock,
    signal: life.signal,
    judge: (thrown) => verdictOf(thrown, place),
    onRest: (error) =>
      error ? log.warn({ code: error.code }, error.message) : log.info(`${place} answers again, payloads go there`),
  })

  async function run<T>(work: (attempt: Attempt) => Promise<T>, bytes?: number): Promise<T> {
    const { endpoint, accessKey, secretKey, pathStyle } = config
    if (endpoint === undefined || accessKey === undefined || secretKey === undefined)
      throw new DaybookError('objects_refused', 'Set objects.minio.endpoint, accessKey and secretKey.')
    life.signal.throwIfAborted()
    opening ??= openWire({ endpoint: endpointOf(endpoint), accessKey, secretKey, region, pathStyle, timeouts: limits })
    const wire = await opening
    return tries.run(() => wire.attempt(work, bytes))
  }

  /** Makes sure of the bucket once; what fails is asked again by the next. */
  async function withBucket(attempt: Attempt): Promise<void> {
    bucketReady ??= makeBucket(attempt)
    try {
      await bucketReady
    } catch (error) {
      bucketReady = undefined
      throw error
    }
  }

  async function makeBucket({ client }: Attempt): Promise<void> {
    try {
      if (await client.bucketExists(bucket)) return
    } catch (error) {
      // Keys that may put and get need not have the right to ask for the bucket.
      if (codeOf(error) === 'AccessDenied') return
      throw error
    }
    if (!config.createBucket) throw new DaybookError('objects_refused', `There is no bucket ${bucket} at ${place}.`)
    await client.makeBucket(bucket, region).catch((error: unknown) => {
      // Two makers at once: the other one was faster.
      if (!/^BucketAlready/.test(codeOf(error))) throw error
    })
  }

  /** One try; `bytes`: those of a small payload. */
  async function send(attempt: Attempt, key: string, payload: Payload, bytes: Buffer | null): Promise<void> {
    await withBucket(attempt)
    const headers = { 'Content-Type': contentType(payload.mediaType), 'Content-Length': payload.size }
    const body = bytes ?? Readable.from(heldBack(payload, attempt.wanted()), { objectMode: false })
    const options = { method: 'PUT', bucketName: bucket, objectName: key, headers }
    // What `putObject` ends in, but for the hash, which is known, and the body, which it would hold in memory.
    const answer = await attempt.client.makeRequestStreamAsync(options, body, payload.id, [200], region)
    for await (const _ of answer);
    // The ETag of one request is the MD5 of what was kept, unless the server encrypts; then its size is asked for.
    if (bytes && answer.headers.etag?.replaceAll('"', '') === hash('md5', bytes)) return
    const { size } = await attempt.client.statObject(bucket, key)
    if (size === payload.size) return
    await attempt.client.removeObject(bucket, key)
    throw new DaybookError('objects_unavailable', `${place} kept ${size} of ${payload.size} bytes.`)
  }

  /** A bucket that went away while we run is made again. */
  async function sendTwice(key: string, payload: Payload, bytes: Buffer | null): Promise<void> {
    const work = (attempt: Attempt) => send(attempt, key, payload, bytes)
    try {
      await run(work, payload.size)
    } catch (error) {
      if (!isNoBucket(error)) throw error
      bucketReady = undefined
      await run(work, payload.size)
    }
  }

  /** True for what is not there; a bucket that may be made and was not has nothing in it. */
  const isAbsent = (error: unknown) =>
    (error instanceof DaybookError && error.code === 'object_missing') || (config.createBucket && isNoBucket(error))

  const keyOf = (id: string) => [config.prefix, id.slice(0, 2), id].filter(Boolean).join('/')
  const missing = (id: string) => new DaybookError('object_missing', `minio:${id}`)

  async function read(key: string, range?: ByteRange): Promise<StoredObject> {
    return run(async ({ client, answer, letReaderPace }) => {
      await (range
        ? client.getPartialObject(bucket, key, range.start, range.end - range.start + 1)
        : client.getObject(bucket, key))
      const response = answer()
      const length = Number(response?.headers['content-length'] ?? Number.NaN)
      const size = Number(response?.headers['content-range']?.split('/')[1] ?? length)
      const wanted = range ? range.end - range.start + 1 : size
      if (!response || !Number.isInteger(size) || length !== wanted) {
        response?.destroy()
        const what = `${place} answers with ${length} bytes instead of ${wanted}`
        throw new DaybookError('objects_refused', `${what}: check objects.minio.endpoint and proxies before it.`)
      }
      if (length <= AT_ONCE) return { size, bytes: streamOf(await wholeOf(response, length)) }
      letReaderPace()
      return { size, bytes: bodyOf(response, length, limits.silenceMs) }
    })
  }

  return {
    storage: 'minio',

    async put(payload) {
      if (!isObjectId('minio', payload.id)) throw new DaybookError('object_damaged', `${payload.id} is no SHA-256.`)
      await inTurn(async () => {
        const bytes = payload.size <= AT_ONCE ? await whole(payload) : null
        await sendTwice(keyOf(payload.id), payload, bytes)
      })
    },

    async get(id, range) {
      if (!isObjectId('minio', id)) throw missing(id)
      return read(keyOf(id), range).catch((error: unknown) => {
        throw isAbsent(error) ? missing(id) : error
      })
    },

    async has(id) {
      if (!isObjectId('minio', id)) return false
      const stat = run(({ client }) => client.statObject(bucket, keyOf(id)))
      return stat.then(
        () => true,
        (error: unknown) => {
          if (isAbsent(error)) return false
          throw error
        },
      )
    },

    async delete(id) {
      if (!isObjectId('minio', id)) return
      await run(({ client }) => client.removeObject(bucket, keyOf(id))).catch((error: unknown) => {
        if (!isAbsent(error)) throw error
      })
    },

    async check() {
      const probe = payloadOf(Buffer.from(randomUUID()))
      const key = [config.prefix, `probe-${probe.id}`].filter(Boolean).join('/')
      await sendTwice(key, probe, await whole(probe))
      try {
        const { bytes } = await read(key)
        await whole({ ...probe, open: () => bytes })
      } finally {
        await run(({ client }) => client.removeObject(bucket, key))
      }
    },

    async open() {},

    async close() {
      life.abort(new DaybookError('shutting_down'))
      const wire = await opening?.catch(() => undefined)
      wire?.close()
    },
  }
}

function contentType(mediaType = ''): string {
  return /^[\x21-\x7e][\x20-\x7e]*$/.test(mediaType) ? mediaType : 'application/octet-stream'
}
