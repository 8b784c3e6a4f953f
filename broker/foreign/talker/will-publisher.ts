// Says one retained topic over a connection of its own, because a will belongs to a connection: when we are gone without a
// word, the broker says it. Not for: topics without a will (publisher.ts).
import { createHash } from 'node:crypto'
import type { Clock } from '../../../component.ts'
import type { DaybookError } from '../../../schemas/errors.ts'
import type { Connection, PublishAs } from '../connection/connection.ts'
import type { ConnectOptions } from '../connection/handshake.ts'
import { Publisher } from './publisher.ts'

export interface WillPublisherOptions {
  topic: string
  will: string
  /** The talker's, from which ours is made. */
  clientId: string
  open(options: Pick<ConnectOptions, 'clientId' | 'clean' | 'will' | 'received' | 'signal'>): Promise<Connection>
  left(why: DaybookError): void
  clock: Clock
  random: () => number
}

export class WillPublisher {
  readonly #topic: string
  readonly #publisher: Publisher
  /** What is said when we are gone; a change counts from the next connection. */
  will: string

  constructor({ topic, will, clientId, open, left, clock, random }: WillPublisherOptions) {
    this.#topic = topic
    this.will = will
    // The same one each time: the broker says the will of a connection that it has not yet missed before it lets its
    // successor in [MQTT-3.1.4-2], not after.
    const own = `${clientId}-${createHash('sha256').update(topic).digest('hex').slice(0, 8)}`
    this.#publisher = new Publisher({
      open: (signal) => {
        return open({ clientId: own, clean: true, will: { topic, payload: this.will }, received: () => {}, signal })
      },
      left,
      clock,
      random,
    })
    this.#publisher.start()
  }

  /** Why it has no connection, after a try. */
  get trouble(): DaybookError | undefined {
    return this.#publisher.line.trouble
  }

  /** As Publisher.publish; the first ones wait for the first try to connect. */
  async publish(payload: string | Buffer, as: PublishAs): Promise<void> {
    await this.#publisher.line.tried
    await this.#publisher.publish(this.#topic, payload, as)
  }

  /** As Publisher.stop. */
  stop(ms: number): Promise<void> {
    return this.#publisher.stop(ms)
  }
}
