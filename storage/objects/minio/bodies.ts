// The bodies of requests and answers, checked on their way. Not for: sending or asking for them.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Payload } from '../object-store.ts'
import { verified } from '../payload.ts'
import { UnreadablePayload } from './errors.ts'

/** Bytes that wait for a reader. */
const AHEAD = 256 * 1024

/** All bytes of a small payload. Throws `object_damaged`. */
export async function whole(payload: Payload): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(payload.size)
  let at = 0
  for await (const chunk of verified(payload)) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/**
 * A payload as a body that is sent once it is wanted, and only as far as it is what it says: the last chunk waits for the
 * hash, and without it no server keeps anything.
 */
export async function* heldBack(payload: Payload, wanted: Promise<boolean>): AsyncGenerator<Uint8Array> {
  if (!(await wanted)) return
  let last: Uint8Array | undefined
  try {
    for await (const chunk of verified(payload)) {
      if (last) yield last
      last = chunk
    }
  } catch (error) {
    throw error instanceof DaybookError ? error : new UnreadablePayload(error)
  }
  if (last) yield last
}

/** All bytes of an answer of `length` bytes; rejects with `objects_unavailable` if it breaks off or goes on. */
export async function wholeOf(answer: IncomingMessage, length: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let seen = 0
  await new Promise<void>((resolve, reject) => {
    answer.on('data', (chunk: Buffer) => {
      seen += chunk.length
      chunks.push(chunk)
      if (seen > length) reject(broken('goes on', seen, length))
    })
    answer.once('end', resolve)
    answer.once('error', (error) => reject(broken('broke off', seen, length, error)))
  })
  if (seen < length) throw broken('ended', seen, length)
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}

/**
 * An answer's body of `length` bytes. What breaks off, goes on, or stalls for `silenceMs` while someone waits for it
 * destroys the stream with `objects_unavailable`; a reader may take all the time it wants.
 */
export function bodyOf(answer: IncomingMessage, length: number, silenceMs: number): Readable {
  let seen = 0
  let wanted = true
  const fail = (why: string, cause?: unknown) => body.destroy(broken(why, seen, length, cause))
  const timer = setTimeout(() => wanted && fail('stalled'), silenceMs)
  const body = new Readable({
    highWaterMark: AHEAD,
    read() {
      if (wanted) return
      wanted = true
      timer.refresh()
      answer.resume()
    },
    destroy(error, done) {
      clearTimeout(timer)
      answer.destroy()
      done(error)
    },
  })
  answer.on('data', (chunk: Buffer) => {
    seen += chunk.length
    timer.refresh()
    if (seen > length) return fail('goes on')
    wanted = body.push(chunk)
    if (!wanted) answer.pause()
  })
  answer.once('end', () => (seen < length ? fail('ended') : body.push(null)))
  answer.once('error', (error) => fail('broke off', error))
  // Who comes to read later finds the stream destroyed with its error; until then nobody need be there to hear it.
  body.on('error', () => {})
  return body
}

function broken(why: string, seen: number, length: number, cause?: unknown): DaybookError {
  return new DaybookError('objects_unavailable', `The answer ${why} after ${seen} of ${length} bytes.`, { cause })
}
