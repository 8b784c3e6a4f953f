// Who listens to what, over any number of connections: SUBSCRIBE is sent again on each, and each listener hears retained
// messages first. Not for: what must not be lost (consumer.ts).
import type { IPublishPacket } from 'mqtt-packet'
import type { Logger } from '../../../component.ts'
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'
import type { Message } from '../../bus.ts'
import { matcher } from '../../filters.ts'
import type { Connection } from '../connection/connection.ts'

export type Listener = (message: Message) => void

/** A listener's subscription. */
export interface Listening {
  /**
   * Resolves once messages come in and retained ones have; rejects with `broker_refused`, and then it is over. One that stood
   * before is asked for again on the next connection: a broker that has just started may not know its users yet.
   */
  readonly stands: Promise<void>
  end(): void
}

interface Entry {
  readonly listener: Listener
  /** Retained messages are still to come to it. */
  isNew: boolean
  /** It has been granted once. */
  hasStood: boolean
  stand(): void
  fail(error: DaybookError): void
}

interface Filter {
  matches(topic: string): boolean
  readonly entries: Set<Entry>
}

export class Subscriptions {
  readonly #log: Logger
  readonly #filters = new Map<string, Filter>()
  /** What stood before and is refused on this connection. */
  readonly #refused = new Map<string, DaybookError>()
  #connection: Connection | undefined

  constructor(log: Logger) {
    this.#log = log
  }

  /** Why something that is listened to does not come. */
  get trouble(): DaybookError | undefined {
    return this.#refused.values().next().value
  }

  add(filter: string, listener: Listener): Listening {
    const { promise: stands, resolve: stand, reject: fail } = Promise.withResolvers<void>()
    // Who does not wait for it has not forgotten it.
    stands.catch(() => {})
    const entry: Entry = { listener, isNew: true, hasStood: false, stand, fail }
    let all = this.#filters.get(filter)
    if (!all) {
      all = { matches: matcher(filter), entries: new Set() }
      this.#filters.set(filter, all)
    }
    all.entries.add(entry)
    if (this.#connection) void this.#ask(this.#connection, filter)
    return { stands, end: () => this.#remove(filter, entry, new DaybookError('shutting_down')) }
  }

  /** A connection is open: everything is asked for again. */
  entered(connection: Connection): void {
    this.#connection = connection
    this.#refused.clear()
    for (const [filter, { entries }] of this.#filters) {
      for (const entry of entries) entry.isNew = true
      void this.#ask(connection, filter)
    }
  }

  /** A message came in. */
  hear({ topic, payload, qos, retain }: IPublishPacket): void {
    const message: Message = { topic, payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload), qos, retain }
    for (const { matches, entries } of this.#filters.values()) {
      if (!matches(topic)) continue
      const all = [...entries]
      // What is said again for a new listener is news to nobody else.
      const meant = retain && all.some(({ isNew }) => isNew) ? all.filter(({ isNew }) => isNew) : all
      for (const { listener } of meant) this.#tell(listener, message)
    }
  }

  /** Nobody hears anything any more. */
  end(): void {
    for (const [filter, { entries }] of this.#filters) {
      for (const entry of entries) this.#remove(filter, entry, new DaybookError('shutting_down'))
    }
  }

  async #ask(connection: Connection, filter: string): Promise<void> {
    const all = this.#filters.get(filter)
    const asking = [...(all?.entries ?? [])].filter(({ isNew }) => isNew)
    try {
      await connection.subscribe(filter, 1)
      // Brokers send what is retained along with SUBACK, so the answer to a later question comes after it.
      await connection.ping()
      for (const entry of asking) {
        entry.isNew = false
        entry.hasStood = true
        entry.stand()
      }
    } catch (error) {
      const why = asDaybookError(error)
      // With the connection gone, the next one asks again.
      if (why.code !== 'broker_refused') return
      this.#log.warn({ filter, why: why.detail }, 'the broker refuses a subscription')
      for (const entry of asking) if (!entry.hasStood) this.#remove(filter, entry, why)
      if (this.#connection === connection && this.#filters.has(filter)) this.#refused.set(filter, why)
    }
  }

  #remove(filter: string, entry: Entry, why: DaybookError): void {
    entry.fail(why)
    const all = this.#filters.get(filter)
    if (!all?.entries.delete(entry) || all.entries.size > 0) return
    this.#filters.delete(filter)
    this.#refused.delete(filter)
    if (this.#connection?.isOpen) this.#connection.unsubscribe(filter).catch(() => {})
  }

  /** A listener's mistake is its own: the others still get the message. */
  #tell(listener: Listener, message: Message): void {
    try {
      listener(message)
    } catch (error) {
      this.#log.error({ err: error, topic: message.topic }, 'a listener failed')
    }
  }
}
