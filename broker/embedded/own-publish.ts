// One message that Daybook itself publishes, and the promise of whoever waits for it. Not for: the way it takes, which is
// the same as a client's.
import type { Outcome } from '../bus.ts'
import type { Incoming, Source } from './incoming.ts'

export class OwnPublish implements Source {
  readonly user = 'daybook'
  waitingBytes = 0
  readonly outcome: Promise<Outcome>
  readonly #settled: (message: Incoming, outcome: Outcome) => void
  #resolve: (outcome: Outcome) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor(settled: (message: Incoming, outcome: Outcome) => void) {
    this.#settled = settled
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  /** Whoever publishes inside the process waits for the promise: it is never held back. */
  hold(): void {}

  resume(): void {}

  settled(message: Incoming, outcome: Outcome): void {
    this.#settled(message, outcome)
    this.#resolve(outcome)
  }

  /** It will not be settled any more. */
  giveUp(error: Error): void {
    this.#reject(error)
  }
}
