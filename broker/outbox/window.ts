// What is on its way: the entries that were sent and have no receipt, what receipts prove about them, and when one of
// them is sent again. Pure. Not for: how many may be under way (pace.ts), sending, storing, or reading a clock.
import type { Receipt } from '../../schemas/delivery.ts'

/** An entry that was sent in this run. */
export interface Flight {
  readonly n: number
  readonly bytes: number
  /** `pending`: the transport has it; `acknowledged`: the broker has it; `lost`: neither can be relied on. */
  state: 'pending' | 'acknowledged' | 'lost'
  /** Which send of all sends its latest one was. */
  readonly order: number
  /** Which its earliest one was that may still arrive. */
  readonly first: number
  /** Epoch ms of the latest send. */
  readonly sentAt: number
  /** Sends that were not refused. */
  attempts: number
  /** How often it was sent again because it was gone. */
  readonly gaps: number
  /** The broker has had it once: with a receipt it is done, whatever became of later sends. */
  taken: boolean
  /** A receipt covers it. */
  settled: boolean
}

/** What the receipts of an epoch say of the order of arrival: what was sent before something settled has come or is gone. */
export interface Proof {
  /** What was sent before this. */
  certain: number
  /** What was sent before this, unless it was an earlier copy that was settled. */
  likely: number
  /** Epoch ms of the latest receipt that settled anything. */
  at: number
}

const FIRST_WAIT_MS = 30_000
const LONGEST_WAIT_MS = 600_000
/** Without another receipt for so long, nothing of what was sent waits in front of what was settled. */
const QUIET_MS = 5_000
/** A gap is filled at once so many times. */
const GAPS_AT_ONCE = 3

/** A send of an entry, after those `before`, now. */
export function sendOf(
  { n, bytes, order, now }: { n: number; bytes: number; order: number; now: number },
  before: Flight | undefined,
  goneAt: (flight: Flight) => number,
): Flight {
  const { first = order, attempts = 0, gaps = 0, taken = false, settled = false } = before ?? {}
  const gone = before !== undefined && goneAt(before) <= now
  return {
    ...{ n, bytes, state: 'pending', order, sentAt: now, attempts: attempts + 1, taken, settled },
    ...(gone ? { first: order, gaps: gaps + 1 } : { first, gaps }),
  }
}

/** How long to wait for an answer to the nth attempt: 30 s, doubled each time, at most 10 min. */
export function patience(attempts: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** (Math.max(attempts, 1) - 1), LONGEST_WAIT_MS)
}

/** What is known once these flights of an epoch are settled. */
export function proven(proof: Proof | undefined, settled: readonly Flight[], at: number): Proof {
  const { certain, likely } = proof ?? { certain: 0, likely: 0 }
  return {
    certain: settled.reduce((most, { first }) => Math.max(most, first), certain),
    likely: settled.reduce((most, { order }) => Math.max(most, order), likely),
    at,
  }
}

/** Since when it is known that no copy of it will arrive, epoch ms; Infinity: it is not. */
export function goneAt({ state, order }: Flight, proof: Proof | undefined): number {
  if (!proof || state !== 'acknowledged') return Number.POSITIVE_INFINITY
  if (order < proof.certain) return 0
  return order < proof.likely ? proof.at + QUIET_MS : Number.POSITIVE_INFINITY
}

/**
 * When an entry is to be sent again, epoch ms; Infinity: not of itself. `gone`: see goneAt.
 *
 *   lost with its connection or session   at once
 *   a later one is settled: a gap         at once, if that happens again and again after 30 s, 1 min, ... 10 min
 *   silence, and it is the oldest         see askAgainAt
 *   silence, and it is not                never: the receipt that answers the oldest shows which are missing
 *   the transport still has it            never: it delivers or it fails
 */
export function resendAt(flight: Flight, gone: number): number {
  if (flight.state === 'pending') return Number.POSITIVE_INFINITY
  if (flight.state === 'lost') return 0
  const { gaps, sentAt } = flight
  return gaps < GAPS_AT_ONCE ? gone : Math.max(gone, sentAt + patience(gaps - GAPS_AT_ONCE + 1))
}

/** When the oldest is sent again whatever else is under way, epoch ms: after 30 s, 1 min, ... 10 min of silence. */
export function askAgainAt({ sentAt, attempts }: Flight): number {
  return sentAt + patience(attempts)
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
