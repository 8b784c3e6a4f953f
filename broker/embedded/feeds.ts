// Those inside the house who must not lose what others publish: they are handed each message as it comes in, and it is
// settled once they have taken it. Not for: showing messages to subscribers (ordering.ts, listeners.ts), or activities.
import type { Clock, Logger } from '../../component.ts'
import type { Message } from '../bus.ts'
import { matcher } from '../filters.ts'

const RETRY_MS = 1000

/** A message on its way in; without a packet id nobody waits for its acknowledgement: a will, QoS 0, one of our own. */
type Arriving = Message & { readonly packetId: number }

interface Offered {
  message: Message
  isOwed: boolean
  taken(): void
}

interface Feed {
  meets(topic: string): boolean
  take(message: Message): void
  /** What could not be taken yet, and what came after it. */
  waiting: Offered[]
  ended: AbortController
}

export interface FeedsParts {
  /** Topics under it are ours and never handed over. */
  prefix: string
  clock: Clock
  log: Logger
  /** Aborts when the house stops: what nobody takes from then on stays unsettled, so that its sender keeps it. */
  signal: AbortSignal
}

export class Feeds {
  readonly #parts: FeedsParts
  readonly #all = new Set<Feed>()

  constructor(parts: FeedsParts) {
    this.#parts = parts
  }

  /** How many messages wait to be taken. */
  get waiting(): number {
    return [...this.#all].reduce((sum, { waiting }) => sum + waiting.length, 0)
  }

  /** Hands over the retained messages that it meets, then all that come. Returns how to end it. */
  add(filters: readonly string[], take: (message: Message) => void, retained: Iterable<Message>): () => void {
    const tests = filters.map(matcher)
    const meets = (topic: string) => !this.#isOurs(topic) && tests.some((test) => test(topic))
    const feed: Feed = { meets, take, waiting: [], ended: new AbortController() }
    this.#all.add(feed)
    for (const message of retained)
      if (meets(message.topic)) this.#offer(feed, { message, isOwed: false, taken: () => {} })
    return () => {
      feed.ended.abort()
      const stays = this.#parts.signal.aborted ? feed.waiting.filter(({ isOwed }) => isOwed) : []
      const goes = feed.waiting.filter((offered) => !stays.includes(offered))
      feed.waiting = stays
      if (!this.#parts.signal.aborted) this.#all.delete(feed)
      for (const { taken } of goes) taken()
    }
  }

  /** Calls `taken` once everyone has it whom it concerns: at once if that is nobody. */
  hand(message: Arriving, taken: () => void): void {
    const feeds = [...this.#all].filter(({ meets }) => meets(message.topic))
    let owed = feeds.length + 1
    const one = () => {
      if (--owed === 0) taken()
    }
    one()
    const { topic, payload, qos } = message
    const offered = { message: { topic, payload, qos, retain: false }, isOwed: message.packetId > 0, taken: one }
    for (const feed of feeds) this.#offer(feed, offered)
  }

  #offer(feed: Feed, offered: Offered): void {
    if (feed.ended.signal.aborted && !offered.isOwed) {
      offered.taken()
      return
    }
    if (feed.waiting.length === 0 && this.#take(feed, offered)) return
    // A copy of what stays: the payload is a window on everything that was read along with it.
    const message = { ...offered.message, payload: Buffer.from(offered.message.payload) }
    if (feed.waiting.push({ ...offered, message }) === 1) void this.#offerAgain(feed)
  }

  #take(feed: Feed, { message, taken }: Offered): boolean {
    if (feed.ended.signal.aborted) return false
    try {
      feed.take(message)
    } catch (error) {
      const { topic } = message
      this.#parts.log.warn({ topic, reason: (error as Error).message }, 'a message cannot be taken yet; it waits')
      return false
    }
    taken()
    return true
  }

  async #offerAgain(feed: Feed): Promise<void> {
    while (feed.waiting.length > 0 && !feed.ended.signal.aborted) {
      await this.#parts.clock.sleep(RETRY_MS, feed.ended.signal)
      while (feed.waiting[0] && this.#take(feed, feed.waiting[0])) feed.waiting.shift()
    }
  }

  #isOurs(topic: string): boolean {
    const { prefix } = this.#parts
    return topic === prefix || topic.startsWith(`${prefix}/`)
  }
}
