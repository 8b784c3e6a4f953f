// The listeners inside the process: they get what MQTT clients get, without a socket. Not for: what must not be lost.
import type { Logger } from '../component.ts'
import type { Message } from './bus.ts'
import { matcher } from './filters.ts'

interface Listening {
  matches(topic: string): boolean
  listener(message: Message): void
}

export class Listeners {
  readonly #log: Logger
  readonly #all = new Set<Listening>()
  readonly #retained = new Map<string, Message>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** The last retained message of each topic. */
  get retained(): ReadonlyMap<string, Message> {
    return this.#retained
  }

  /** Gives the retained messages of the filter first. Returns how to end it. */
  add(filter: string, listener: (message: Message) => void): () => void {
    const listening = { matches: matcher(filter), listener }
    for (const message of [...this.#retained.values()]) {
      if (listening.matches(message.topic)) this.#tell(listening, message)
    }
    this.#all.add(listening)
    return () => {
      this.#all.delete(listening)
    }
  }

  /** A message as it is emitted; `retain` means that it becomes the topic's last value. */
  show(message: Message, isNew = true): void {
    const { topic, qos, retain } = message
    // What nobody hears is not looked at: its bytes may not even be made yet.
    if (!retain && this.#all.size === 0) return
    const { payload } = message
    if (retain && payload.length > 0) this.#retained.set(topic, { topic, payload, qos, retain })
    else if (retain) this.#retained.delete(topic)
    if (this.#all.size === 0) return
    for (const listening of this.#all) {
      if (listening.matches(topic)) this.#tell(listening, { topic, payload, qos, retain: !isNew })
    }
  }

  /** A listener's mistake is its own: the others still get the message. */
  #tell({ listener }: Listening, message: Message): void {
    try {
      listener(message)
    } catch (error) {
      this.#log.error({ err: error, topic: message.topic }, 'a listener failed')
    }
  }
}
