// What holds for all events, whatever they are.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { runQuery } from '../run.ts'
import type { AwEvent, SourceEvent } from '../source.ts'

const noon = Date.UTC(2024, 2, 1, 12) * 1_000_000
const one = fc.record({
  gap: fc.integer({ min: -3000, max: 9000 }),
  ms: fc.integer({ min: 0, max: 20_000 }),
  app: fc.constantFrom('A', 'B', 'C'),
})
/** Events that may overlap, in order; or, `apart`, ones that do not. `shortest` in ms. */
const some = (apart = false, shortest = 0) =>
  fc.array(one, { maxLength: 12 }).map((list) => {
    let at = noon / 1000
    return list.map(({ gap, ms, app }, i): SourceEvent => {
      const start = at + (apart ? Math.abs(gap) : gap) * 1000
      const duration = Math.max(ms, shortest) * 1000
      at = start + duration
      return { id: i, start, duration, data: { app } }
    })
  })

function run(call: string, a: SourceEvent[], b: SourceEvent[] = [], before = ''): AwEvent[] {
  const buckets = { a, b }
  const source = {
    list: () => Object.keys(buckets).map((id) => ({ id, hostname: 'h' })),
    events: (id: string) => buckets[id as 'a'],
    count: () => 0,
  }
  const lines = ['a = query_bucket("a");', 'b = query_bucket("b");', before, `RETURN = ${call};`]
  return runQuery(lines, ['2024-03-01/2024-03-02'], source)[0] as AwEvent[]
}
const us = ({ timestamp }: AwEvent) => Date.parse(timestamp) * 1000
const end = (event: AwEvent) => us(event) + Math.round(event.duration * 1_000_000)
const total = (events: readonly { duration: number }[]) => events.reduce((sum, { duration }) => sum + duration, 0)
const seconds = (events: readonly SourceEvent[]) => total(events) / 1_000_000
/** A flooded middle may lie inside of a ms, and starts are whole ones: ends reach up to a ms too far. */
const MS = 1000
const overlaps = (events: AwEvent[]) =>
  events.filter((event, i) => i > 0 && end(events[i - 1] as AwEvent) > us(event) + MS)

test('flooded events never overlap, and cover no less than they did', () => {
  fc.assert(
    fc.property(some(), some(true), (wild, tame) => {
      expect(overlaps(run('flood(a)', wild))).toEqual([])
      expect(total(run('flood(a)', tame))).toBeGreaterThanOrEqual(seconds(tame) - 0.012)
    }),
  )
})
test('a union without overlap has the first list whole, and covers what both cover', () => {
  fc.assert(
    fc.property(some(true, 1), some(true, 1), (a, b) => {
      const union = run('union_no_overlap(a, b)', a, b)
      const kept = union.map((event) => `${us(event)} ${event.duration} ${event.data.app}`)
      expect(kept).toEqual(
        expect.arrayContaining(a.map(({ start, duration, data }) => `${start} ${duration / 1_000_000} ${data.app}`)),
      )
      expect(total(run('period_union(c, [])', a, b, 'c = union_no_overlap(a, b);'))).toBeCloseTo(
        total(run('period_union(a, b)', a, b)),
        5,
      )
      expect(total(union)).toBeLessThanOrEqual(seconds(a) + seconds(b) + 1e-6)
    }),
  )
})
test('of one event and one event, a union counts no time twice', () => {
  fc.assert(
    fc.property(some(true, 1), some(true, 1), (a, b) => {
      const union = run('union_no_overlap(a, b)', a.slice(0, 1), b.slice(0, 1))
      expect(overlaps(union.toSorted((x, y) => us(x) - us(y)))).toEqual([])
    }),
  )
})
test('chunks and merged events last as long as what went in', () => {
  fc.assert(
    fc.property(some(), (a) => {
      expect(total(run('chunk_events_by_key(a, "app")', a))).toBeCloseTo(seconds(a), 5)
      expect(total(run('merge_events_by_keys(a, ["app"])', a))).toBeCloseTo(seconds(a), 5)
    }),
  )
})
test('an intersection is no longer than either side', () => {
  fc.assert(
    fc.property(some(true), some(true), (a, b) => {
      const both = total(run('filter_period_intersect(a, b)', a, b))
      expect(both).toBeLessThanOrEqual(Math.min(seconds(a), seconds(b)) + 1e-6)
    }),
  )
})
test('fields of a finer watcher add no time', () => {
  fc.assert(
    fc.property(some(true), some(), (a, b) => {
      expect(total(run('merge_subwatcher_fields(a, b, ["app"], "sub_wins")', a, b))).toBeCloseTo(seconds(a), 5)
    }),
  )
})
