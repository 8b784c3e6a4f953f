// Rounding and clipping as they were recorded from a real aw-server.
import { expect, test } from 'vitest'
import { clipped, rounded } from './range.ts'

const S = 1e6
const event = { start: 40 * S, duration: 10 * S, data: {} }

test.each([
  [{ since: 45 * S }, 45, 5],
  [{ since: 50 * S }, 50, 0],
  [{ since: 40 * S }, 40, 10],
  [{ until: 45 * S }, 40, 5.001],
  [{ until: 40 * S }, 40, 0.001],
  [{ until: 50 * S }, 40, 10],
  [{ since: 42 * S, until: 45 * S }, 42, 3.001],
  [{}, 40, 10],
])('%j leaves the part from %d s that lasts %d s', (range, start, duration) => {
  expect(clipped(event, rounded(range))).toEqual({ start: start * S, duration: duration * S, data: {} })
})

test('a range is widened to whole milliseconds, and by one more at its end', () => {
  expect(rounded({ since: 1_999, until: 1_999, limit: 3 })).toEqual({ since: 1_000, until: 2_000, limit: 3 })
  expect(rounded({ since: 2_000, until: 2_000 })).toEqual({ since: 2_000, until: 3_000, limit: undefined })
  expect(rounded({ since: -1 })).toMatchObject({ since: -1000, until: undefined })
})

test('what lies in the range is handed on as it is', () => {
  expect(clipped(event, {})).toBe(event)
})
