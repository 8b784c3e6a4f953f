// The times that any of two lists cover, without overlaps and without data. Not for: joining lists with their data
// (union-no-overlap.ts).
import type { Scope } from '../function.ts'
import { comparableEvents, copyEvent, emptyDict, type QueryEvent, type Value } from '../values.ts'
import { apart } from './slots.ts'

/** Events that touch become one. As in aw-core, those that stay alone are the given ones and lose their data for all. */
export function periodUnion({ budget }: Scope, list: Value[], more: Value[]): Value {
  const merged: QueryEvent[] = []
  for (const event of comparableEvents([...list, ...more], budget).toSorted((a, b) => a.start - b.start)) {
    const last = merged.at(-1)
    if (!last || apart(event, last)) {
      merged.push(event)
      continue
    }
    const [start, end] = [Math.min(event.start, last.start), Math.max(event.end, last.end)]
    const joined = copyEvent(last, budget)
    joined.start = start
    joined.duration = end - start
    merged[merged.length - 1] = joined
  }
  for (const event of merged) event.data = emptyDict()
  return merged
}
