// The Bus over a broker that is not ours. What comes from it is taken by sessions that it keeps and acknowledged once it is
// stored; what the house publishes itself is stored first and shown there afterwards. Not for: what activities mean, or the
// broker's side of anything.
import type { Context, Health } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Bus, Delivery, Message, Outcome, PublishOptions } from '../bus.ts'
import { checkFilter, isTopic, isWithinLimits } from '../filters.ts'
import { BrokerMemory, type MemoryStore } from './broker-memory.ts'
import type { ForeignConfig } from './config.ts'
import { shownUrl } from './connection/dial.ts'
import { targetOf } from './connection/target.ts'
import { Versions } from './connection/versions.ts'
import { Local } from './local/local.ts'
import { Measuring } from './probe/measuring.ts'
import type { Arrival } from './sessions/arrivals.ts'
import { asWord } from './sessions/client-id.ts'
import { Consumer, type OpenSession } from './sessions/consumer.ts'
import { Feeds } from './sessions/feeds.ts'
import { createTalker, type Talker } from './talker/talker.ts'

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
  /** Default true: a broker that is met for the first time is measured. */
  measures?: boolean
}

/** Throws `config_invalid`. Its start rejects with `broker_refused` and `share_refused`; a broker that is away is told by health. */
export function createForeignBroker(context: Context<ForeignConfig>, parts: ForeignParts): Bus {
  return new Foreign(context, parts)
}

const START_MS = 3_000
/** A shared subscription is tried first. */
const START_SHARED_MS = 10_000
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
  readonly #parts: ForeignParts
  readonly #clientId: string
  readonly #url: string
  readonly #talker: Talker
  readonly #local: Local
  readonly #activities: Consumer
  readonly #feeds: Feeds
  readonly #measuring: Measuring
  #accept: ((delivery: Delivery) => void) | null = null
  #state: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #stopping: Promise<void> | undefined
  /** Why everyone is to be asked for what has no receipt. */
  #resendDue: string | undefined

  constructor(context: Context<ForeignConfig>, parts: ForeignParts) {
    const { config, log, clock, signal } = context
    const { topics, space, feeds, random = Math.random } = parts
    this.#context = context
    this.#parts = parts
    this.#clientId = ['daybook', topics.prefix, space, config.slot].map(asWord).join('-')
    const target = targetOf(config)
    this.#url = shownUrl(target.url)
    const versions = new Versions(config.version)
    const memory = new BrokerMemory(parts.memory, this.#url)
    this.#measuring = new Measuring({ config, topics, name: this.#clientId, memory, clock, log })
    this.#talker = createTalker({
      config,
      clientId: `${this.#clientId}-talker`,
      clean: true,
      topics,
      clock,
      log,
      random,
    })
    this.#local = new Local({ topics, talker: this.#talker, log })
    const { window } = config
    const open: OpenSession = (options) => versions.open({ ...target, ...options })
    const session = { open, memory, window, clock, log, random }
    this.#activities = new Consumer({
      ...session,
      clientId: this.#clientId,
      filters: () => this.#filters(),
      // An activity is an event, never a state.
      retained: 'once',
      take: (arrival) => this.#take(arrival),
      lost: () => this.#askAgain('the broker has lost the session of the house'),
      mostBytes: MOST_BYTES,
    })
    const isOurs = (topic: string) => topic === topics.prefix || topic.startsWith(`${topics.prefix}/`)
    this.#feeds = new Feeds({ ...session, clientIds: `${this.#clientId}-feed-`, expected: feeds, isOurs, signal })
    this.#talker.onConnection(() => {
      this.#local.mirror.go()
      this.#tellResend()
    })
  }

  onActivity(accept: (delivery: Delivery) => void): void {
    this.#accept = accept
  }

  async start(): Promise<void> {
    if (!this.#accept) throw new DaybookError('internal', 'the broker was started before anyone takes activities')
    const { clock, signal, log, config } = this.#context
    this.#state = 'running'
    signal.addEventListener('abort', () => this.#stopReading(), { once: true })
    this.#activities.start()
    try {
      const ready = this.#inTime(this.#activities.ready, config.share ? START_SHARED_MS : START_MS)
      await Promise.all([this.#talker.start(), ready])
    } catch (error) {
      await this.stop()
      throw error
    }
    if (this.#activities.connection) log.info({ broker: this.#url, session: this.#clientId }, 'activities come in')
    else log.warn({ broker: this.#url }, 'the broker is away; what the house takes itself is stored meanwhile')
    void clock.sleep(SWEEP_MS, signal).then(() => this.#feeds.sweep())
    if (this.#parts.measures ?? true) {
      const begin = () => this.#measuring.begin()
      this.#activities.ready.then(begin, () => {})
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  health(): Health {
    if (this.#state === 'new' || this.#state === 'stopped') return { state: 'stopped' }
    const { arrivals, connection, sessionsLost, reconnects } = this.#activities
    const { hints } = this.#measuring
    const figures = {
      broker: this.#url,
      version: connection?.version ?? null,
      connected: connection !== undefined,
      unacknowledged: arrivals.unacknowledged,
      unacknowledgedBytes: arrivals.bytes,
      window: arrivals.window,
      sessionsLost: sessionsLost + this.#feeds.sessionsLost,
      reconnects,
      notTaken: this.#feeds.waiting,
      toShow: this.#local.mirror.waiting,
      notShown: this.#local.mirror.notShown,
      share: this.#context.config.share,
      ...(hints.length > 0 && { hints: hints.join(' ') }),
    }
    const each = [this.#activities.health(), ...this.#feeds.health(), this.#talker.health()]
    const worst = each.find(({ state }) => state === 'failed') ?? each.find(({ state }) => state === 'degraded')
    return worst ? { ...worst, figures } : { state: 'ok', figures }
  }

  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<Outcome | undefined> {
    const accept = this.#accept
    if (this.#state === 'stopping' || this.#state === 'stopped') throw new DaybookError('shutting_down')
    if (this.#state !== 'running' || !accept) throw new DaybookError('bus_unavailable', 'It has not started yet.')
    if (!isTopic(topic) || !isWithinLimits(topic)) throw new DaybookError('topic_invalid', `got "${topic}"`)
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    const { qos = 1, retain = false, will } = options
    if (this.#parts.topics.isActivity(topic)) return this.#local.store(topic, bytes, qos, accept)
    if (this.#local.isOwn(topic)) this.#local.say({ topic, payload: bytes, qos, retain })
    try {
      await this.#talker.publish(topic, bytes, { qos, retain, ...(will !== undefined && { will }) })
    } catch (error) {
      if (!(error instanceof DaybookError && error.code === 'bus_unavailable')) throw error
      if (this.#local.isForHouse(topic)) this.#local.say({ topic, payload: bytes, qos, retain: false })
      // What is retained is said at the beginning of the next connection.
      else if (!retain) throw error
    }
    return undefined
  }

  async subscribe(filter: string, listener: (message: Message) => void): Promise<() => void> {
    checkFilter(filter)
    const local = this.#local.listen(filter, listener)
    if (this.#local.hearsAll(filter)) return local
    const { stands, end } = this.#talker.listen(filter, (message) => {
      if (!this.#parts.topics.isActivity(message.topic)) listener(message)
    })
    return this.#standing(stands, () => {
      local()
      end()
    })
  }

  async feed(name: string, filters: readonly string[], take: (message: Message) => void): Promise<() => void> {
    for (const filter of filters) checkFilter(filter)
    const { ready, end } = this.#feeds.add(name, filters, take)
    return this.#standing(ready, end)
  }

  /** Without a connection it stands from the next one on, and nobody waits for that. */
  async #standing(stands: Promise<void>, end: () => void): Promise<() => void> {
    try {
      if (this.#talker.isOpen) await this.#inTime(stands, SUBSCRIBE_MS)
      return end
    } catch (error) {
      end()
      throw error
    }
  }

  async #filters(): Promise<string[]> {
    const { activities } = this.#parts.topics
    if (!this.#context.config.share) return [activities]
    await this.#measuring.shares()
    return [`$share/daybook/${activities}`]
  }

  /** From the broker. */
  #take(arrival: Arrival): void {
    const { arrivals } = this.#activities
    const { topic, payload } = arrival
    if (this.#local.echoes.knows(topic, payload)) {
      arrivals.settle(arrival)
      return
    }
    const qos = arrival.qos === 0 ? 0 : 1
    this.#accept?.({
      topic,
      payload,
      qos,
      retain: false,
      from: '',
      settle: ({ status, body }) => {
        arrivals.settle(arrival)
        if (status === 'stored' && body) this.#local.stored(topic, qos, body)
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
    this.#talker.publish(this.#parts.topics.command('resend'), body).catch(() => {
      this.#resendDue ??= reason
    })
  }

  #stopReading(): void {
    this.#activities.stopReading()
    this.#feeds.stopReading()
  }

  async #stop(): Promise<void> {
    const ran = this.#state === 'running'
    this.#state = 'stopping'
    if (ran) {
      this.#stopReading()
      const settled = Promise.all([this.#activities.arrivals.idle(), this.#local.settled()])
      await this.#inTime(settled, this.#parts.stopMs ?? STOP_MS)
      this.#local.giveUp(new DaybookError('shutting_down'))
      await Promise.all([this.#activities.stop(), this.#feeds.stop(), this.#measuring.end()])
      await this.#inTime(this.#local.mirror.idle(), SHOW_MS)
      await this.#talker.stop()
    }
    this.#state = 'stopped'
  }

  async #inTime(work: Promise<unknown>, ms: number): Promise<void> {
    const late = new AbortController()
    await Promise.race([work, this.#context.clock.sleep(ms, late.signal)]).finally(() => late.abort())
  }
}
