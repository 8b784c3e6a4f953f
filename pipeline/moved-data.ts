// Data too large for a row: whole as an object, its head in the row, a reference between them. Pure. Not for: keeping
// the object, which the commit does in the same transaction, or the data that a bridge has moved before it published.
import { createHash } from 'node:crypto'
import { type ActivityEvent, limits } from '../schemas/activity.ts'
import { headOf } from '../schemas/fit.ts'
import { placeForData } from '../schemas/moved-data.ts'
import type { InlinePayload } from '../storage/storage.ts'

export interface Moved {
  /** As it is stored and shown: at most 2 KB of its details, and one reference more. */
  event: ActivityEvent
  /** The details whole, as JSON. */
  payload: InlinePayload
}

const MEDIA_TYPE = 'application/json'
/** JSON written anew may be this much longer than it came: 1e20 becomes 21 digits. */
const GROWTH = 4

/** True if the details of a message of so many bytes may be too large, so that measuring them is worth its time. */
export function mayBeTooLarge(payloadBytes: number): boolean {
  return payloadBytes > limits.dataBytes / GROWTH
}

/**
 * The event in its small form, or undefined if its details are not above 4 KB as JSON. With 16 attachments and a
 * contentRef there is no room for a reference: such an event keeps its details, because none of what it says may go.
 */
export function moveData(event: ActivityEvent): Moved | undefined {
  const { details } = event
  const place = placeForData(event)
  if (!details || !place) return undefined
  const bytes = Buffer.from(JSON.stringify(details))
  if (bytes.length <= limits.dataBytes) return undefined
  const payload = { id: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, mediaType: MEDIA_TYPE }
  const reference = { storage: 'postgres' as const, ...payload }
  return {
    event: { ...event, details: headOf(details), ...place.holding(reference) },
    payload: { ...payload, name: place.name, bytes },
  }
}
