// Knows again what we have published ourselves, when the broker hands it back to us. Bounded: an echo that is not known
// any more is taken for new, and the store finds that it has it. Not for: what others publish.
import { fingerprint } from '../fingerprint.ts'

/** 10 MB or so. */
const MOST = 50_000

export class Echoes {
  readonly #most: number
  /** How many are on their way, the oldest first. */
  readonly #expected = new Map<string, number>()

  constructor(most = MOST) {
    this.#most = most
  }

  /** How many different ones are on their way. */
  get expected(): number {
    return this.#expected.size
  }

  /** Before it is published: the echo may be faster than the answer. */
  expect(topic: string, payload: Buffer): void {
    const print = fingerprint(topic, payload)
    const count = this.#expected.get(print) ?? 0
    this.#expected.delete(print)
    this.#expected.set(print, count + 1)
    if (this.#expected.size <= this.#most) return
    const [oldest] = this.#expected.keys()
    if (oldest !== undefined) this.#expected.delete(oldest)
  }

  /** Whether it is one; each is known once for each time that it was published. */
  knows(topic: string, payload: Buffer): boolean {
    if (this.#expected.size === 0) return false
    const print = fingerprint(topic, payload)
    const count = this.#expected.get(print)
    if (count === undefined) return false
    if (count > 1) this.#expected.set(print, count - 1)
    else this.#expected.delete(print)
    return true
  }
}
