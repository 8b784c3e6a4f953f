// The reading half of the bucket store. Not for: writing (open.ts), or rounding and clipping a range (range.ts).
import type { Buckets, Json, Kept, Range } from './buckets.ts'
import type { Statements } from './file.ts'
import { type EventRow, eventOf, type Known, settingsOf } from './known.ts'

const PAGE = 1000
const MOST_CHANGED = 1000

export interface ReadsOptions {
  statements: Statements
  /** Throws `not_found`. */
  knownOf(id: string): Known
  known(): ReadonlyMap<string, Known>
  cursor(): number
}

export type Reads = Pick<
  Buckets,
  | 'list'
  | 'get'
  | 'lastUpdated'
  | 'event'
  | 'events'
  | 'pages'
  | 'count'
  | 'cursor'
  | 'changedSince'
  | 'settings'
  | 'setting'
>

export function readsOf({ statements, knownOf, known, cursor }: ReadsOptions): Reads {
  /** Where the events of a range may start. */
  function startsOf({ longest }: Known, since = Number.MIN_SAFE_INTEGER, until = Number.MAX_SAFE_INTEGER) {
    return { from: Math.max(Number.MIN_SAFE_INTEGER, since - longest), to: until, since }
  }

  function* pagesOf(bucket: Known, { since, until, limit = Number.POSITIVE_INFINITY }: Range) {
    let at = { ...startsOf(bucket, since, until), after: 0 }
    let left = limit
    while (left > 0) {
      const asked = Math.min(PAGE, left)
      const rows = statements.page.all({ bucket: bucket.key, ...at, limit: asked }) as unknown as EventRow[]
      const last = rows.at(-1)
      if (!last) return
      yield rows.map(eventOf)
      if (rows.length < asked) return
      left -= rows.length
      at = { ...at, to: last.start, after: last.id }
    }
  }

  return {
    list: () => [...known().values()].map(({ bucket }) => bucket),
    get: (id) => known().get(id)?.bucket,
    lastUpdated(id) {
      const row = statements.last.get(knownOf(id).key) as unknown as EventRow | undefined
      return row && row.start + row.duration
    },
    event(id, event) {
      const row = statements.event.get(knownOf(id).key, event) as unknown as EventRow | undefined
      return row && eventOf(row)
    },
    events: (id, range = {}) => [...pagesOf(knownOf(id), range)].flat(),
    pages: (id, range = {}) => pagesOf(knownOf(id), range),
    count(id, { since, until } = {}) {
      const bucket = knownOf(id)
      const at = startsOf(bucket, since, until)
      return (statements.count.get(bucket.key, at.from, at.to, at.since) as { n: number }).n
    },
    cursor,
    changedSince(after, limit = MOST_CHANGED) {
      const rows = statements.changed.all(after, limit) as unknown as (EventRow & { name: string })[]
      return rows.map((row): Kept => {
        const { pulsetime, change, name } = row
        return { bucket: knownOf(name).bucket, event: eventOf(row), pulsetime, change }
      })
    },
    settings: () => settingsOf(statements),
    setting(key): Json {
      const row = statements.setting.get(key) as { value: string } | undefined
      return row ? JSON.parse(row.value) : null
    },
  }
}
