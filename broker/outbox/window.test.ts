// When an entry is sent again, and how receipts are read.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { covers, type Flight, highest, patience, resendAt, toRanges } from './window.ts'

const sent: Flight = { n: 1, bytes: 1, state: 'acknowledged', order: 1, sentAt: 1_000, attempts: 1, settled: false }

test('patience doubles from 30 seconds to 10 minutes', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(patience)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
})

test('what was lost with its session is sent again at once', () => {
  expect(resendAt({ ...sent, state: 'lost', attempts: 0 }, false, false)).toBe(0)
})

test('what the transport still has is left to it', () => {
  expect(resendAt({ ...sent, state: 'pending' }, true, true)).toBe(Number.POSITIVE_INFINITY)
})

test('a gap is filled at once, and then with growing patience', () => {
  expect(resendAt(sent, true, false)).toBe(0)
  expect(resendAt({ ...sent, attempts: 2 }, true, false)).toBe(1_000 + 30_000)
  expect(resendAt({ ...sent, attempts: 3 }, true, false)).toBe(1_000 + 60_000)
})

test('in silence only the oldest is sent again', () => {
  expect(resendAt(sent, false, true)).toBe(1_000 + 30_000)
  expect(resendAt({ ...sent, attempts: 9 }, false, true)).toBe(1_000 + 600_000)
  expect(resendAt(sent, false, false)).toBe(Number.POSITIVE_INFINITY)
})

test('a receipt covers what lies up to its mark or in one of its ranges', () => {
  const receipt = { upTo: 3, settled: [[5, 6] as [number, number], [9, 9] as [number, number]] }
  expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((seq) => covers(receipt, seq))).toEqual([1, 2, 3, 5, 6, 9])
  expect(highest(receipt)).toBe(9)
  expect(highest({ upTo: 3, settled: [] })).toBe(3)
})

test('ranges hold exactly the numbers they were made of', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (numbers) => {
      const ranges = toRanges(numbers)
      const held = ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, index) => from + index))
      expect(held).toEqual([...new Set(numbers)].sort((a, b) => a - b))
      expect(ranges.every(([from], index) => index === 0 || from > (ranges[index - 1]?.[1] ?? 0) + 1)).toBe(true)
    }),
  )
})
