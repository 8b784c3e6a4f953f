// Neighbours with the same value of a key made one event that holds them. Not for: events far apart (merge.ts).
import type { Scope } from '../function.ts'
import { emptyDict, equal, events, QueryEvent, type Value } from '../values.ts'

/** µs from the end of the whole list, as aw-core counts it, up to which an event still belongs to the one before. */
const PULSE = 5_000_000

/** Ends, as aw-core does, at the first event that lacks the key. */
export function chunkEventsByKey({ budget }: Scope, list: Value[], key: string): Value {
  const all = events(list, budget)
  const end = all.at(-1)?.end ?? 0
  const chunks: QueryEvent[] = []
  for (const event of all) {
    if (!(key in event.data)) break
    const value = event.data[key] as Value
    const last = chunks.at(-1)
    if (last && equal(last.data[key] as Value, value, budget) && event.start - end < PULSE) {
      last.duration += event.duration
      ;(last.data.subevents as Value[]).push(event)
      continue
    }
    budget.keep()
    const data = emptyDict()
    data[key] = value
    data.subevents = [event]
    chunks.push(new QueryEvent(null, event.start, event.duration, data))
  }
  return chunks
}
