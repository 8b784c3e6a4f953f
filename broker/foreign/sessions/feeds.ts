// All feeds of a house: by name, so that each finds its session again, and the sessions of those that are gone are taken
// away. Not for: what a feed does (feed.ts).
import type { Health } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Message } from '../../bus.ts'
import { asWord } from './client-id.ts'
import { Feed, type FeedOptions } from './feed.ts'

export interface FeedsOptions extends Omit<FeedOptions, 'clientId' | 'filters' | 'take'> {
  /** How the client id of each begins. */
  clientIds: string
  /** How the names begin of feeds that may still be asked for in this run. */
  expected(): readonly string[]
  /** Aborts when the house stops: from then on the broker keeps what comes. */
  signal: AbortSignal
}

export class Feeds {
  readonly #options: FeedsOptions
  readonly #all = new Map<string, Feed>()
  /** What becomes of sessions whose feeds have ended, by client id. */
  readonly #ending = new Map<string, Promise<void>>()

  constructor(options: FeedsOptions) {
    this.#options = options
  }

  get sessionsLost(): number {
    return this.#sum(({ consumer }) => consumer.sessionsLost)
  }

  /** Messages that could not be taken yet. */
  get waiting(): number {
    return this.#sum(({ waiting }) => waiting)
  }

  health(): Health[] {
    return [...this.#all.values()].map(({ consumer }) => consumer.health())
  }

  /** `ready` as a consumer's. Throws `internal` if there is one of this name. */
  add(name: string, filters: readonly string[], take: (message: Message) => void) {
    const clientId = this.#idOf(name)
    if (this.#all.has(clientId)) throw new DaybookError('internal', `there is a feed "${name}" already`)
    const feed = new Feed({ ...this.#options, clientId, filters, take })
    this.#all.set(clientId, feed)
    const former = this.#ending.get(clientId)
    if (former) void former.then(() => feed.consumer.start())
    else feed.consumer.start()
    return { ready: feed.consumer.ready, end: () => this.#end(clientId, feed) }
  }

  stopReading(): void {
    for (const { consumer } of this.#all.values()) consumer.stopReading()
  }

  /** What they have not taken stays with the broker. */
  async stop(): Promise<void> {
    await Promise.all([...[...this.#all.values()].map((feed) => feed.end()), ...this.#ending.values()])
  }

  /** Sessions that nobody will ask for any more are no burden to the broker. */
  async sweep(): Promise<void> {
    const { memory, signal, expected, clientIds } = this.#options
    const wanted = expected().map((name) => this.#idOf(name))
    for (const clientId of memory.clientIds) {
      if (signal.aborted) return
      const isWanted = this.#all.has(clientId) || wanted.some((id) => clientId.startsWith(id))
      if (clientId.startsWith(clientIds) && !isWanted) await this.#remove(clientId)
    }
  }

  #sum(count: (feed: Feed) => number): number {
    return [...this.#all.values()].reduce((sum, feed) => sum + count(feed), 0)
  }

  #idOf(name: string): string {
    return this.#options.clientIds + asWord(name)
  }

  /** While the house runs, nobody will come for what the broker would keep, unless it is asked for again at once. Safe twice. */
  #end(clientId: string, feed: Feed): void {
    if (this.#all.get(clientId) !== feed) return
    this.#all.delete(clientId)
    const ending = this.#ended(clientId, feed).finally(() => {
      if (this.#ending.get(clientId) === ending) this.#ending.delete(clientId)
    })
    this.#ending.set(clientId, ending)
  }

  async #ended(clientId: string, feed: Feed): Promise<void> {
    await this.#ending.get(clientId)
    await feed.end()
    if (!this.#options.signal.aborted && !this.#all.has(clientId)) await this.#remove(clientId)
  }

  async #remove(clientId: string): Promise<void> {
    const { open, memory, log, signal } = this.#options
    try {
      const connection = await open({ clientId, clean: true, received: () => {}, signal })
      await connection.end()
      // Asked for again meanwhile, and so made again.
      if (!this.#all.has(clientId)) memory.forget(clientId)
      log.info({ session: clientId }, 'a session that nobody needs is gone')
    } catch (error) {
      log.debug({ session: clientId, reason: (error as Error).message }, 'a session stays until the next start')
    }
  }
}
