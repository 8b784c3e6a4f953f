// What a query reads from: buckets and their events, in integer microseconds. The bucket store (../store/buckets.ts) is
// one as it is. Not for: how aw-server rounds and clips a period (period.ts), or events inside a query (values.ts).

/** An event as it is kept. */
export interface SourceEvent {
  id?: number
  /** µs since 1970. */
  start: number
  /** µs; may be negative. */
  duration: number
  /** JSON. Never changed by a query, which works on copies. */
  data: { readonly [key: string]: unknown }
}

/** Events that touch [since, until], both inclusive and in µs. */
export interface SourceRange {
  since: number
  until: number
  /** No more than these, the newest. A source that gives more is told so by an error of the query. */
  limit?: number
}

export interface QuerySource {
  /** In the order they were made: `find_bucket` takes the first that fits. */
  list(): readonly { id: string; hostname: string }[]
  /** Newest first, not clipped. Asked for buckets of `list()` only. */
  events(bucket: string, range: SourceRange): readonly SourceEvent[]
  count(bucket: string, range: SourceRange): number
}

/** An event as a query answers it. Events that a query made, by merging others, have the id null. */
export interface AwEvent {
  id: number | null
  /** RFC 3339 in UTC, as in `2018-01-01T01:01:01+00:00`; six digits of fraction if there is one. */
  timestamp: string
  /** Seconds. */
  duration: number
  data: Record<string, unknown>
}
