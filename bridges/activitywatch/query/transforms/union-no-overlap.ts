// Two lists joined so that no time is told twice: where they overlap the first one is right. Not for: lists that overlap
// in themselves.
import type { Budget } from '../budget.ts'
import type { Scope } from '../function.ts'
import { copyEvent, copyEvents, events, type QueryEvent, type Value } from '../values.ts'
import { intersects } from './slots.ts'

/** Both lists are read in the order they have. */
export function unionNoOverlap({ budget }: Scope, list: Value[], more: Value[]): Value {
  const first = copyEvents(events(list, budget), budget)
  /** The next one last, so that taking one and putting a piece back cost the same however many there are. */
  const second = copyEvents(events(more, budget), budget).reverse()
  const joined: QueryEvent[] = []
  let i = 0
  for (;;) {
    const [a, b] = [first[i], second.at(-1)]
    if (!a || !b) return [...joined, ...first.slice(i), ...second.reverse()]
    budget.spend()
    if (a.start <= b.start) {
      joined.push(a)
      i++
      if (!intersects(a, b)) continue
      second.pop()
      const rest = split(b, a.end, budget)?.[1]
      if (rest) second.push(rest)
    } else {
      second.pop()
      const [before, after] = (intersects(a, b) && split(b, a.start, budget)) || [b]
      joined.push(before)
      if (after) second.push(after)
    }
  }
}

/** The event before and after the moment; undefined if the moment is not inside of it. */
function split(event: QueryEvent, at: number, budget: Budget): [QueryEvent, QueryEvent] | undefined {
  if (!(event.start < at && at < event.end)) return undefined
  const [before, after] = [copyEvent(event, budget), copyEvent(event, budget)]
  before.duration = at - event.start
  after.start = at
  after.duration = event.end - at
  return [before, after]
}
