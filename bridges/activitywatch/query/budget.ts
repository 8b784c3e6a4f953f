// What one request may cost. Every loop of a query pays for its rounds here, so that a hostile query ends with an error
// and not with a house that stands still. Not for: regular expressions, which are bounded by their engine (regex.ts).
import { limitError } from './failures.ts'

export interface Limits {
  /** Characters of the query. */
  characters: number
  periods: number
  /** Brackets within brackets, in the query and in what it makes. */
  nesting: number
  /** Rounds of loops: of all periods together. */
  steps: number
  /** Events that one period reads or copies. */
  events: number
  /** Characters of text in the answer. */
  answer: number
  /** Of the whole request. */
  millis: number
}

/** Room for a month of a busy desk (50,000 events, all different) with fifty categories, several times over. */
export const defaultLimits: Limits = {
  characters: 1_000_000,
  periods: 2_000,
  nesting: 64,
  steps: 300_000_000,
  events: 500_000,
  answer: 64_000_000,
  millis: 5_000,
}

/** How many steps go by between two looks at the clock. */
const LOOK = 4096

export interface Budget {
  readonly limits: Limits
  /** Throws QueryLimitException when the steps or the time are used up. */
  spend(steps?: number): void
  /** The same for events that are kept in memory. */
  keep(events?: number): void
  /** Events that may still be kept in this period. */
  room(): number
  /** The events of the last period are gone. */
  nextPeriod(): void
  /** Pays for a list of this many items; throws if it is longer than events may be kept. */
  long(items: number): void
  /** Throws if something this deep is too deep. */
  deep(depth: number): void
}

/** `now` in ms, of a clock that never goes back. */
export function openBudget(limits: Limits, now: () => number): Budget {
  const until = now() + limits.millis
  let steps = 0
  let looked = 0
  let events = 0
  const tooMany = () => limitError(`The query holds more than ${limits.events} events: ask for less time`)
  const spend = (cost = 1) => {
    steps += cost
    if (steps - looked < LOOK) return
    looked = steps
    if (steps > limits.steps) throw limitError(`The query takes more than ${limits.steps} steps: ask for less time`)
    if (now() > until) throw limitError(`The query takes longer than ${limits.millis} ms: ask for less time`)
  }
  return {
    limits,
    spend,
    keep(count = 1) {
      events += count
      spend(8 * count)
      if (events > limits.events) throw tooMany()
    },
    room: () => limits.events - events,
    nextPeriod() {
      events = 0
    },
    long(items) {
      if (items > limits.events) throw tooMany()
      spend(8 * items)
    },
    deep(depth) {
      if (depth > limits.nesting) throw limitError(`The query nests deeper than ${limits.nesting} brackets`)
    },
  }
}
