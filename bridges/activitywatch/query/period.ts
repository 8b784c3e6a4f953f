// The period of a query: how `<start>/<end>` is read, and how aw-server rounds it and clips events to it. Not for: which
// events touch it, which the source knows.
import type { Budget } from './budget.ts'
import { QueryCrash } from './failures.ts'
import { type Instant, readInstant } from './instants.ts'
import type { SourceEvent, SourceRange } from './source.ts'
import { type Dict, fromJson, QueryEvent, wholeMs } from './values.ts'

/** Throws QueryCrash for what is no period: aw-server has no better answer. */
export function readPeriod(text: string): { start: Instant; end: Instant } {
  const [start, end] = text.split('/').map(readInstant)
  if (start && end) return { start, end }
  throw new QueryCrash('ParseError', `"${text.slice(0, 100)}" is no period: it must be <ISO 8601>/<ISO 8601>`)
}

/** The range that is read for a period: the start down to a whole ms, the end up to the next one, even from a whole one. */
export const rounded = (start: Instant, end: Instant): SourceRange => ({
  since: wholeMs(start.us),
  until: wholeMs(end.us) + 1000,
})

/** A copy of the event, cut at the edges of the range. */
export function clipped(event: SourceEvent, range: SourceRange, budget: Budget): QueryEvent {
  budget.keep()
  const { id = null, start, duration, data } = event
  const made = new QueryEvent(id, start, duration, fromJson(data, budget) as Dict)
  const end = made.end
  if (made.start < range.since) {
    made.start = range.since
    made.duration = end - range.since
  }
  if (made.end > range.until) made.duration = range.until - made.start
  return made
}
