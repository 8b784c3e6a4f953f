// Events cut to the times at which other events are: what happened at the screen while nobody was away. Not for: what
// is on either side (period-union.ts).
import type { Scope } from '../function.ts'
import { comparableEvents, copyEvent, type QueryEvent, type Value } from '../values.ts'
import { intersection } from './slots.ts'

/** A piece for every pair that shares time, in order of time. */
export function filterPeriodIntersect({ budget }: Scope, list: Value[], filter: Value[]): Value {
  const byStart = (a: QueryEvent, b: QueryEvent) => a.start - b.start
  const [left = [], right = []] = [list, filter].map((side) => comparableEvents(side, budget).toSorted(byStart))
  const found: QueryEvent[] = []
  for (let i = 0, j = 0; ; ) {
    const [a, b] = [left[i], right[j]]
    if (!a || !b) return found
    budget.spend()
    const both = intersection(a, b)
    if (both) {
      const piece = copyEvent(a, budget)
      piece.start = both.start
      piece.duration = both.end - both.start
      found.push(piece)
      if (a.end <= b.end) i++
      else j++
    } else if (a.end <= b.start) i++
    else if (b.end <= a.start) j++
    else {
      i++
      j++
    }
  }
}
