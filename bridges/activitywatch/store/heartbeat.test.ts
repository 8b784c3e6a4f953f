// The truth table of a heartbeat; the cases of aw-core's tests/test_heartbeat.py and of the answers recorded from a real
// aw-server are among them.
import { describe, expect, test } from 'vitest'
import { merged, sameData } from './heartbeat.ts'

const S = 1e6
const last = { id: 7, start: 100 * S, duration: 10 * S, data: { app: 'A' } }
const beat = (start: number, duration = 0, data: { [key: string]: string } = { app: 'A' }) => ({
  start: start * S,
  duration: duration * S,
  data,
})

test.each([
  ['inside the pulse time', beat(115), 10, 15],
  ['exactly at its end', beat(120), 10, 20],
  ['with a duration of its own', beat(115, 3), 10, 18],
  ['inside the last event', beat(105), 10, 10],
  ['inside the last event and ending after it', beat(105, 8), 10, 13],
  ['at the same start', beat(100), 10, 10],
  ['at the same start and longer', beat(100, 30), 10, 30],
  ['at the end, without any pulse time', beat(110), 0, 10],
  ['with a negative duration', beat(115, -20), 10, 10],
  ['with a pulse time of fractions', beat(112.5), 2.5, 12.5],
])('a heartbeat %s goes on with the last event', (_, heartbeat, pulsetime, seconds) => {
  expect(merged(last, heartbeat, pulsetime * S)).toEqual({ ...last, duration: seconds * S })
})

test.each([
  ['a microsecond after the pulse time', { ...beat(120), start: 120 * S + 1 }, 10, last],
  ['older than the last event', beat(99), 10, last],
  ['older, though it reaches into the last event', beat(99, 5), 10, last],
  ['of other data', beat(115, 0, { app: 'B' }), 10, last],
  ['of less data', beat(115, 0, {}), 10, last],
  ['of more data', beat(115, 0, { app: 'A', title: '' }), 10, last],
  ['after an event of negative duration', beat(100), 10, { ...last, duration: -5 * S }],
  ['after the end, with a negative pulse time', beat(110), -1, last],
])('a heartbeat %s begins a new event', (_, heartbeat, pulsetime, before) => {
  expect(merged(before, heartbeat, pulsetime * S)).toBeNull()
})

describe('data is compared as JSON', () => {
  test.each([
    [{ a: 1, b: [{ c: null }] }, { b: [{ c: null }], a: 1 }, true],
    [{}, {}, true],
    [{ a: [1, 2] }, { a: [2, 1] }, false],
    [{ a: [] }, { a: {} }, false],
    [{ a: null }, {}, false],
    [{ a: null }, { b: null }, false],
    [{ a: 1 }, { a: '1' }, false],
    [{ a: 1 }, { a: true }, false],
    [{ toString: 'x' }, { valueOf: 'x' }, false],
  ])('%j and %j: %s', (a, b, equal) => {
    expect(sameData(a, b)).toBe(equal)
    expect(sameData(b, a)).toBe(equal)
  })
})
