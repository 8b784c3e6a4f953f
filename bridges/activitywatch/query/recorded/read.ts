// Reads the recorded answers beside this file for the tests. Not for: what runs, or making such records.
import { readFileSync } from 'node:fs'
import { microseconds, readInstant } from '../instants.ts'
import type { QuerySource, SourceEvent } from '../source.ts'

export interface RecordedBucket {
  id: string
  hostname: string
  /** As the server gave them: newest first. */
  events: { id?: number; timestamp: string; duration: number; data: Record<string, unknown> }[]
}

/** The lines of a file of this folder; the first one says where the others come from. */
export function readRecorded<Head, Line>(file: string): { head: Head; lines: Line[] } {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8')
  const [head, ...lines] = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  return { head, lines }
}

export function sourceOf(buckets: readonly RecordedBucket[]): QuerySource {
  const kept = new Map(buckets.map(({ id, events }) => [id, events.map(sourceEvent)]))
  const events: QuerySource['events'] = (bucket, { since, until }) =>
    (kept.get(bucket) ?? []).filter(({ start, duration }) => start <= until && start + duration >= since)
  return { list: () => buckets, events, count: (bucket, range) => events(bucket, range).length }
}

function sourceEvent({ id, timestamp, duration, data }: RecordedBucket['events'][number]): SourceEvent {
  const start = Math.floor((readInstant(timestamp)?.us ?? 0) / 1000) * 1000
  return { ...(id === undefined ? {} : { id }), start, duration: microseconds(duration), data }
}
