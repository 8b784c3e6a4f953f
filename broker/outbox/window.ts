// What is on its way: the entries that were sent and have no receipt, and when one of them is sent again. Pure. Not for:
// sending, storing, or reading a clock.
import type { Receipt } from '../../schemas/delivery.ts'

/** An entry that was sent in this run. */
export interface Flight {
  readonly n: number
  readonly bytes: number
  /** `pending`: the transport has it; `acknowledged`: the broker has it; `lost`: neither can be relied on. */
  state: 'pending' | 'acknowledged' | 'lost'
  /** Which send of all sends its latest one was. */
  order: number
  /** Epoch ms of the latest send. */
  sentAt: number
  /** Sends in this session. */
  attempts: number
  /** A receipt covers it. */
  settled: boolean
}

const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 600_000

/** How long to wait for an answer to the nth attempt: 30 s, doubled each time, at most 10 min. */
export function patience(attempts: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (attempts - 1), LONGEST_WAIT_MS)
}

/**
 * When an entry is to be sent again, epoch ms; Infinity: not of itself.
 *
 *   lost with its session                 at once
 *   a later one is settled: a gap         at once the first time, then after 30 s, 1 min, ... 10 min
 *   silence, and it is the oldest         after 30 s, 1 min, ... 10 min
 *   silence, and it is not                never: the receipt that answers the oldest shows which are missing
 *   the transport still has it            never: it delivers or it fails
 */
export function resendAt(flight: Flight, gap: boolean, oldest: boolean): number {
  if (flight.state === 'pending') return Number.POSITIVE_INFINITY
  if (flight.state === 'lost') return 0
  if (gap) return flight.attempts < 2 ? 0 : flight.sentAt + patience(flight.attempts - 1)
  return oldest ? flight.sentAt + patience(flight.attempts) : Number.POSITIVE_INFINITY
}

/** True if a receipt says of this seq that it is settled or given up. */
export function covers(receipt: Receipt, seq: number): boolean {
  return seq <= receipt.upTo || receipt.settled.some(([from, to]) => from <= seq && seq <= to)
}

/** The highest seq that a receipt knows of: somebody has used it. */
export function highest(receipt: Receipt): number {
  return receipt.settled.reduce((most, [, to]) => Math.max(most, to), receipt.upTo)
}

/** Numbers as inclusive ranges: 1 2 3 7 -> 1-3 7-7. Takes them in any order. */
export function toRanges(numbers: Iterable<number>): [number, number][] {
  const ranges: [number, number][] = []
  for (const n of [...numbers].sort((a, b) => a - b)) {
    const open = ranges.at(-1)
    if (open && n <= open[1] + 1) open[1] = n
    else ranges.push([n, n])
  }
  return ranges
}
