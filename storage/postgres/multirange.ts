// Sets of numbers as Postgres writes them (int8multirange) and as receipts say them (inclusive pairs). Pure. Not for:
// what the numbers mean.
import type { Ranges, Receipt } from '../../schemas/delivery.ts'

/** `{[1,5),[7,8)}` as [[1,4],[7,7]]. */
export function parseMultirange(text: string): Ranges {
  return [...text.matchAll(/\[(\d+),(\d+)\)/g)].map(([, from, to]) => [Number(from), Number(to) - 1])
}

/** Numbers, in any order and doubled or not, as a multirange literal. */
export function multirangeOf(numbers: readonly number[]): string {
  const sorted = [...numbers].sort((a, b) => a - b)
  const parts: string[] = []
  let from = sorted[0]
  let last = from
  for (const number of sorted.slice(1)) {
    if (last !== undefined && number > last + 1) {
      parts.push(`[${from},${last + 1})`)
      from = number
    }
    last = number
  }
  if (from !== undefined && last !== undefined) parts.push(`[${from},${last + 1})`)
  return `{${parts.join(',')}}`
}

/** How far everything is in `ranges`, counting from 1, and what lies above: a receipt's two halves. */
export function contiguous(ranges: Ranges): { upTo: number; above: Ranges } {
  const first = ranges.findIndex(([from, to]) => from <= 1 && to >= 1)
  const upTo = first < 0 ? 0 : (ranges[first]?.[1] ?? 0)
  return { upTo, above: ranges.filter(([from]) => from > upTo && from > 0) }
}

/** More ranges than this above `upTo` are left out: a sender that skips numbers for ever must not make receipts grow. */
const RANGES_MOST = 100

/** The receipt of an outbox whose done numbers are this multirange; nothing in `settled` means that nothing is missing. */
export function receiptOf(epoch: string | undefined, done: string): Receipt {
  const { upTo, above } = contiguous(parseMultirange(done))
  return { ...(epoch && { epoch }), upTo, settled: above.slice(0, RANGES_MOST) }
}
