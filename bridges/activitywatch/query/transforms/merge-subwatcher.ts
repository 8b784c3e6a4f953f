// Events of one watcher cut where events of a finer one begin and end, and given some of its fields: which project was
// open while the editor was in front. Not for: adding time; what comes out covers the time that went in.
import type { Budget } from '../budget.ts'
import { functionError, Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { quoted } from '../print.ts'
import { copy, copyEvent, equal, events, has, isTrue, type QueryEvent, type Value } from '../values.ts'
import { intersection, type Slot } from './slots.ts'

/** `conflict`: `base_wins` keeps fields that the base has, `sub_wins` takes the other's. */
export function mergeSubwatcherFields(
  { budget }: Scope,
  base: Value[],
  sub: Value[],
  keys: Value[],
  conflict: Value = 'base_wins',
): Value {
  if (conflict !== 'base_wins' && conflict !== 'sub_wins') throw noSuchConflict(conflict)
  const finer = events(sub, budget).toSorted((a, b) => a.start - b.start)
  if (!isTrue(sub) || keys.length === 0) return base.map((item) => copy(item, budget))
  return events(base, budget).flatMap((event) => {
    const over = overlapping(event, finer, budget)
    return over.length === 0 ? [copyEvent(event, budget)] : pieces(event, over, keys, conflict === 'sub_wins', budget)
  })
}

function noSuchConflict(conflict: Value) {
  return functionError(`conflict must be 'base_wins' or 'sub_wins', got ${quoted(conflict)}`)
}

function overlapping(base: QueryEvent, finer: QueryEvent[], budget: Budget): QueryEvent[] {
  const found: QueryEvent[] = []
  for (const sub of finer) {
    budget.spend()
    if (sub.start >= base.end) break
    if (sub.end > base.start && intersection(base, sub)) found.push(sub)
  }
  return found
}

function pieces(base: QueryEvent, over: QueryEvent[], keys: Value[], subWins: boolean, budget: Budget): QueryEvent[] {
  const made: QueryEvent[] = []
  const edges = boundaries(base, over)
  for (const [i, start] of edges.slice(0, -1).entries()) {
    const end = edges[i + 1] as number
    const piece = copyEvent(base, budget)
    piece.start = start
    piece.duration = end - start
    const sub = latest({ start, end }, over, budget)
    if (sub) enrich(piece, sub, keys, subWins, budget)
    const last = made.at(-1)
    if (last && last.end === piece.start && equal(last.data, piece.data, budget)) last.duration += piece.duration
    else made.push(piece)
  }
  return made
}

function boundaries(base: QueryEvent, over: QueryEvent[]): number[] {
  const edges = new Set([base.start, base.end])
  for (const sub of over) {
    const both = intersection(base, sub)
    if (both) edges.add(both.start).add(both.end)
  }
  return [...edges].sort((a, b) => a - b)
}

/** The one that began last, and of these the one that ends last, so that an old long one is not smeared over it. */
function latest(slot: Slot, over: QueryEvent[], budget: Budget): QueryEvent | undefined {
  budget.spend(over.length)
  const later = (a: QueryEvent, b: QueryEvent) => a.start > b.start || (a.start === b.start && a.end > b.end)
  return over
    .filter((sub) => intersection(slot, sub))
    .reduce<QueryEvent | undefined>((best, sub) => (!best || later(sub, best) ? sub : best), undefined)
}

function enrich(piece: QueryEvent, sub: QueryEvent, keys: Value[], subWins: boolean, budget: Budget): void {
  for (const key of keys) {
    if (!has(sub.data, key) || (!subWins && key in piece.data)) continue
    const value = sub.data[key]
    if (value === undefined) throw new Unfit()
    piece.data[key] = copy(value, budget)
  }
}
