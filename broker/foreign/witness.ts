// Says one retained topic over a connection of its own, because a will belongs to a connection: when we are gone without a
// word, the broker says it. Not for: topics without a will (speaker.ts).
import { createHash } from 'node:crypto'
import type { Clock } from '../../component.ts'
import type { DaybookError } from '../../schemas/errors.ts'
import type { Connection, PublishAs } from './connection.ts'
import type { ConnectOptions } from './greeting.ts'
import { Speaker } from './speaker.ts'

export interface WitnessOptions {
  topic: string
  /** The talker's, from which ours is made. */
  clientId: string
  open(options: Pick<ConnectOptions, 'clientId' | 'clean' | 'will' | 'received' | 'signal'>): Promise<Connection>
  left(why: DaybookError): void
  clock: Clock
  random: () => number
}

export class Witness {
  readonly #topic: string
  readonly #speaker: Speaker
  /** What is said when we are gone; a change counts from the next connection. */
  will = ''

  constructor({ topic, clientId, open, left, clock, random }: WitnessOptions) {
    this.#topic = topic
    // The same one each time: the broker says the will of a connection that it has not yet missed before it lets its
    // successor in [MQTT-3.1.4-2], not after.
    const own = `${clientId}-${createHash('sha256').update(topic).digest('hex').slice(0, 8)}`
    this.#speaker = new Speaker({
      open: (signal) => {
        const will = { topic, payload: this.will }
        return open({ clientId: own, clean: true, will, received: () => {}, signal })
      },
      left,
      clock,
      random,
    })
    this.#speaker.start()
  }

  get isOpen(): boolean {
    return this.#speaker.line.connection !== undefined
  }

  /** As Speaker.publish; the first ones wait for the first try to connect. */
  async publish(payload: string | Buffer, as: PublishAs): Promise<void> {
    await this.#speaker.line.tried
    await this.#speaker.publish(this.#topic, payload, as)
  }

  /** As Speaker.stop. */
  stop(ms: number): Promise<void> {
    return this.#speaker.stop(ms)
  }
}
