// Deterministic ids: a UUIDv7 (RFC 9562, 5.7) whose time is the event's and whose other 74 bits are a hash of what the
// event is, so that live, gap-filled and imported copies of one event are one row. Not for: random ids, which
// component.ts hands out for epochs and requests.
import { hash } from 'node:crypto'

/** What makes an event itself. `key` is its globally unique native key: it names device or account, never the producer. */
export interface EventIdentity {
  space: string
  source: string
  key: string
  phase?: string | undefined
  /** Epoch ms, 0 to 2^48 - 1. */
  timestamp: number
}

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** The id of an event: the same identity gives the same id, ids of later events sort later. */
export function eventId({ space, source, key, phase, timestamp }: EventIdentity): string {
  const digest = hash('sha256', `${space}\0${source}\0${key}\0${phase ?? ''}`, 'hex')
  const time = Math.trunc(timestamp).toString(16).padStart(12, '0')
  const variant = (8 + (Number.parseInt(digest.charAt(3), 16) & 3)).toString(16)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`
}

/** True for a lower-case UUIDv7. */
export function isUuidV7(id: string): boolean {
  return UUID_V7.test(id)
}

/** The event time of a UUIDv7, epoch ms. */
export function idTime(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** The lowest UUID of a millisecond, of any number that is given as one: time filters become id ranges with it. */
export function lowestId(timestamp: number): string {
  const time = Math.min(Math.max(0, Math.trunc(timestamp)), 2 ** 48 - 1)
    .toString(16)
    .padStart(12, '0')
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`
}
