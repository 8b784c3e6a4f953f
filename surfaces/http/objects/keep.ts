// PUT of a payload's bytes: as they come, never as a whole in memory; text loses its secrets on the way. Not for: where
// they are kept.
import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { finished } from 'node:stream/promises'
import type { Clock } from '../../../component.ts'
import { begun, redacted } from '../../../pipeline/redact-blocks.ts'
import { type ContentRef, contentRef } from '../../../schemas/content-ref.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import { isText } from '../../../schemas/media-types.ts'
import type { Objects } from '../../../storage/objects.ts'
import type { InTime } from '../in-time.ts'
import { promisedId } from './digest.ts'
import { essenceOf, nameIn } from './disposition.ts'
import { createPlaces } from './places.ts'

/** Payloads on their way in at once; how long others wait unread, ms. */
const COMING_MOST = 32
const WAIT_MS = 30_000

const parameters = ['name', 'id']

/** Media types that say nothing of the bytes: what a sender has that knows none, and what curl says of everything. */
const untold: ReadonlySet<string | null> = new Set(['application/octet-stream', 'application/x-www-form-urlencoded'])
/** Charsets in which no ASCII is seen: a secret would not be found. */
const UNSEEN = /;\s*charset\s*=\s*"?(?:utf-?(?:7|16|32)|(?:iso-10646-)?ucs)/i

/** What is still read of a body that is refused, so that its sender hears why: bytes, ms. */
const SKIMMED_MOST = { bytes: 64 * 1024 * 1024, ms: 10_000 }

export interface KeepRequest {
  /** `name` and `id`. */
  query: Record<string, string>
  header(name: string): string | undefined
  incoming: IncomingMessage
}

export interface ObjectKeeper {
  /** Throws what `Objects.put` does and `invalid`. The reference is that of the bytes that are kept. */
  keep(request: KeepRequest): Promise<ContentRef>
}

export interface ObjectKeeperOptions {
  objects: Pick<Objects, 'put'>
  redactText: (text: string) => string
  inTime: InTime
  clock: Clock
  /** How long a payload waits for a place among those on their way, ms. Default 30,000. */
  waitMs?: number
}

export function createObjectKeeper(options: ObjectKeeperOptions): ObjectKeeper {
  const { objects, redactText, inTime, clock, waitMs = WAIT_MS } = options
  const places = createPlaces({ most: COMING_MOST, waitMs, clock })

  async function put(request: KeepRequest): Promise<ContentRef> {
    const { mediaType, name, id, size } = aboutOf(request, redactText)
    const arrived = Promise.withResolvers<void>()
    const body = bodyOf(request.incoming, arrived.resolve)
    // Of text the promise is about what was sent, not about what is kept.
    const asText = (bytes: AsyncIterable<Uint8Array>, whileText: boolean) =>
      objects.put(redacted(promised(bytes, id), redactText, { whileText }), { mediaType, name })
    const asBytes = (bytes: AsyncIterable<Uint8Array>) => objects.put(bytes, { mediaType, name, id, size })
    if (isText(mediaType)) return inTime(asText(body, false), arrived.promise)
    if (!untold.has(essenceOf(mediaType))) return inTime(asBytes(body), arrived.promise)
    const { isText: looksLikeText, whole, leave } = await begun(body)
    try {
      return await inTime(looksLikeText ? asText(whole, true) : asBytes(whole), arrived.promise)
    } finally {
      leave()
    }
  }

  return {
    async keep(request) {
      const { incoming } = request
      const leave = await places.take()
      try {
        if (!leave)
          throw new DaybookError('objects_unavailable', `${COMING_MOST} others are on their way; none ended in time.`)
        return await put(request)
      } catch (error) {
        // Whoever went away while waiting left no error behind.
        if (incoming.errored || (incoming.destroyed && !incoming.readableEnded))
          throw new DaybookError('invalid', 'The connection ended before the body did.')
        if (!incoming.readableEnded) await skim(incoming)
        throw error
      } finally {
        leave?.()
      }
    },
  }
}

/** Throws `invalid` for what is said in a wrong form. */
function aboutOf({ query, header }: KeepRequest, redactText: (text: string) => string) {
  const odd = Object.keys(query).find((name) => !parameters.includes(name))
  if (odd)
    throw new DaybookError('invalid', `${odd}: there is no such parameter; there are ${parameters.join(' and ')}`)
  const coding = header('content-encoding') ?? 'identity'
  if (coding !== 'identity')
    throw new DaybookError('invalid', `content-encoding: ${coding} is not undone here; send it plain`)
  // RFC 9110, 14.5.
  if (header('content-range')) throw new DaybookError('invalid', 'content-range: an object comes whole')
  const mediaType = header('content-type') ?? 'application/octet-stream'
  if (essenceOf(mediaType) === null || !contentRef.shape.mediaType.safeParse(mediaType).success) {
    throw new DaybookError('invalid', 'content-type: must be a media type of at most 127 characters')
  }
  if (isText(mediaType) && UNSEEN.test(mediaType)) {
    throw new DaybookError('invalid', 'content-type: secrets are not found in this charset; send the text as UTF-8')
  }
  const given = query.name ?? nameIn(header('content-disposition'))
  const name = given === undefined || given === '' ? undefined : redactText(given)
  if (!contentRef.shape.name.safeParse(name).success)
    throw new DaybookError('invalid', 'name: must have at most 255 characters')
  const length = header('content-length')
  return { mediaType, name, id: promisedId(query.id, header), size: length === undefined ? undefined : Number(length) }
}

/** The body; leaving it early does not cut the connection, on which the answer has still to go. */
async function* bodyOf(incoming: IncomingMessage, ended: () => void): AsyncGenerator<Uint8Array> {
  yield* incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>
  ended()
}

/** The same bytes; throws `object_damaged` at their end if they are not those that were promised. */
async function* promised(body: AsyncIterable<Uint8Array>, id: string | undefined): AsyncGenerator<Uint8Array> {
  if (id === undefined) return yield* body
  const hash = createHash('sha256')
  for await (const chunk of body) {
    hash.update(chunk)
    yield chunk
  }
  const is = hash.digest('hex')
  if (is !== id) throw new DaybookError('object_damaged', `Their SHA-256 is ${is}, not ${id}.`)
}

/** Whoever is still sending when we answer and close sees a broken connection instead of the answer. */
async function skim(incoming: IncomingMessage): Promise<void> {
  const enough = new AbortController()
  let left = SKIMMED_MOST.bytes
  incoming.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) enough.abort()
  })
  incoming.resume()
  const signal = AbortSignal.any([enough.signal, AbortSignal.timeout(SKIMMED_MOST.ms)])
  await finished(incoming, { writable: false, signal }).catch(() => {})
}
