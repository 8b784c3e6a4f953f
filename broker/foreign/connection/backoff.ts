// How long to wait before the next try to reach a broker. Pure but for the number of tries. Not for: waiting.
import type { DaybookError } from '../../../schemas/errors.ts'

const FIRST_MS = 250
const MOST_MS = 15_000
/** A connection that held so long was a good one: the next failure is a new story. */
const HELD_MS = 10_000

/**
 * Grows from 250 ms to 15 s, twofold with each try, and takes a random part of that, so that many devices do not come back
 * at one moment ("full jitter"). Who is refused tries every 15 s: that takes a person.
 */
export class Backoff {
  readonly #random: () => number
  #most = FIRST_MS

  /** `random` as Math.random. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Ms until the next try, after one that failed or a connection that ended and held for `heldMs`. */
  next(why: DaybookError, heldMs = 0): number {
    if (why.code === 'broker_refused') return MOST_MS
    if (heldMs >= HELD_MS) this.#most = FIRST_MS
    const most = this.#most
    this.#most = Math.min(MOST_MS, most * 2)
    return this.#random() * most
  }
}
