// Sets of numbers keep their meaning on the way to Postgres and into receipts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contiguous, multirangeOf, parseMultirange, receiptOf } from './multirange.ts'

const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { maxLength: 80 })
const members = (ranges: [number, number][]) =>
  ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, n) => from + n))

describe('multiranges', () => {
  it('hold exactly the numbers they were made of, doubled or not, in any order', () => {
    fc.assert(
      fc.property(numbers, (set) => {
        const ranges = parseMultirange(multirangeOf([...set, ...set.slice(0, 3)]))
        expect(members(ranges)).toEqual([...set].sort((a, b) => a - b))
      }),
    )
  })

  it('are said in a receipt as how far everything is there, and what is above', () => {
    expect(contiguous([])).toEqual({ upTo: 0, above: [] })
    expect(contiguous([[2, 3]])).toEqual({ upTo: 0, above: [[2, 3]] })
    expect(
      contiguous([
        [0, 4],
        [6, 6],
      ]),
    ).toEqual({ upTo: 4, above: [[6, 6]] })
    fc.assert(
      fc.property(numbers, (set) => {
        const { upTo, above } = contiguous(parseMultirange(multirangeOf(set)))
        const has = new Set(set)
        for (let n = 1; n <= upTo; n++) expect(has.has(n)).toBe(true)
        expect(has.has(upTo + 1)).toBe(false)
        expect(members(above)).toEqual([...set].filter((n) => n > upTo && n > 0).sort((a, b) => a - b))
      }),
    )
  })

  it('make no receipt longer than a hundred ranges', () => {
    const everyOther = multirangeOf(Array.from({ length: 500 }, (_, n) => 2 * n + 2))
    expect(receiptOf('e1', everyOther)).toMatchObject({ epoch: 'e1', upTo: 0 })
    expect(receiptOf(undefined, everyOther).settled).toHaveLength(100)
    expect(receiptOf(undefined, '{[1,9)}')).toEqual({ upTo: 8, settled: [] })
  })
})
