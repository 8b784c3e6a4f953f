// Events kept or left out by a value of their data. Not for: filtering by time (intersect.ts).

import { Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { events, same, type Value } from '../values.ts'

/** Keeps the events whose `key` has one of the values; or, with `keep` false, the others. */
export function filterKeyvals(keep: boolean) {
  return ({ budget }: Scope, list: Value[], key: string, values: Value[]): Value =>
    events(list, budget).filter(({ data }) => {
      const found = key in data && values.some((value) => same(value, data[key] as Value, budget))
      return found === keep
    })
}

/** Keeps the events whose `key` holds a match anywhere. */
export function filterKeyvalsRegex({ budget, regexes }: Scope, list: Value[], key: string, pattern: string): Value {
  const matches = regexes.compile(pattern)
  return events(list, budget).filter(({ data }) => {
    if (!(key in data)) return false
    const value = data[key]
    if (typeof value !== 'string') throw new Unfit()
    return matches(value)
  })
}
