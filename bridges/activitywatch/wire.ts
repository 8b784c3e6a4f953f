// ActivityWatch's own JSON, as servers answer it and exports hold it, read into what the bucket store keeps: times in µs,
// checked, nothing thrown. Not for: the JSON of our own server (server/), or what an event means (translate.ts).
import { readInstant } from './query/instants.ts'
import type { Data, Draft, NewBucket } from './store/buckets.ts'
import { checkTimes, textOf } from './store/limits.ts'

/** RFC 3339 and what watchers make of it: `+0100`, no offset at all, up to nanoseconds. µs since 1970. */
export function readTime(text: unknown): number | undefined {
  return typeof text === 'string' ? readInstant(text.trim())?.us : undefined
}

export interface WireEvent extends Draft {
  id?: number
}

/** An event; undefined for what is none, or too large or too deep to be kept. Whole milliseconds, as aw-server keeps them: the rest is dropped. */
export function readEvent(value: unknown): WireEvent | undefined {
  const { id, timestamp, duration, data } = Object(value) as Record<string, unknown>
  const start = readTime(timestamp)
  const lasts = duration === undefined || duration === null ? 0 : Number(duration) * 1e6
  if (start === undefined || typeof data !== 'object' || data === null || Array.isArray(data)) return undefined
  const event = { start: Math.floor(start / 1000) * 1000, duration: Math.round(lasts), data: data as Data }
  if (!isKept(event)) return undefined
  return Number.isSafeInteger(id) ? { id: id as number, ...event } : event
}

function isKept(event: Draft): boolean {
  try {
    checkTimes(event)
    textOf(event.data)
    return true
  } catch {
    return false
  }
}

/** A bucket; fields that are missing are empty. Undefined for what has no id. */
export function readBucket(id: string, value: unknown): NewBucket | undefined {
  const { type, client, hostname, name, data, created } = Object(value) as Record<string, unknown>
  if (id === '') return undefined
  const text = (field: unknown) => (typeof field === 'string' ? field : '')
  const at = readTime(created)
  return {
    id,
    ...{ type: text(type), client: text(client), hostname: text(hostname) },
    name: typeof name === 'string' ? name : null,
    data: typeof data === 'object' && data !== null && !Array.isArray(data) ? (data as Data) : {},
    ...(at !== undefined && { created: at }),
  }
}
