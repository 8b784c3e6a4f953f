// What is held in memory of each bucket: its description, how far back a range must look, and its last event, which most
// heartbeats only make longer. Pure but for the file that it is read from. Not for: writing (open.ts).
import type { Bucket, Json, Kept, StoredEvent } from './buckets.ts'
import type { Statements } from './file.ts'

/** One bucket of the file. */
export interface Known {
  key: number
  bucket: Bucket
  /** No event of it lasts longer, µs. */
  longest: number
  /** The event that the next heartbeat may go on with, null in an empty bucket, undefined if it has to be looked up. */
  last: LastEvent | null | undefined
}

export type LastEvent = Pick<Kept, 'event' | 'pulsetime'>

interface BucketRow extends Omit<Bucket, 'data'> {
  key: number
  data: string
  longest: number
}

export interface EventRow {
  id: number
  start: number
  duration: number
  data: string
  pulsetime: number | null
  change: number
}

/** All buckets of the file, by id, as they were made. */
export function readKnown(statements: Statements): Map<string, Known> {
  const rows = statements.buckets.all() as unknown as BucketRow[]
  return new Map(
    rows.map(({ key, longest, data, ...bucket }) => [
      bucket.id,
      { key, longest, bucket: { ...bucket, data: JSON.parse(data) }, last: undefined },
    ]),
  )
}

export function eventOf({ id, start, duration, data }: EventRow): StoredEvent {
  return { id, start, duration, data: JSON.parse(data) }
}

/** The last event of a bucket, from memory or else the newest of the file (aw-server: heartbeat). */
export function lastOf(known: Known, statements: Statements): LastEvent | null {
  if (known.last === undefined) {
    const row = statements.last.get(known.key) as unknown as EventRow | undefined
    known.last = row ? { event: eventOf(row), pulsetime: row.pulsetime } : null
  }
  return known.last
}

/** Rounded up, so that it seldom changes while an event grows. */
export function longestWith(longest: number, duration: number): number {
  return duration <= longest ? longest : 2 ** Math.ceil(Math.log2(duration))
}

/** Settings as they are kept. */
export function settingsOf(statements: Statements): { [key: string]: Json } {
  const rows = statements.settings.all() as unknown as { key: string; value: string }[]
  return Object.fromEntries(rows.map(({ key, value }) => [key, JSON.parse(value)]))
}
