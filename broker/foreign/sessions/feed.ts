// One inside the house who must not lose what others publish, on a broker that is not ours: it has a session of its own
// there, so that it holds up nobody else when it cannot take anything. Not for: activities (foreign.ts).
import type { Clock, Logger } from '../../../component.ts'
import type { Message } from '../../bus.ts'
import { matcher, withoutCovered } from '../../filters.ts'
import type { Arrival } from './arrivals.ts'
import { Consumer, type ConsumerOptions } from './consumer.ts'

const RETRY_MS = 1000
const MOST_BYTES = 16 * 1024 * 1024

export interface FeedOptions extends Pick<ConsumerOptions, 'open' | 'memory' | 'window' | 'clock' | 'log' | 'random'> {
  clientId: string
  filters: readonly string[]
  take(message: Message): void
  /** Topics that are ours and never handed over. */
  isOurs(topic: string): boolean
}

export class Feed {
  readonly consumer: Consumer
  readonly #options: FeedOptions
  readonly #clock: Clock
  readonly #log: Logger
  /** Also what a session was subscribed to by an earlier start may come: RabbitMQ 3.10 heeds no UNSUBSCRIBE of that. */
  readonly #isMeant: (topic: string) => boolean
  readonly #ended = new AbortController()
  /** What could not be taken yet, and what came after it. */
  #waiting: Arrival[] = []

  constructor(options: FeedOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#log = options.log
    const filters = withoutCovered(options.filters.filter((filter) => !options.isOurs(filter)))
    const tests = filters.map(matcher)
    this.#isMeant = (topic) => !options.isOurs(topic) && tests.some((test) => test(topic))
    this.consumer = new Consumer({
      ...options,
      filters: async () => filters,
      retained: 'each run',
      take: (arrival) => this.#offer(arrival),
      // Who publishes here does not know how to send anything again: it is said in `health`.
      lost: () => {},
      mostBytes: MOST_BYTES,
    })
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** What it has not taken stays with the broker. */
  async end(): Promise<void> {
    this.consumer.stopReading()
    this.#ended.abort()
    await this.consumer.stop()
  }

  #offer(arrival: Arrival): void {
    if (!this.#isMeant(arrival.topic)) this.consumer.arrivals.settle(arrival)
    else if (this.#waiting.length > 0 || !this.#take(arrival)) {
      if (this.#waiting.push(arrival) === 1) void this.#offerAgain()
    }
  }

  #take(arrival: Arrival): boolean {
    if (this.#ended.signal.aborted) return false
    const { topic, payload, qos, retain } = arrival
    try {
      this.#options.take({ topic, payload, qos, retain })
    } catch (error) {
      this.#log.warn({ topic, reason: (error as Error).message }, 'a message cannot be taken yet; it waits')
      return false
    }
    this.consumer.arrivals.settle(arrival)
    return true
  }

  async #offerAgain(): Promise<void> {
    const { signal } = this.#ended
    while (this.#waiting.length > 0 && !signal.aborted) {
      await this.#clock.sleep(RETRY_MS, signal)
      while (this.#waiting[0] && this.#take(this.#waiting[0])) this.#waiting.shift()
    }
  }
}
