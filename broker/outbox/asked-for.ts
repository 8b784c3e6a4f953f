// Hears which payloads the pipeline misses, so that those that are still here are uploaded once more. Not for: uploading
// them (uploads.ts); without this nothing is lost that the outbox has promised.
import type { Logger } from '../../component.ts'
import { missingPayload } from '../../schemas/delivery.ts'
import type { OutboxTransport } from './transport.ts'

export interface AskedForParts {
  transport: OutboxTransport
  /** The topic of what is rejected of this producer. */
  topic: string
  log: Logger | undefined
  /** Takes the id of a payload that is missed. */
  take: (id: string) => void
}

export class AskedFor {
  readonly #parts: AskedForParts
  #asked = false
  #ended = false
  #unsubscribe: (() => void) | undefined

  constructor(parts: AskedForParts) {
    this.#parts = parts
  }

  /** Subscribes, once: a broker that does not allow it must not hold up anything. */
  listen(): void {
    if (this.#asked) return
    this.#asked = true
    const { transport, topic, log } = this.#parts
    const subscribe = async () => transport.subscribe(topic, ({ payload }) => this.#hear(payload))
    subscribe().then(
      (unsubscribe) => {
        if (this.#ended) unsubscribe()
        else this.#unsubscribe = unsubscribe
      },
      (error) => log?.warn({ err: error }, 'payloads that are missed cannot be heard of'),
    )
  }

  /** Safe twice. */
  end(): void {
    this.#ended = true
    this.#unsubscribe?.()
    this.#unsubscribe = undefined
  }

  #hear(payload: Buffer): void {
    if (this.#ended || !payload.includes('object_missing')) return
    try {
      const { data } = missingPayload.safeParse(JSON.parse(payload.toString()))
      if (data) this.#parts.take(data.objectId)
    } catch {
      // No JSON: not from the pipeline.
    }
  }
}
