// What is too heavy for a notification and goes beside it: the payloads that a bridge attaches, without their secrets,
// and `data` above 4 KB, of which a head stays. Not for: keeping or uploading them, which the outbox does.
import { isUtf8 } from 'node:buffer'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { limits } from '../schemas/activity.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { asDaybookError, DaybookError } from '../schemas/errors.ts'
import { fitted, headOf } from '../schemas/fit.ts'
import { isText } from '../schemas/media-types.ts'
import { placeForData } from '../schemas/moved-data.ts'
import type { BridgeHost, Notification } from './bridge.ts'

const PAYLOAD_MOST = 64 * 1024 * 1024

type Attach = BridgeHost<unknown>['attach']

export interface PayloadsParts {
  /** Keeps the bytes as they are. */
  keep: Attach
  /** Takes secrets out of a text. */
  redactText(text: string): { text: string }
  paused(): boolean
}

/** Attaches for a bridge, without the secrets of text; while paused nothing is kept. Errors as in BridgeHost.attach. */
export function attaching({ keep, redactText, paused }: PayloadsParts): Attach {
  return (bytes, about) => {
    if (bytes.byteLength > PAYLOAD_MOST) {
      throw new DaybookError('too_large', `A payload may have 64 MiB, this one has ${bytes.byteLength} bytes.`)
    }
    if (!paused()) return keep(isText(about.mediaType) ? redacted(bytes, redactText) : bytes, about)
    // What refers to it is not kept either.
    const id = createHash('sha256').update(bytes).digest('hex')
    return { storage: 'fs', id, size: bytes.byteLength, ...about }
  }
}

export interface FilesParts {
  /** Keeps the bytes as they come; what the body throws ends it, and nothing is kept. */
  keepFile(body: AsyncIterable<Uint8Array>, about: { mediaType: string; name?: string }): Promise<ContentRef>
  /** Takes secrets out of a text. */
  redactBody(body: AsyncIterable<Uint8Array>, mediaType: string): AsyncIterable<Uint8Array>
  paused(): boolean
}

/** The same for a path or a body that comes piece by piece; a pause that begins meanwhile ends it. */
export function attachingFiles({ keepFile, redactBody, paused }: FilesParts): BridgeHost<unknown>['attachFile'] {
  async function* untilPaused(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      if (paused()) throw new Paused()
      yield piece
    }
  }
  return async (body, about) => {
    // What refers to it is not kept either.
    const nothing = { storage: 'fs', id: createHash('sha256').digest('hex'), size: 0, ...about } as const
    if (paused()) return nothing
    const whole = untilPaused(typeof body === 'string' ? createReadStream(body) : body)
    try {
      return await keepFile(isText(about.mediaType) ? redactBody(whole, about.mediaType) : whole, about)
    } catch (error) {
      if (error instanceof Paused) return nothing
      throw error
    }
  }
}

class Paused extends Error {}

/**
 * The notification in the form in which it is published: `data` above 4 KB becomes the attachment `data` and a head
 * stays; where there is no room for another reference or payload, long texts are cut. Throws as `keep` does otherwise.
 */
export function lightened(notification: Notification, keep: Attach): Notification {
  const { data } = notification
  const place = placeForData(notification)
  if (!data || !place) return fitted(notification)
  const bytes = Buffer.from(JSON.stringify(data))
  if (bytes.length <= limits.dataBytes) return fitted(notification)
  try {
    const moved = keep(bytes, { mediaType: 'application/json', name: place.name })
    return fitted({ ...notification, data: headOf(data), ...place.holding(moved) })
  } catch (error) {
    if (!['outbox_full', 'too_large'].includes(asDaybookError(error).code)) throw error
    return fitted(notification)
  }
}

/** Text that is no UTF-8 is looked through byte by byte, so that all else stays as it is. */
function redacted(bytes: Uint8Array, redactText: PayloadsParts['redactText']): Uint8Array {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
  const { text } = redactText(whole)
  return text === whole ? bytes : Buffer.from(text, encoding)
}
