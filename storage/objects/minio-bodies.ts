// The bodies of requests and answers, checked on their way. Not for: sending or asking for them.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { DaybookError } from '../../schemas/errors.ts'
import { UnreadablePayload } from './minio-errors.ts'
import type { Payload } from './object-store.ts'
import { verified } from './payload.ts'

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

/**
 * An answer's body of `length` bytes. What breaks off, is longer, or stalls for `silenceMs` while someone waits for it
 * destroys the stream with `objects_unavailable`; a reader may take all the time it wants.
 */
export function bodyOf(answer: IncomingMessage, length: number, silenceMs: number): Readable {
  const body = Readable.from(counted(answer, length, silenceMs), { objectMode: false, highWaterMark: 64 * 1024 })
  body.once('close', () => answer.destroy())
  return body
}

async function* counted(answer: IncomingMessage, length: number, silenceMs: number): AsyncGenerator<Buffer> {
  let seen = 0
  const broken = (why: string, cause?: unknown) =>
    new DaybookError('objects_unavailable', `The answer ${why} after ${seen} of ${length} bytes.`, { cause })
  const stalled = () => answer.destroy(broken('stalled'))
  let timer = setTimeout(stalled, silenceMs)
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      clearTimeout(timer)
      seen += chunk.length
      if (seen > length) throw broken('goes on')
      yield chunk
      timer = setTimeout(stalled, silenceMs)
    }
  } catch (error) {
    throw error instanceof DaybookError ? error : broken('broke off', error)
  } finally {
    clearTimeout(timer)
  }
  if (seen < length) throw broken('ended')
}
