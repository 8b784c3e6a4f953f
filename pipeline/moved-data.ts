// Data too large for a row: whole as an object, its head in the row, a reference between them. Pure. Not for: keeping
// the object, which the commit does in the same transaction, or the data that a bridge has moved before it published.
import { createHash } from 'node:crypto'
import { type ActivityEvent, limits, MOVED_DATA } from '../schemas/activity.ts'
import { headOf } from '../schemas/fit.ts'
import type { InlinePayload } from '../storage/storage.ts'

export interface Moved {
  /** As it is stored and shown: at most 2 KB of its details, and one attachment more. */
  event: ActivityEvent
  /** The details whole, as JSON. */
  payload: InlinePayload
}

const MEDIA_TYPE = 'application/json'
const ATTACHMENTS = 16
/** JSON written anew may be this much longer than it came: 1e20 becomes 21 digits. */
const GROWTH = 4

/** True if the details of a message of so many bytes may be too large, so that measuring them is worth its time. */
export function mayBeTooLarge(payloadBytes: number): boolean {
  return payloadBytes > limits.dataBytes / GROWTH
}

/**
 * The event in its small form, or undefined if its details are not above 4 KB as JSON. With 16 attachments there is no
 * room for a reference: such an event keeps its details, because none of what it says may go.
 */
export function moveData(event: ActivityEvent): Moved | undefined {
  const { details, attachments = [] } = event
  if (!details || attachments.length >= ATTACHMENTS) return undefined
  const bytes = Buffer.from(JSON.stringify(details))
  if (bytes.length <= limits.dataBytes) return undefined
  const payload = { id: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, mediaType: MEDIA_TYPE }
  const name = unused(new Set(attachments.map((attachment) => attachment.name)))
  const reference = { storage: 'postgres' as const, ...payload, name }
  return {
    event: { ...event, details: headOf(details), attachments: [...attachments, reference] },
    payload: { ...payload, name, bytes },
  }
}

/** `data`, or where something else bears that name, `data-2` and so on. */
function unused(taken: ReadonlySet<string>): string {
  let name: string = MOVED_DATA
  for (let n = 2; taken.has(name); n++) name = `${MOVED_DATA}-${n}`
  return name
}
