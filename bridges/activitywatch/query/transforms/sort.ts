// Lists of events put in order, cut, joined and summed. Not for: changing events.
import type { Scope } from '../function.ts'
import { microseconds } from '../instants.ts'
import { events, Span, type Value } from '../values.ts'

/** Oldest first; equal ones stay as they are. */
export function sortByTimestamp({ budget }: Scope, list: Value[]): Value {
  return events(list, budget).toSorted((a, b) => a.start - b.start)
}

/** Longest first; equal ones stay as they are. */
export function sortByDuration({ budget }: Scope, list: Value[]): Value {
  return events(list, budget).toSorted((a, b) => b.duration - a.duration)
}

export const limitEvents = ({ budget }: Scope, list: Value[], count: number | boolean): Value => {
  budget.spend(8 * list.length)
  return list.slice(0, Number(count))
}

export const concat = ({ budget }: Scope, list: Value[], more: Value[]): Value => {
  budget.long(list.length + more.length)
  return [...list, ...more]
}

/** Summed in seconds, as aw-core does, rounded to whole µs. */
export function sumDurations({ budget }: Scope, list: Value[]): Value {
  return new Span(microseconds(events(list, budget).reduce((sum, { duration }) => sum + duration / 1_000_000, 0)))
}
