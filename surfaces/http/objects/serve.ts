// GET and HEAD of an object, to a browser too: only what the space refers to, never to be run, in the parts asked for,
// as fast as it is read. Not for: who may ask (routes.ts), or where the bytes are.
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Objects } from '../../../storage/objects.ts'
import type { InTime } from '../in-time.ts'
import { problemResponse } from '../problem.ts'
import { dispositionHeaders, servedType } from './disposition.ts'
import { objectKey } from './key.ts'
import { askedRange, entityTag, isKnown, isWanted } from './range.ts'

/** Asked for or on their way to readers at once: each holds a file or a connection, or bytes of others in memory. */
const OPEN_MOST = 64
/** A reader that takes nothing for this long has gone, ms. */
const STALL_MS = 60_000

const headers = {
  'accept-ranges': 'bytes',
  // Kept by the caller alone and asked about each time: what was forgotten must not come out of a cache.
  'cache-control': 'private, no-cache',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

export interface ObjectRequest {
  method: string
  storage: string
  id: string
  /** The media type that a signed link names. */
  type?: string | undefined
  header(name: string): string | undefined
  outgoing: ServerResponse
}

export interface ObjectServer {
  /** Throws what `Objects.open` does and `invalid`; a response that streams is already on its way when it resolves. */
  serve(request: ObjectRequest): Promise<Response>
}

export interface ObjectServerOptions {
  objects: Pick<Objects, 'open'>
  inTime: InTime
  log: Logger
}

export function createObjectServer({ objects, inTime, log }: ObjectServerOptions): ObjectServer {
  let open = 0

  /** Sends exactly `length` bytes; what goes wrong in the middle cuts the connection: half an object is no answer. */
  async function send(outgoing: ServerResponse, head: Head, bytes: Readable): Promise<void> {
    outgoing.writeHead(head.status, head.headers)
    outgoing.setTimeout(STALL_MS, () => outgoing.destroy())
    try {
      await pipeline(bytes, exactly(Number(head.headers['content-length'])), outgoing)
    } catch (error) {
      const { code = '', message } = error as NodeJS.ErrnoException
      if (code !== 'ERR_STREAM_PREMATURE_CLOSE') log.warn({ reason: message }, 'an object was not sent to its end')
    } finally {
      bytes.destroy()
    }
  }

  async function answer({ method, storage, id, type, header, outgoing }: ObjectRequest): Promise<Response> {
    const object = await inTime(objects.open(objectKey(storage, id)))
    const etag = entityTag(object.hash)
    const { size } = object
    if (!isWanted(header('if-match'), etag)) throw new DaybookError('version_refused')
    if (isKnown(header('if-none-match'), etag)) {
      return new Response(null, { status: 304, headers: { ...headers, etag } })
    }
    const whole = {
      ...headers,
      ...dispositionHeaders(type ?? servedType(object.mediaType), object.ref.name),
      etag,
      'content-length': String(size),
    }
    // RFC 9110, 14.2: a range is one of GET only.
    if (method === 'HEAD') return new Response(null, { headers: whole })
    const asked = askedRange(header('range'), header('if-range'), etag, size)
    if (asked === 'none') {
      return problemResponse(new DaybookError('range_refused', `It has ${size} bytes.`), {
        'content-range': `bytes */${size}`,
      })
    }
    if (asked === 'whole') await send(outgoing, { status: 200, headers: whole }, await object.read())
    else await send(outgoing, partOf(whole, asked, size), await object.read(asked))
    return sent()
  }

  return {
    async serve(request) {
      if (open >= OPEN_MOST) throw new DaybookError('objects_unavailable', `${OPEN_MOST} are being read already.`)
      open++
      try {
        return await answer(request)
      } finally {
        open--
      }
    },
  }
}

interface Head {
  status: number
  headers: Record<string, string>
}

function partOf(whole: Record<string, string>, { start, end }: { start: number; end: number }, size: number): Head {
  return {
    status: 206,
    headers: {
      ...whole,
      'content-length': String(end - start + 1),
      'content-range': `bytes ${start}-${end}/${size}`,
    },
  }
}

/** Passes bytes on; throws when they are not as many as were announced. */
function exactly(length: number) {
  return async function* (bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let left = length
    for await (const chunk of bytes) {
      left -= chunk.length
      if (left < 0) break
      yield chunk
    }
    if (left !== 0) throw new DaybookError('object_damaged', `It is not ${length} bytes long.`)
  }
}

/** Tells the adapter that the answer has left by itself: it would write on after an error in the middle. */
export function sent(): Response {
  return new Response(null, { headers: { 'x-hono-already-sent': 'true' } })
}
