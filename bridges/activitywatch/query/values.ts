// The values of the query language, with the equality and the copies of the language aw_query is written in, whose
// answers depend on them. Not for: how values are printed (print.ts) or become JSON (answer.ts).
import type { Budget } from './budget.ts'
import { QueryCrash, Unfit } from './failures.ts'

/** A span of time. */
export class Span {
  /** µs. */
  readonly us: number
  constructor(us: number) {
    this.us = us
  }
}

/** Has no prototype, so that a key may have any name. */
export interface Dict {
  [key: string]: Value
}

export type Value = null | boolean | number | string | Span | QueryEvent | Value[] | Dict

/** An event inside a query. Several variables may hold the same one, and some functions change it for all of them. */
export class QueryEvent {
  readonly id: number | null
  data: Dict
  /** µs; may be negative. */
  duration: number
  #start: number
  constructor(id: number | null, start: number, duration: number, data: Dict) {
    this.id = id
    this.#start = wholeMs(start)
    this.duration = duration
    this.data = data
  }
  /** µs since 1970; always a whole ms: what is set is cut down to one. */
  get start() {
    return this.#start
  }
  set start(us: number) {
    this.#start = wholeMs(us)
  }
  get end() {
    return this.#start + this.duration
  }
}

/** Cuts µs down to a whole ms. */
export const wholeMs = (us: number) => Math.floor(us / 1000) * 1000

export const emptyDict = (): Dict => Object.create(null)

export const isDict = (value: Value | undefined): value is Dict =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Span) &&
  !(value instanceof QueryEvent)

/** A copy that shares nothing with JSON from outside. */
export function fromJson(json: unknown, budget: Budget, depth = 0): Value {
  budget.spend()
  if (typeof json !== 'object' || json === null) return scalar(json)
  budget.deep(depth)
  if (Array.isArray(json)) return json.map((item) => fromJson(item, budget, depth + 1))
  return dictOf(json, (item) => fromJson(item, budget, depth + 1))
}

/** What was copied already: what stood in two places stands in two places of the copy. */
type Copies = Map<object, Value>

/** Copies that share nothing with the originals; an event that is in the list twice is in the copy twice. */
export function copyEvents(list: QueryEvent[], budget: Budget): QueryEvent[] {
  const copies: Copies = new Map()
  return list.map((event) => copy(event, budget, copies) as QueryEvent)
}

/** Shares nothing with the original. */
export const copyEvent = (event: QueryEvent, budget: Budget) => copy(event, budget) as QueryEvent

/** Shares nothing with the original; pays for each event. */
export function copy(value: Value, budget: Budget, copies: Copies = new Map(), depth = 0): Value {
  budget.spend()
  if (typeof value !== 'object' || value === null || value instanceof Span) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  budget.deep(depth)
  const made = copyOf(value, budget, (item) => copy(item, budget, copies, depth + 1))
  copies.set(value, made)
  return made
}

function copyOf(value: Value[] | Dict | QueryEvent, budget: Budget, inner: (value: Value) => Value): Value {
  if (Array.isArray(value)) return value.map(inner)
  if (!(value instanceof QueryEvent)) return dictOf(value as Dict, inner)
  budget.keep()
  return new QueryEvent(value.id, value.start, value.duration, inner(value.data) as Dict)
}

/** `==`, where true is 1 and an event cannot be compared with anything else. Throws Unfit for that. */
export function equal(a: Value, b: Value, budget: Budget, depth = 0): boolean {
  budget.spend()
  if (a instanceof QueryEvent || b instanceof QueryEvent) {
    if (!(a instanceof QueryEvent && b instanceof QueryEvent)) throw new Unfit()
    return a.start === b.start && a.duration === b.duration && equal(a.data, b.data, budget, depth + 1)
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return plain(a) === plain(b)
  if (a instanceof Span || b instanceof Span) return a instanceof Span && b instanceof Span && a.us === b.us
  budget.deep(depth)
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!(Array.isArray(a) && Array.isArray(b)) || a.length !== b.length) return false
    return a.every((item, i) => same(item, b[i] as Value, budget, depth + 1))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => key in b && same(a[key] as Value, b[key] as Value, budget, depth + 1))
}

/** As `in` compares: what is the very same needs no `==`. */
export const same = (a: Value, b: Value, budget: Budget, depth = 0) => a === b || equal(a, b, budget, depth)

/** What `if` and `not` see. */
export function isTrue(value: Value | undefined): boolean {
  if (value === undefined || value === null) return false
  if (typeof value !== 'object') return Boolean(value)
  if (value instanceof Span) return value.us !== 0
  if (value instanceof QueryEvent) return true
  return (Array.isArray(value) ? value : Object.keys(value)).length > 0
}

/** Whether it may be a key of a dict: lists, dicts and events may not. */
export const isKey = (key: Value) => typeof key !== 'object' || key === null || key instanceof Span

/** Whether the dict has the key; other things than texts are in none, and what is no key at all throws Unfit. */
export function has(dict: Dict, key: Value): key is string {
  if (!isKey(key)) throw new Unfit()
  return typeof key === 'string' && key in dict
}

/** The list as events; throws QueryCrash, as aw-server fails, if something else is in it. */
export function events(list: Value[], budget: Budget): QueryEvent[] {
  budget.spend(8 * list.length)
  const stranger = list.find((item) => !(item instanceof QueryEvent))
  if (stranger !== undefined) throw new QueryCrash('AttributeError', 'The list holds something that is not an event')
  return list as QueryEvent[]
}

/** The same where aw-core puts the list in order before it looks: what cannot be compared throws Unfit. */
export function comparableEvents(list: Value[], budget: Budget): QueryEvent[] {
  const kinds = new Set(list.map(kindOf))
  if (list.length > 1 && (kinds.size > 1 || kinds.has('other'))) throw new Unfit()
  return events(list, budget)
}

function kindOf(value: Value): string {
  if (value instanceof QueryEvent) return 'event'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'boolean') return 'number'
  return typeof value === 'object' && !(value instanceof Span) ? 'other' : typeof value
}

const plain = (value: Value) => (typeof value === 'boolean' ? Number(value) : value)

const scalar = (json: unknown): Value =>
  typeof json === 'string' || typeof json === 'number' || typeof json === 'boolean' ? json : null

function dictOf<T>(of: { readonly [key: string]: T } | object, map: (value: T) => Value): Dict {
  const made = emptyDict()
  for (const [key, value] of Object.entries(of)) made[key] = map(value)
  return made
}
