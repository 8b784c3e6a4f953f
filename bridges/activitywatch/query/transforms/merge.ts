// Events of equal values made one each, with their durations summed: how much time went into which app. Not for: events
// next to each other (chunk.ts).
import type { Budget } from '../budget.ts'
import { Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { emptyDict, events, has, QueryEvent, type Value } from '../values.ts'

/** In the order in which the values come first, with the time of that event. Without keys the list stays as it is. */
export function mergeEventsByKeys({ budget }: Scope, list: Value[], keys: Value[]): Value {
  if (keys.length === 0) return list
  const merged = new Map<string, QueryEvent>()
  for (const { start, duration, data } of events(list, budget)) {
    const own = keys.filter((key) => has(data, key)) as string[]
    budget.spend(keys.length)
    const name = own.map((key) => `${hashed(data[key] as Value, budget)};`).join('')
    const known = merged.get(name)
    if (known) {
      known.duration += duration
      continue
    }
    budget.keep()
    const kept = emptyDict()
    for (const key of own) kept[key] = data[key] as Value
    merged.set(name, new QueryEvent(null, start, duration, kept))
  }
  return [...merged.values()]
}

/** Equal for values that are equal. A list is taken by its values, which must be plain; dicts throw Unfit. */
function hashed(value: Value, budget: Budget): string {
  if (!Array.isArray(value)) return plain(value)
  budget.spend(value.length)
  return `[${value.map(plain).join()}]`
}

function plain(value: Value): string {
  if (typeof value === 'object' && value !== null) throw new Unfit()
  return JSON.stringify(typeof value === 'boolean' ? Number(value) : value)
}
