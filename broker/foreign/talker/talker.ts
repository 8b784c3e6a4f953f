// Talks with a broker that is not ours, whatever becomes of the line: publishes, and hears what is live. For the house
// beside its consumer, and for a bridge that runs alone. Not for: what must not be lost on its way in (consumer.ts).
import type { Clock, Component, Health, Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Topics } from '../../../schemas/topics.ts'
import type { Message } from '../../bus.ts'
import { isFilter, isTopic } from '../../filters.ts'
import type { OutboxPublish, OutboxTransport } from '../../outbox/transport.ts'
import type { ForeignConfig } from '../config.ts'
import type { Connection } from '../connection/connection.ts'
import { shownUrl } from '../connection/dial.ts'
import type { ConnectOptions } from '../connection/handshake.ts'
import { type Target, targetOf } from '../connection/target.ts'
import { Versions } from '../connection/versions.ts'
import { propertiesOf } from './properties.ts'
import { Publisher } from './publisher.ts'
import { type Listener, type Listening, Subscriptions } from './subscriptions.ts'
import { WillPublisher } from './will-publisher.ts'

export interface TalkerOptions {
  config: ForeignConfig
  clientId: string
  /** False: the broker keeps the session, so that each connection tells whether it has kept its memory. */
  clean: boolean
  topics: Topics
  clock: Clock
  log: Logger
  /** As Math.random, for the pauses between tries. */
  random?: () => number
}

export interface TalkerPublish extends OutboxPublish {
  /** W3C Trace Context; rides along on MQTT 5. */
  traceparent?: string
}

export interface Talker extends Component, OutboxTransport {
  /** There is a connection at this moment. */
  readonly isOpen: boolean
  /** Resolves when connected or refused, else after 3 s: away is a state of `health`, not an error. Throws `config_invalid`. */
  start(): Promise<void>
  /**
   * In the order of the calls, QoS 1 unless said otherwise. Resolves once the broker has acknowledged it. Rejects with
   * `bus_unavailable` or `broker_refused` at once while there is no connection, and when one ends without an answer; the
   * last value of a retained topic is said at the beginning of the next one all the same, in this run. `will`: its topic
   * has a connection of its own from now on, until it is cleared.
   */
  publish(topic: string, payload: string | Buffer, options?: TalkerPublish): Promise<void>
  /**
   * Resolves once messages come in, retained ones first, however long the broker is away; rejects with `broker_refused`.
   * A message that two filters match may come twice.
   */
  subscribe(filter: string, listener: (message: Message) => void): Promise<() => void>
  /** As `subscribe`, and says at once how to end it. */
  listen(filter: string, listener: (message: Message) => void): Listening
  /** Tells of each connection, once subscriptions and retained values are on their way. Returns how to end that. */
  onConnection(listener: (about: { sessionKept: boolean }) => void): () => void
}

export function createTalker(options: TalkerOptions): Talker {
  return new ForeignTalker(options)
}

const START_MS = 3_000
const STOP_MS = 3_000

class ForeignTalker implements Talker {
  readonly name = 'talker'
  readonly #options: TalkerOptions
  readonly #target: Target
  readonly #random: () => number
  readonly #versions: Versions
  readonly #publisher: Publisher
  readonly #subscriptions: Subscriptions
  readonly #wills = new Map<string, WillPublisher>()
  readonly #listeners = new Set<(about: { sessionKept: boolean }) => void>()
  /** Resolves once it is known whether we are let in. */
  readonly #known = Promise.withResolvers<void>()
  /** Why the broker is away, as the log has it. */
  #told = ''
  #state: 'new' | 'running' | 'stopped' = 'new'

  constructor(options: TalkerOptions) {
    const { config, clientId, clean, clock, log, random = Math.random } = options
    this.#options = options
    this.#target = targetOf(config)
    this.#random = random
    this.#versions = new Versions(config.version)
    this.#subscriptions = new Subscriptions(log)
    const received: ConnectOptions['received'] = (message, on) => {
      this.#subscriptions.hear(message)
      if (message.messageId !== undefined && message.qos > 0) on.acknowledge([message.messageId])
    }
    this.#publisher = new Publisher({
      open: (signal) => this.#open({ clientId, clean, received, signal }),
      entered: (connection) => this.#entered(connection),
      left: (why) => this.#left(why),
      clock,
      random,
    })
  }

  get isOpen(): boolean {
    return this.#publisher.line.connection !== undefined
  }

  async start(): Promise<void> {
    if (this.#state !== 'new') return
    this.#state = 'running'
    this.#publisher.start()
    const late = new AbortController()
    await Promise.race([this.#known.promise, this.#options.clock.sleep(START_MS, late.signal)])
    late.abort()
    const { trouble } = this.#publisher.line
    if (trouble?.code !== 'config_invalid') return
    await this.stop()
    throw trouble
  }

  async stop(): Promise<void> {
    this.#state = 'stopped'
    this.#known.resolve()
    this.#subscriptions.end()
    await Promise.all([...this.#wills.values(), this.#publisher].map((each) => each.stop(STOP_MS)))
  }

  health(): Health {
    if (this.#state !== 'running') return { state: 'stopped' }
    const { line, unanswered, waiting } = this.#publisher
    const version = line.connection?.version ?? null
    const silent = [...this.#wills].filter(([, { trouble }]) => trouble)
    const wills = this.#wills.size - silent.length
    const figures = { version, connections: line.connections, unanswered, waiting, wills }
    if (!line.connection) {
      const { code, message } = line.trouble ?? new DaybookError('bus_unavailable')
      return { state: 'degraded', code, detail: `${this.#shown}: ${message}`, figures }
    }
    const [topic, own] = silent[0] ?? []
    const { trouble = this.#subscriptions.trouble } = own ?? {}
    if (!trouble) return { state: 'ok', figures }
    const about = own?.trouble ? `the will of ${topic}: ` : ''
    return { state: 'degraded', code: trouble.code, detail: `${this.#shown}: ${about}${trouble.message}`, figures }
  }

  async publish(topic: string, payload: string | Buffer, options: TalkerPublish = {}): Promise<void> {
    if (this.#state === 'stopped') throw new DaybookError('shutting_down')
    if (!isTopic(topic)) throw new DaybookError('topic_invalid', `got "${topic}"`)
    const { qos = 1, retain = false, will, traceparent } = options
    const as = { qos, retain, properties: propertiesOf(this.#options.topics, topic, payload, traceparent) }
    const own = this.#willPublisher(topic, will)
    if (!own) return this.#publisher.publish(topic, payload, as)
    await own.publish(payload, as)
    // With nothing more to say of it, nothing is to be said when we are gone.
    if (payload.length === 0 && this.#wills.get(topic) === own) {
      this.#wills.delete(topic)
      await own.stop(STOP_MS)
    }
  }

  async subscribe(filter: string, listener: Listener): Promise<() => void> {
    const { stands, end } = this.listen(filter, listener)
    await stands
    return end
  }

  listen(filter: string, listener: Listener): Listening {
    if (!isFilter(filter)) throw new DaybookError('topic_invalid', `"${filter}" is no topic filter`)
    if (this.#state === 'stopped') throw new DaybookError('shutting_down')
    return this.#subscriptions.add(filter, listener)
  }

  onConnection(listener: (about: { sessionKept: boolean }) => void): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
    }
  }

  get #shown(): string {
    return shownUrl(this.#target.url)
  }

  #open(options: Omit<ConnectOptions, keyof Target | 'version'>): Promise<Connection> {
    return this.#versions.open({ ...this.#target, ...options })
  }

  #entered(connection: Connection): void {
    const { log } = this.#options
    const { version, sessionPresent: sessionKept } = connection
    this.#told = ''
    log.info({ broker: this.#shown, version, sessionKept }, 'connected to the broker')
    this.#subscriptions.entered(connection)
    for (const listener of [...this.#listeners]) {
      try {
        listener({ sessionKept })
      } catch (error) {
        log.error({ err: error }, 'a listener failed')
      }
    }
    this.#known.resolve()
  }

  #left(why: DaybookError): void {
    if (why.remedy === 'stop') this.#known.resolve()
    // An outage may last for days, with a try every few seconds.
    const level = why.message === this.#told ? 'debug' : 'warn'
    this.#told = why.message
    this.#options.log[level]({ broker: this.#shown, why: why.message }, 'the broker is away')
  }

  /** The one that speaks for a topic, if any does. */
  #willPublisher(topic: string, will: string | undefined): WillPublisher | undefined {
    let own = this.#wills.get(topic)
    if (will === undefined) return own
    if (!own) {
      const { clientId, clock, log } = this.#options
      own = new WillPublisher({
        topic,
        will,
        clientId,
        open: (options) => this.#open(options),
        left: (why) => log.debug({ topic, why: why.detail }, 'a will has no connection'),
        clock,
        random: this.#random,
      })
      this.#wills.set(topic, own)
      this.#publisher.leave(topic)
    }
    own.will = will
    return own
  }
}
