// The subscription to a producer's receipts, and those that wait to be taken. Not for: what a receipt does.
import type { Clock, Logger } from '../../component.ts'
import { type Receipt, receipt as receiptSchema } from '../../schemas/delivery.ts'
import type { OutboxTransport } from './transport.ts'

export interface ReceiptsParts {
  transport: OutboxTransport
  /** The topic of the receipts. */
  topic: string
  clock: Clock
  log: Logger | undefined
  /** Called when a receipt came, or the subscription stands. */
  wake: () => void
  /** Called when the transport does not take the subscription. */
  refused: () => void
}

export class Receipts {
  readonly #parts: ReceiptsParts
  /** The latest of each epoch; later ones say all that earlier ones said. */
  readonly #waiting = new Map<string | undefined, Receipt>()
  #state: 'none' | 'asked' | 'stands' | 'ended' = 'none'
  #since = Number.POSITIVE_INFINITY
  #unsubscribe: (() => void) | undefined

  constructor(parts: ReceiptsParts) {
    this.#parts = parts
  }

  /** Since when receipts come in, epoch ms; Infinity: not yet. */
  get since(): number {
    return this.#since
  }

  /** Asks for the receipts unless that is done. */
  ask(): void {
    if (this.#state !== 'none') return
    this.#state = 'asked'
    const { transport, topic, clock, wake, refused } = this.#parts
    const subscribe = async () => transport.subscribe(topic, ({ payload }) => this.#hear(payload))
    subscribe().then(
      (unsubscribe) => {
        if (this.#state === 'ended') return unsubscribe()
        this.#state = 'stands'
        this.#unsubscribe = unsubscribe
        this.#since = clock.now()
        wake()
      },
      () => {
        if (this.#state === 'asked') this.#state = 'none'
        refused()
      },
    )
  }

  /** Hands over what waits; what `take` throws at stays. */
  drain(take: (receipt: Receipt) => void): void {
    for (const [epoch, receipt] of this.#waiting) {
      take(receipt)
      this.#waiting.delete(epoch)
    }
  }

  /** Safe twice. */
  end(): void {
    this.#state = 'ended'
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  #hear(payload: Buffer): void {
    if (payload.length === 0) return
    try {
      const receipt = receiptSchema.parse(JSON.parse(payload.toString()))
      this.#waiting.set(receipt.epoch, receipt)
      this.#parts.wake()
    } catch (error) {
      this.#parts.log?.warn({ err: error }, 'a receipt could not be read')
    }
  }
}
