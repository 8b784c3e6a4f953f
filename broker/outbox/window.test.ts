// When an entry is sent again, and how receipts are read.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  askAgainAt,
  covers,
  type Flight,
  goneAt,
  highest,
  patience,
  proven,
  resendAt,
  sendOf,
  toRanges,
} from './window.ts'

const never = Number.POSITIVE_INFINITY
const sent: Flight = {
  ...{ n: 1, bytes: 1, state: 'acknowledged', sentAt: 1_000, taken: true, settled: false },
  ...{ order: 1, first: 1, attempts: 1, gaps: 0 },
}

test('patience doubles from 30 seconds to 10 minutes', () => {
  expect([1, 2, 3, 4, 5, 6, 60].map(patience)).toEqual([30_000, 60_000, 120_000, 240_000, 480_000, 600_000, 600_000])
})

test('what was lost with its session is sent again at once', () => {
  expect(resendAt({ ...sent, state: 'lost' }, never)).toBe(0)
})

test('what the transport still has is left to it', () => {
  expect(resendAt({ ...sent, state: 'pending' }, 0)).toBe(never)
})

test('a gap is filled at once, and with growing patience if it opens again and again', () => {
  expect([0, 1, 2].map((gaps) => resendAt({ ...sent, gaps }, 0))).toEqual([0, 0, 0])
  expect(resendAt({ ...sent, gaps: 3 }, 0)).toBe(1_000 + 30_000)
  expect(resendAt({ ...sent, gaps: 4 }, 0)).toBe(1_000 + 60_000)
})

test('in silence only the oldest is sent again', () => {
  expect(askAgainAt(sent)).toBe(1_000 + 30_000)
  expect(askAgainAt({ ...sent, attempts: 9 })).toBe(1_000 + 600_000)
  expect(resendAt(sent, never)).toBe(never)
})

test('what was sent before something that is settled has come or is gone', () => {
  const proof = proven(undefined, [{ ...sent, order: 7, first: 7 }], 2_000)
  expect(goneAt({ ...sent, order: 6 }, proof)).toBe(0)
  expect(goneAt({ ...sent, order: 8 }, proof)).toBe(never)
  expect(goneAt({ ...sent, order: 6, state: 'pending' }, proof)).toBe(never)
})

test('an earlier copy that is settled proves nothing of what was sent between the two, until it is quiet', () => {
  const twice = { ...sent, order: 900, first: 1 }
  const proof = proven(undefined, [twice], 2_000)
  expect(goneAt({ ...sent, order: 500 }, proof)).toBe(2_000 + 5_000)
  const more = proven(proof, [{ ...sent, order: 2, first: 2 }], 4_000)
  expect(goneAt({ ...sent, order: 500 }, more)).toBe(4_000 + 5_000)
})

test('a send remembers its earlier copies as long as they may arrive', () => {
  const stays = () => never
  const again = sendOf({ n: 1, bytes: 1, order: 9, now: 5_000 }, sent, stays)
  expect(again).toMatchObject({ order: 9, first: 1, attempts: 2, gaps: 0, taken: true, state: 'pending' })
  expect(sendOf({ n: 1, bytes: 1, order: 9, now: 5_000 }, sent, () => 0)).toMatchObject({ first: 9, gaps: 1 })
  expect(sendOf({ n: 2, bytes: 1, order: 1, now: 0 }, undefined, stays)).toMatchObject({ first: 1, attempts: 1 })
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
