// What a query answers, as JSON. Not for: what its messages show of values (print.ts).
import type { Budget } from './budget.ts'
import { limitError, QueryCrash } from './failures.ts'
import { printInstant } from './instants.ts'
import type { AwEvent } from './source.ts'
import { QueryEvent, Span, type Value } from './values.ts'

export interface Answers {
  /** The value as JSON that shares nothing with it; throws QueryLimitException if all of them get too large. */
  json(value: Value): unknown
}

export function openAnswers(budget: Budget): Answers {
  let characters = 0
  const pay = (cost: number) => {
    budget.spend()
    characters += cost
    if (characters > budget.limits.answer) {
      throw limitError(`The answer has more than ${budget.limits.answer} characters: ask for less`)
    }
  }
  const json = (value: Value, depth: number): unknown => {
    pay(typeof value === 'string' ? value.length + 2 : 16)
    if (typeof value !== 'object' || value === null) return value
    if (value instanceof Span) return value.us / 1_000_000
    budget.deep(depth)
    if (Array.isArray(value)) return value.map((item) => json(item, depth + 1))
    if (value instanceof QueryEvent) return event(value, depth)
    const made = Object.create(null)
    for (const [key, item] of Object.entries(value)) {
      pay(key.length)
      made[key] = json(item, depth + 1)
    }
    return made
  }
  const event = ({ id, start, duration, data }: QueryEvent, depth: number): AwEvent => {
    pay(80)
    const timestamp = printInstant({ us: start, offset: 0 })
    if (timestamp === undefined) throw new QueryCrash('OverflowError', 'An event is out of all calendars')
    return { id, timestamp, duration: duration / 1_000_000, data: json(data, depth + 1) as Record<string, unknown> }
  }
  return { json: (value) => json(value, 0) }
}
