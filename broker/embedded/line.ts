// One sender's messages that are no activities, in order: what follows a retained message waits until that is kept, so
// that nothing overtakes it. Not for: activities, which the pipeline orders.
import type { Incoming } from './incoming.ts'
import type { Keeping } from './keeping.ts'

interface Standing {
  message: Incoming
  ready: boolean
}

export class Line {
  readonly #keeping: Keeping
  readonly #out: (message: Incoming) => void
  readonly #standing: Standing[] = []

  constructor(keeping: Keeping, out: (message: Incoming) => void) {
    this.#keeping = keeping
    this.#out = out
  }

  /** `out` is called when its turn has come, at once if nothing is in front. */
  add(message: Incoming, keep: boolean): void {
    if (!keep && this.#standing.length === 0) {
      this.#out(message)
      return
    }
    const standing = { message, ready: !keep }
    this.#standing.push(standing)
    if (!keep) return
    const { topic, payload, qos } = message
    this.#keeping.keep({ topic, payload, qos }, () => {
      standing.ready = true
      this.#advance()
    })
  }

  #advance(): void {
    // One by one: what `out` brings back to this line must find the others still in front.
    while (this.#standing[0]?.ready) this.#out((this.#standing.shift() as Standing).message)
  }
}
