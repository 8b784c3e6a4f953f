// The Bus over a broker that is not ours. What comes from it is taken by sessions that it keeps and acknowledged once it is
// stored; what the house publishes itself is stored first and shown there afterwards, so that it needs no broker to be
// kept. Not for: what activities mean, or the broker's side of anything.
import type { Context, Health } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Bus, Delivery, Message, Outcome, PublishOptions } from '../bus.ts'
import { checkFilter, isTopic, isWithinLimits } from '../filters.ts'
import { Listeners } from '../listeners.ts'
import type { Arrival } from './arrivals.ts'
import type { ForeignConfig } from './config.ts'
import { Consumer, type OpenSession } from './consumer.ts'
import { shownUrl } from './dial.ts'
import { Echoes } from './echoes.ts'
import { Feed } from './feeds.ts'
import { Versions } from './open.ts'
import { type MemoryStore, Sessions } from './sessions.ts'
import { Showing } from './showing.ts'
import { createTalker, type Talker } from './talker.ts'
import { targetOf } from './target.ts'

export interface ForeignParts {
  topics: Topics
  space: string
  memory: MemoryStore
  /** How the names begin of feeds that may still be asked for in this run; sessions of others are taken away. */
  feeds(): readonly string[]
  /** As Math.random, for the pauses between tries. */
  random?: () => number
  /** How long stopping waits for what is not yet settled; default 4 s. */
  stopMs?: number
}

/** Throws `config_invalid`. Its start rejects with `broker_refused` and `share_refused`; a broker that is away is told by health. */
export function createForeignBroker(context: Context<ForeignConfig>, parts: ForeignParts): Bus {
  return new Foreign(context, parts)
}

const START_MS = 3_000
const STOP_MS = 4_000
const SHOW_MS = 1_000
const MOST_BYTES = 64 * 1024 * 1024
/** When who will ask for a feed has asked. */
const SWEEP_MS = 60_000
/** What a broker may answer a subscription with before who waits for it goes on without. */
const SUBSCRIBE_MS = 3_000

class Foreign implements Bus {
  readonly name = 'broker'
  readonly #context: Context<ForeignConfig>
  readonly #topics: Topics
  readonly #expected: () => readonly string[]
  readonly #random: () => number
  readonly #stopMs: number
  readonly #clientId: string
  readonly #url: string
  readonly #open: OpenSession
  readonly #sessions: Sessions
  readonly #talker: Talker
  readonly #echoes = new Echoes()
  readonly #showing: Showing
  readonly #listeners: Listeners
  readonly #activities: Consumer
  readonly #feeds = new Map<string, Feed>()
  /** What the house publishes itself and is not settled yet. */
  readonly #own = new Set<PromiseWithResolvers<Outcome>>()
  #accept: ((delivery: Delivery) => void) | null = null
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #stopping: Promise<void> | undefined
  /** Everyone who has something unreceipted is to be asked for it. */
  #resendDue: string | undefined

  constructor(
    context: Context<ForeignConfig>,
    { topics, space, memory, feeds, random = Math.random, stopMs = STOP_MS }: ForeignParts,
  ) {
    const { config, log, clock } = context
    this.#context = context
    this.#topics = topics
    this.#expected = feeds
    this.#random = random
    this.#stopMs = stopMs
    this.#clientId = ['daybook', topics.prefix, space, config.slot].map(asWord).join('-')
    const target = targetOf(config)
    this.#url = shownUrl(target.url)
    const versions = new Versions(config.version)
    this.#open = (options) => versions.open({ ...target, ...options })
    this.#sessions = new Sessions(memory, this.#url)
    this.#listeners = new Listeners(log)
    this.#talker = createTalker({
      config,
      clientId: `${this.#clientId}-talker`,
      clean: true,
      topics,
      clock,
      log,
      random,
    })
    this.#showing = new Showing(this.#talker, (topic, payload) => this.#echoes.expect(topic, payload))
    this.#activities = new Consumer({
      ...this.#shared(),
      clientId: this.#clientId,
      filters: async () => [config.share ? `$share/daybook/${topics.activities}` : topics.activities],
      take: (arrival, isSeen) => this.#take(arrival, isSeen),
      lost: () => this.#askAgain('the broker has lost the session of the house'),
      mostBytes: MOST_BYTES,
    })
    this.#talker.onConnection(() => {
      this.#showing.go()
      this.#tellResend()
    })
  }

  onActivity(accept: (delivery: Delivery) => void): void {
    this.#accept = accept
  }

  async start(): Promise<void> {
    if (!this.#accept) throw new DaybookError('internal', 'the broker was started before anyone takes activities')
    const { clock, signal, log } = this.#context
    this.#state = 'running'
    signal.addEventListener('abort', () => this.#stopReading(), { once: true })
    this.#activities.start()
    try {
      await Promise.all([this.#talker.start(), this.#inTime(this.#activities.ready, START_MS)])
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#activities.connection) log.info({ broker: this.#url, session: this.#clientId }, 'activities come in')
    else log.warn({ broker: this.#url }, 'the broker is away; what the house takes itself is stored meanwhile')
    void clock.sleep(SWEEP_MS, signal).then(() => this.#sweep())
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  health(): Health {
    if (this.#state === 'new' || this.#state === 'stopped') return { state: 'stopped' }
    const { arrivals, connection, sessionsLost, reconnects } = this.#activities
    const feeds = [...this.#feeds.values()]
    const figures = {
      broker: this.#url,
      version: connection?.version ?? null,
      connected: connection !== undefined,
      unacknowledged: arrivals.unacknowledged,
      unacknowledgedBytes: arrivals.bytes,
      window: arrivals.window,
      sessionsLost: feeds.reduce((sum, { consumer }) => sum + consumer.sessionsLost, sessionsLost),
      reconnects,
      notTaken: feeds.reduce((sum, { waiting }) => sum + waiting, 0),
      notShown: this.#showing.notShown,
      share: this.#context.config.share,
    }
    const each = [this.#activities.health(), ...feeds.map((feed) => feed.health()), this.#talker.health()]
    const worst = each.find(({ state }) => state === 'failed') ?? each.find(({ state }) => state === 'degraded')
    if (!worst) return { state: 'ok', figures }
    const { state, code, detail } = worst
    return { state, ...(code !== undefined && { code }), detail: `${this.#url}: ${detail}`, figures }
  }

  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<Outcome | undefined> {
    if (this.#state === 'stopping' || this.#state === 'stopped') throw new DaybookError('shutting_down')
    if (this.#state !== 'running') throw new DaybookError('bus_unavailable', 'It has not started yet.')
    if (!isTopic(topic) || !isWithinLimits(topic)) throw new DaybookError('topic_invalid', `got "${topic}"`)
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    if (this.#topics.isActivity(topic)) return this.#store(topic, bytes, options.qos ?? 1)
    const { qos = 1, retain = false, will } = options
    if (this.#isLocal(topic)) this.#listeners.show({ topic, payload: bytes, qos, retain })
    try {
      await this.#talker.publish(topic, bytes, { qos, retain, ...(will !== undefined && { will }) })
    } catch (error) {
      // What is retained is said at the beginning of the next connection.
      if (!(retain && error instanceof DaybookError && error.code === 'bus_unavailable')) throw error
    }
    return undefined
  }

  async subscribe(filter: string, listener: (message: Message) => void): Promise<() => void> {
    checkFilter(filter)
    const isLocal = this.#isLocal(filter)
    const stored = this.#listeners.add(filter, (message) => {
      if (isLocal || this.#topics.isActivity(message.topic)) listener(message)
    })
    if (isLocal) return stored
    const { stands, end } = this.#talker.listen(filter, (message) => {
      if (!this.#topics.isActivity(message.topic)) listener(message)
    })
    const off = () => {
      stored()
      end()
    }
    try {
      // Without a connection it stands from the next one on.
      if (this.#talker.isOpen) await this.#inTime(stands, SUBSCRIBE_MS)
      return off
    } catch (error) {
      off()
      throw error
    }
  }

  async feed(name: string, filters: readonly string[], take: (message: Message) => void): Promise<() => void> {
    for (const filter of filters) checkFilter(filter)
    const clientId = this.#feedId(name)
    if (this.#feeds.has(clientId)) throw new DaybookError('internal', `there is a feed "${name}" already`)
    const feed = new Feed({ ...this.#shared(), clientId, filters, take, isOurs: (topic) => this.#isOurs(topic) })
    this.#feeds.set(clientId, feed)
    feed.consumer.start()
    const off = () => void this.#endFeed(clientId, feed)
    try {
      if (this.#talker.isOpen) await this.#inTime(feed.consumer.ready, SUBSCRIBE_MS)
      return off
    } catch (error) {
      off()
      throw error
    }
  }

  #shared() {
    const { config, clock, log } = this.#context
    const [open, sessions, random] = [this.#open, this.#sessions, this.#random]
    return { open, sessions, window: config.window, clock, log, random }
  }

  /** Through the write path and only then to the broker. */
  async #store(topic: string, payload: Buffer, qos: 0 | 1): Promise<Outcome> {
    const own = Promise.withResolvers<Outcome>()
    this.#own.add(own)
    this.#accept?.({ topic, payload, qos, retain: false, from: 'daybook', settle: own.resolve })
    try {
      const outcome = await own.promise
      if (outcome.status === 'stored' && outcome.body) {
        const body = outcome.body()
        this.#listeners.show({ topic, payload: body, qos, retain: false })
        this.#showing.show(topic, body)
      }
      return outcome
    } finally {
      this.#own.delete(own)
    }
  }

  /** From the broker. */
  #take(arrival: Arrival, isSeen: boolean): void {
    const { arrivals } = this.#activities
    const { topic, payload } = arrival
    const qos = arrival.qos === 0 ? 0 : 1
    if (isSeen || this.#echoes.knows(topic, payload)) {
      arrivals.settle(arrival)
      return
    }
    this.#accept?.({
      topic,
      payload,
      qos,
      retain: false,
      from: '',
      settle: ({ status, body }) => {
        arrivals.settle(arrival)
        if (status === 'stored' && body) this.#listeners.show(shown(topic, qos, body))
      },
    })
  }

  #askAgain(reason: string): void {
    this.#resendDue = reason
    this.#tellResend()
  }

  #tellResend(): void {
    const reason = this.#resendDue
    if (reason === undefined || !this.#talker.isOpen) return
    this.#resendDue = undefined
    const body = JSON.stringify({ at: this.#context.clock.now(), reason })
    this.#talker.publish(this.#topics.command('resend'), body).catch(() => {
      this.#resendDue ??= reason
    })
  }

  /** Said by this house alone, so heard without the broker. */
  #isLocal(filter: string): boolean {
    return this.#topics.isActivity(filter) || filter.startsWith(this.#topics.receipt(''))
  }

  #isOurs(topic: string): boolean {
    const { prefix } = this.#topics
    return topic === prefix || topic.startsWith(`${prefix}/`)
  }

  #feedId(name: string): string {
    return `${this.#clientId}-feed-${asWord(name)}`
  }

  /** While the house runs, nobody will come for what the broker would keep. */
  async #endFeed(clientId: string, feed: Feed): Promise<void> {
    await feed.end()
    if (this.#feeds.get(clientId) !== feed) return
    this.#feeds.delete(clientId)
    if (!this.#context.signal.aborted) await this.#remove(clientId)
  }

  /** Sessions that nobody will ask for any more are no burden to the broker. */
  async #sweep(): Promise<void> {
    const expected = this.#expected().map((name) => this.#feedId(name))
    for (const clientId of this.#sessions.clientIds) {
      if (this.#context.signal.aborted) return
      const isWanted = this.#feeds.has(clientId) || expected.some((id) => clientId.startsWith(id))
      if (clientId.startsWith(this.#feedId('')) && !isWanted) await this.#remove(clientId)
    }
  }

  async #remove(clientId: string): Promise<void> {
    const { log, signal } = this.#context
    try {
      const connection = await this.#open({ clientId, clean: true, received: () => {}, signal })
      await connection.end()
      this.#sessions.forget(clientId)
      log.info({ session: clientId }, 'a session that nobody needs is gone')
    } catch (error) {
      log.debug({ session: clientId, reason: (error as Error).message }, 'a session stays until the next start')
    }
  }

  #stopReading(): void {
    this.#activities.stopReading()
    for (const feed of this.#feeds.values()) feed.consumer.stopReading()
  }

  async #stop(): Promise<void> {
    const ran = this.#state === 'running'
    this.#state = 'stopping'
    if (ran) {
      this.#stopReading()
      await this.#inTime(this.#settled(), this.#stopMs)
      for (const { reject } of this.#own) reject(new DaybookError('shutting_down'))
      await Promise.all([this.#activities.stop(), ...[...this.#feeds.values()].map((feed) => feed.end())])
      await this.#inTime(this.#showing.idle(), SHOW_MS)
      await this.#talker.stop()
    }
    this.#state = 'stopped'
  }

  async #settled(): Promise<void> {
    await this.#activities.arrivals.idle()
    while (this.#own.size > 0) await Promise.allSettled([...this.#own].map(({ promise }) => promise))
  }

  async #inTime(work: Promise<void>, ms: number): Promise<void> {
    const late = new AbortController()
    await Promise.race([work, this.#context.clock.sleep(ms, late.signal)]).finally(() => late.abort())
  }
}

/** The bytes are made when somebody looks. */
function shown(topic: string, qos: 0 | 1, body: () => Buffer): Message {
  let bytes: Buffer | undefined
  return {
    topic,
    get payload() {
      bytes ??= body()
      return bytes
    },
    qos,
    retain: false,
  }
}

/** What every broker takes in a client id. */
function asWord(name: string | number): string {
  return String(name).replace(/[^A-Za-z0-9_-]/g, '-')
}
