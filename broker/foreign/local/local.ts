// What needs no broker though it is on the bus: what the house publishes itself goes through the write path first and is
// shown to the broker's clients afterwards; its listeners hear of activities what was stored, whichever way it came in.
// Not for: what comes from the broker (consumer.ts).
import type { Logger } from '../../../component.ts'
import type { DaybookError } from '../../../schemas/errors.ts'
import type { Topics } from '../../../schemas/topics.ts'
import type { Delivery, Message, Outcome } from '../../bus.ts'
import { Listeners } from '../../listeners.ts'
import type { Talker } from '../talker/talker.ts'
import { Echoes } from './echoes.ts'
import { Mirror } from './mirror.ts'

export interface LocalOptions {
  topics: Topics
  talker: Pick<Talker, 'isOpen' | 'publish'>
  log: Logger
}

export class Local {
  /** What comes back from the broker because it was shown there. */
  readonly echoes = new Echoes()
  readonly mirror: Mirror
  readonly #topics: Topics
  readonly #listeners: Listeners
  /** Not settled yet. */
  readonly #own = new Set<PromiseWithResolvers<Outcome>>()

  constructor({ topics, talker, log }: LocalOptions) {
    this.#topics = topics
    this.#listeners = new Listeners(log)
    this.mirror = new Mirror(talker, (topic, payload) => this.echoes.expect(topic, payload))
  }

  /** An activity of the house; resolves with its outcome. */
  async store(topic: string, payload: Buffer, qos: 0 | 1, accept: (delivery: Delivery) => void): Promise<Outcome> {
    const own = Promise.withResolvers<Outcome>()
    this.#own.add(own)
    try {
      accept({ topic, payload, qos, retain: false, from: 'daybook', settle: own.resolve })
      const outcome = await own.promise
      const { status, body } = outcome
      if (status === 'stored' && body) {
        const bytes = body()
        this.#listeners.show({ topic, payload: bytes, qos, retain: false })
        this.mirror.show(topic, bytes)
      }
      return outcome
    } finally {
      this.#own.delete(own)
    }
  }

  /** An activity that came from the broker, now that it is stored; its bytes are made when somebody looks. */
  stored(topic: string, qos: 0 | 1, body: () => Buffer): void {
    let bytes: Buffer | undefined
    this.#listeners.show({
      topic,
      get payload() {
        bytes ??= body()
        return bytes
      },
      qos,
      retain: false,
    })
  }

  /** What this house alone says, and hears without the broker: receipts. */
  isOwn(filter: string): boolean {
    return filter.startsWith(this.#topics.receipt(''))
  }

  /** What the house asks of itself and answers: it goes on without the broker, and over it while it is there. */
  isForHouse(topic: string): boolean {
    return topic.startsWith(this.#topics.command('')) || topic.startsWith(this.#topics.reply(''))
  }

  /** Of what `isOwn`, and while the broker is away of what `isForHouse`. */
  say(message: Message): void {
    this.#listeners.show(message)
  }

  /** True for filters of which nothing has to come from the broker. */
  hearsAll(filter: string): boolean {
    return this.isOwn(filter) || this.#topics.isActivity(filter)
  }

  /** The broker's clients get the others as they were published: of those, what is heard here is left out by the caller. */
  listen(filter: string, listener: (message: Message) => void): () => void {
    const hearsAll = this.hearsAll(filter)
    return this.#listeners.add(filter, (message) => {
      if (hearsAll || this.#topics.isActivity(message.topic) || this.isForHouse(message.topic)) listener(message)
    })
  }

  /** Resolves once all that the house published is settled. */
  async settled(): Promise<void> {
    while (this.#own.size > 0) await Promise.allSettled([...this.#own].map(({ promise }) => promise))
  }

  /** It will not be settled any more. */
  giveUp(why: DaybookError): void {
    for (const { reject } of this.#own) reject(why)
  }
}
