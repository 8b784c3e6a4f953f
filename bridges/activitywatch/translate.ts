// From an event of a bucket to a notification: its ids, its phase, its duration. Pure, and the same for events that came
// live, were followed at another server, or are imported. Not for: what is told when (closing.ts), or what kinds of events
// there are (meanings.ts).
import { createHash } from 'node:crypto'
import { eventId } from '../../schemas/ids.ts'
import type { Notification, TranslateContext } from '../bridge.ts'
import { describe } from './describe.ts'
import { factsIn, meaningOf, type Watched } from './meanings.ts'
import type { Data, Json } from './store/buckets.ts'
import { readEvent } from './wire.ts'

/** What is told of an event: absent phase: all at once, it has ended. */
export interface Telling {
  bucket: Watched
  /** The row it is in the bucket. */
  event: { id: number; start: number; data: Data }
  /** µs. */
  duration: number
  phase?: 'start' | 'end' | 'enriched'
}

/** What `duration` may be at most, ms. */
const LONGEST_MS = 1e12

/** True for what is kept in its bucket only, as a notification knows no time before 1970. */
export const isTooOld = ({ start }: { start: number }) => start < 0
/** True for what is told as if it lasted 31 years, which is the longest. */
export const isTooLong = ({ duration }: { duration: number }) => duration > LONGEST_MS * 1000

/**
 * Undefined for what is no event (yet). The native key is bucket (whose name holds the device), start and data, so an event
 * is the same one while it grows and wherever it is read; starts count in whole ms, as aw-server keeps no more of them.
 * What was told at once and what ended have one id, as an import cannot know which of them it was.
 */
export function tell({ bucket, event, duration, phase }: Telling, space: string): Notification | undefined {
  const timestamp = Math.floor(event.start / 1000)
  const { source: sourceOf, type, isOne } = meaningOf(bucket)
  if (timestamp < 0 || isOne?.(event.data) === false) return undefined
  const source = sourceOf(bucket)
  const key = [bucket.id, timestamp * 1000, hashOf(event.data)].join('\0')
  const facts = factsIn(event.data, bucket)
  const lasted = phase === 'start' ? undefined : Math.min(LONGEST_MS, Math.max(0, Math.round(duration / 1000)))
  // It may have grown several times after its end: each is a row of its own.
  const told = phase === 'enriched' ? `${key}\0${lasted}` : key
  return {
    id: eventId({ space, source, key: told, phase: phase ?? 'end', timestamp }),
    source,
    type,
    summary: describe(type, facts, `${bucket.type || 'Event'} (${source})`, lasted),
    timestamp,
    data: facts,
    ...(lasted !== undefined && { duration: lasted }),
    activityId: `activitywatch/${short(key)}`,
    ...(phase && { phase }),
  }
}

/** An example: a bucket, and an event of it as ActivityWatch's API has them. Anything else gives nothing. */
export function translate(input: unknown, { space }: TranslateContext): Notification[] {
  const { bucket, event, phase } = Object(input) as Record<string, unknown>
  const read = readEvent(event)
  const { id, type, client = '', hostname = '' } = Object(bucket) as Record<string, unknown>
  if (!read || [id, type, client, hostname].some((field) => typeof field !== 'string')) return []
  const watched = { id, type, client, hostname } as Watched
  const { start, duration, data } = read
  const known = ['start', 'end', 'enriched'].includes(`${phase}`)
    ? { phase: phase as NonNullable<Telling['phase']> }
    : {}
  return [tell({ bucket: watched, event: { id: 0, start, data }, duration, ...known }, space) ?? []].flat()
}

/** Equal data have equal hashes: the order of keys is no difference. */
function hashOf(data: Data): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(data)))
    .digest('hex')
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const keys = Object.keys(value).sort()
  return keys.map((key) => [key, sorted(value[key] ?? null)])
}

function short(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 24)
}
