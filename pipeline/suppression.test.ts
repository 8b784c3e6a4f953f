// Rules of what must stay away against a plain reading of them, and with as many as many years make.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Suppression } from '../storage/ledger.ts'
import { CLOSING_MS, hashId, type Suppressible, suppressorOf } from './suppression.ts'

const KEY = 'secret'
const event = (fields: Partial<Suppressible> = {}): Suppressible => ({
  id: 'id-1',
  source: 'browser',
  timestamp: 50,
  ...fields,
})

/** The slow way: each rule, each condition. */
function plainly({ id, source, timestamp, details }: Suppressible, rules: readonly Suppression[]): boolean {
  return rules.some(
    (rule) =>
      timestamp >= rule.since &&
      (rule.until === null || timestamp < rule.until) &&
      (rule.source === undefined || rule.source === source) &&
      (rule.entity === undefined || rule.entity === details?.entity_id) &&
      (rule.idHash === undefined || rule.idHash === hashId(id, KEY)),
  )
}

test('what a rule keeps away is what the rule says, however rules overlap', () => {
  const time = fc.integer({ min: 0, max: 30 })
  const rule: fc.Arbitrary<Suppression> = fc.record({
    kind: fc.constantFrom('forget' as const, 'pause' as const),
    source: fc.constant(undefined),
    since: time,
    until: fc.oneof(time, fc.constant(null)),
  })
  const forget: fc.Arbitrary<Suppression> = fc.record({
    kind: fc.constant('forget' as const),
    source: fc.constantFrom(undefined, 'browser', 'terminal'),
    entity: fc.constantFrom(undefined, 'light.a', 'light.b'),
    idHash: fc.constantFrom(undefined, hashId('id-1', KEY)),
    since: time,
    until: fc.oneof(time, fc.constant(null)),
  })
  const seen: fc.Arbitrary<Suppressible> = fc.record({
    id: fc.constantFrom('id-1', 'id-2'),
    source: fc.constantFrom('browser', 'terminal', 'frigate'),
    timestamp: time,
    details: fc.constantFrom({}, { entity_id: 'light.a' }, { entity_id: 7 }),
  })
  fc.assert(
    fc.property(fc.array(fc.oneof(rule, forget), { maxLength: 8 }), seen, (rules, one) => {
      expect(suppressorOf(rules, KEY).covers(one)).toBe(plainly(one, rules))
    }),
    { numRuns: 2_000 },
  )
})

test('what ends because a pause begins may say so, what ends later or goes on may not', () => {
  const { covers, closes, pausedAt } = suppressorOf([{ kind: 'pause', since: 1_000, until: 60_000 }], KEY)
  expect(covers(event({ timestamp: 999 }))).toBe(false)
  expect(covers(event({ timestamp: 1_000 }))).toBe(true)
  expect(covers(event({ timestamp: 1_500, phase: 'end' }))).toBe(false)
  expect(covers(event({ timestamp: 1_500, phase: 'update' }))).toBe(true)
  expect(covers(event({ timestamp: 1_000 + CLOSING_MS, phase: 'end' }))).toBe(true)
  expect(covers(event({ timestamp: 60_000 }))).toBe(false)
  const ends = [999, 1_000, 1_000 + CLOSING_MS - 1, 1_000 + CLOSING_MS, 60_000]
  expect(ends.map((timestamp) => closes({ timestamp, phase: 'end' }))).toEqual([false, true, true, false, false])
  expect(closes({ timestamp: 1_500, phase: 'update' })).toBe(false)
  expect([pausedAt(999), pausedAt(1_000), pausedAt(59_999), pausedAt(60_000)]).toEqual([false, true, true, false])
})

test('ten thousand pauses cost an event next to nothing', () => {
  const DAY = 86_400_000
  const rules = Array.from({ length: 10_000 }, (_, day): Suppression => {
    return { kind: 'pause', since: day * DAY, until: day * DAY + 3_600_000 }
  })
  const { covers } = suppressorOf(rules, KEY)
  const events = Array.from({ length: 10_000 }, (_, day) => event({ timestamp: day * DAY + 4_000_000 }))
  const timed = (look: () => unknown) => {
    const begun = performance.now()
    look()
    return performance.now() - begun
  }
  const indexed = timed(() => expect(events.filter(covers)).toEqual([]))
  const plain = timed(() =>
    events.map(({ timestamp }) => rules.some(({ since, until }) => timestamp >= since && timestamp < (until ?? 0))),
  )
  // A guard against looking through them all, in one run: the one takes some 30 us an event, the other 0.1.
  expect(indexed).toBeLessThan(plain)
  expect(covers(event({ timestamp: 9_999 * DAY + 3_599_999 }))).toBe(true)
})
