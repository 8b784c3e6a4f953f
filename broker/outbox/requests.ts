// Hears what the house asks of an outbox beside receipts: a payload that it misses, messages that its broker has lost. Not
// for: doing it; without this nothing is lost that the outbox has promised, it only takes longer.
import type { Logger } from '../../component.ts'
import type { OutboxTransport } from './transport.ts'

export interface RequestsParts {
  transport: OutboxTransport
  topic: string
  log: Logger | undefined
  /** Takes a request. Must not throw. */
  take: (payload: Buffer) => void
}

export class Requests {
  readonly #parts: RequestsParts
  #asked = false
  #ended = false
  #unsubscribe: (() => void) | undefined

  constructor(parts: RequestsParts) {
    this.#parts = parts
  }

  /** Subscribes, once: a broker that does not allow it must not hold up anything. */
  listen(): void {
    if (this.#asked) return
    this.#asked = true
    const { transport, topic, log, take } = this.#parts
    const hear = ({ payload }: { payload: Buffer }) => {
      if (!this.#ended) take(payload)
    }
    const subscribe = async () => transport.subscribe(topic, hear)
    subscribe().then(
      (unsubscribe) => {
        if (this.#ended) unsubscribe()
        else this.#unsubscribe = unsubscribe
      },
      (error) => log?.warn({ err: error, topic }, 'what the house asks for cannot be heard'),
    )
  }

  /** Safe twice. */
  end(): void {
    this.#ended = true
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }
}
