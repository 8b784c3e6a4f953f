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
  will: string
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
  will: string

  constructor({ topic, will, clientId, open, left, clock, random }: WitnessOptions) {
    this.#topic = topic
    this.will = will
    // The same one each time: the broker says the will of a connection that it has not yet missed before it lets its
    // successor in [MQTT-3.1.4-2], not after.
    const own = `${clientId}-${createHash('sha256').update(topic).digest('hex').slice(0, 8)}`
    this.#speaker = new Speaker({
      open: (signal) => {
        return open({ clientId: own, clean: true, will: { topic, payload: this.will }, received: () => {}, signal })
      },
      left,
      clock,
      random,
    })
    this.#speaker.start()
  }

  /** Why it has no connection, after a try. */
  get trouble(): DaybookError | undefined {
    return this.#speaker.line.trouble
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
