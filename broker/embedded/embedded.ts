// The embedded broker: a Bus over Aedes with memory persistence. Aedes keeps sessions and subscriptions and delivers;
// what comes in is read, checked, acknowledged and ordered here. Not for: what activities mean.
import type { Duplex } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { Context, Health, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Access } from '../access.ts'
import type { Bus, Delivery, Message, Outcome, PublishOptions } from '../bus.ts'
import { checkFilter, isTopic, isWithinLimits } from '../filters.ts'
import { Listeners } from '../listeners.ts'
import type { Received } from './acknowledgements.ts'
import { Connection, type House } from './connection.ts'
import { Door } from './door.ts'
import { Feeds } from './feeds.ts'
import { Incoming, type IncomingParts, type Source } from './incoming.ts'
import { Keeping, type RetainedStore } from './keeping.ts'
import type { EmbeddedConfig } from './limits.ts'
import { Line } from './line.ts'
import { type Outgoing, type Publish, putInOrder } from './ordering.ts'
import { OwnPublish } from './own-publish.ts'
import { Pressure } from './pressure.ts'
import { createSessions, type Sessions } from './sessions.ts'
import { offlineAtStart } from './statuses.ts'

export interface EmbeddedParts {
  topics: Topics
  access: Access
  retained: RetainedStore
}

export interface EmbeddedBroker extends Bus {
  /** Where MQTT clients come in: started after everyone who must hear them. */
  readonly door: Door
}

export function createEmbeddedBroker(context: Context<EmbeddedConfig>, parts: EmbeddedParts): EmbeddedBroker {
  return new Embedded(context, parts)
}

class Embedded implements EmbeddedBroker, House {
  readonly name = 'broker'
  readonly config: EmbeddedConfig
  readonly log: Logger
  readonly access: Access
  readonly pressure: Pressure
  readonly door: Door
  readonly #context: Context<EmbeddedConfig>
  readonly #topics: Topics
  readonly #store: RetainedStore
  readonly #keeping: Keeping
  readonly #listeners: Listeners
  readonly #feeds: Feeds
  readonly #sessions: Sessions
  readonly #out: Publish
  readonly #own = new Set<OwnPublish>()
  #toShow: Outgoing[] = []
  readonly #ownLine: Line
  readonly #connections = new Set<Connection>()
  readonly #clients = new Map<string, Connection>()
  /** What sessions that outlive their connection (clean = 0) have received, by client id. */
  readonly #received = new Map<string, Received>()
  #accept: ((delivery: Delivery) => void) | null = null
  #state: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new'
  #stopping: Promise<void> | null = null

  constructor(context: Context<EmbeddedConfig>, { topics, access, retained }: EmbeddedParts) {
    this.#context = context
    this.config = context.config
    this.log = context.log
    this.access = access
    this.#topics = topics
    this.#store = retained
    this.pressure = new Pressure(context.config)
    const { host, port } = context.config
    this.door = new Door({ host, port, enter: (socket) => this.#connections.add(new Connection(socket, this)) })
    this.#keeping = new Keeping(retained, context)
    this.#listeners = new Listeners(context.log)
    const { clock, log, signal } = context
    this.#feeds = new Feeds({ prefix: topics.prefix, clock, log, signal })
    this.#sessions = createSessions(context.config, access, context.log)
    this.#out = putInOrder({
      aedes: this.#sessions.aedes,
      hasSessions: () => this.#received.size > 0,
      emitted: (message) => this.#listeners.show(message, this.#state !== 'starting'),
    })
    this.#ownLine = this.newLine()
    access.onRevoked((user) => this.#putOut(user))
  }

  onActivity(accept: (delivery: Delivery) => void): void {
    this.#accept = accept
  }

  async start(): Promise<void> {
    if (!this.#accept) throw new DaybookError('internal', 'the broker was started before anyone takes activities')
    this.#state = 'starting'
    const retained = await this.#store.load()
    await this.#sessions.start()
    for (const message of retained) this.#out({ ...offlineAtStart(this.#topics, message), retain: true })
    await turn()
    this.#state = 'running'
    this.#context.signal.addEventListener('abort', () => this.#stopReading(), { once: true })
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  health(): Health {
    if (this.#state === 'new' || this.#state === 'stopped') return { state: 'stopped' }
    if (this.#state !== 'running') return { state: 'failed', detail: `The broker is ${this.#state}.` }
    const figures = {
      connections: this.#connections.size,
      waitingMessages: this.pressure.messages,
      waitingBytes: this.pressure.bytes,
      retained: this.#listeners.retained.size,
      notTaken: this.#feeds.waiting,
      notShown: this.#sessions.notShown(),
    }
    const { trouble } = this.#keeping
    return trouble
      ? { state: 'degraded', code: trouble.code, detail: trouble.message, figures }
      : { state: 'ok', figures }
  }

  async publish(topic: string, payload: string | Buffer, options: PublishOptions = {}): Promise<Outcome | undefined> {
    if (this.#state === 'stopping' || this.#state === 'stopped') throw new DaybookError('shutting_down')
    if (this.#state !== 'running') throw new DaybookError('bus_unavailable', 'It has not started yet.')
    if (!isTopic(topic) || !isWithinLimits(topic)) throw new DaybookError('topic_invalid', `got "${topic}"`)
    const { qos = 1, retain = false, volatile = false } = options
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    const parts = { topic, payload: bytes, qos, retain, packetId: 0, size: bytes.length }
    const own = new OwnPublish((message, outcome) => this.settled(message, outcome))
    this.#own.add(own)
    try {
      this.receive(parts, own, this.#ownLine, retain && !volatile)
      const outcome = await own.outcome
      return this.#topics.isActivity(topic) ? outcome : undefined
    } finally {
      this.#own.delete(own)
    }
  }

  async subscribe(filter: string, listener: (message: Message) => void): Promise<() => void> {
    checkFilter(filter)
    return this.#listeners.add(filter, listener)
  }

  async feed(_name: string, filters: readonly string[], take: (message: Message) => void): Promise<() => void> {
    for (const filter of filters) checkFilter(filter)
    return this.#feeds.add(filters, take, [...this.#listeners.retained.values()])
  }

  newClientId(): string {
    return `auto-${this.#context.ids.random()}`
  }

  newLine(): Line {
    return new Line(this.#keeping, (message) => this.#relay(message))
  }

  async enter(connection: Connection, clean: boolean): Promise<Received> {
    const { clientId } = connection
    // [MQTT-3.1.4-2]. Aedes must have let go of the old one: it confuses two clients of one id.
    for (let old = this.#clients.get(clientId); old; old = this.#clients.get(clientId)) {
      old.close('taken over by a new connection')
      await old.gone
    }
    this.#clients.set(clientId, connection)
    const received: Received = (!clean && this.#received.get(clientId)) || new Map()
    if (clean) this.#received.delete(clientId)
    else this.#received.set(clientId, received)
    return received
  }

  handToAedes(link: Duplex, connection: Connection): void {
    this.#sessions.open(link, connection)
  }

  receive(parts: IncomingParts, source: Source, line: Line, keep = parts.retain): Incoming {
    const isActivity = this.#topics.isActivity(parts.topic)
    // An activity is an event, never a state.
    const message = new Incoming(isActivity && parts.retain ? { ...parts, retain: false } : parts, source)
    this.pressure.take(source, message.size)
    if (isActivity || message.refused) this.#accept?.(message)
    else line.add(message, keep)
    return message
  }

  settled(message: Incoming, { status, body }: Outcome): void {
    const { topic, qos, source } = message
    this.pressure.release(source, message.size)
    if (status !== 'stored' || !body || message.refused) return
    let bytes: Buffer | undefined
    const shown = {
      topic,
      get payload() {
        bytes ??= body()
        return bytes
      },
      qos: qos === 0 ? 0 : 1,
      retain: false,
      clientId: source.clientId,
    } as const
    // After the acknowledgements of this turn, which somebody waits for.
    if (this.#toShow.push(shown) === 1) setImmediate(() => this.#show())
  }

  #show(): void {
    const all = this.#toShow
    this.#toShow = []
    for (const message of all) this.#out(message)
  }

  left(connection: Connection): void {
    this.#connections.delete(connection)
    void connection.gone.then(() => {
      if (this.#clients.get(connection.clientId) === connection) this.#clients.delete(connection.clientId)
    })
  }

  /**
   * No activity: delivered as it is, and acknowledged because it is taken by those who must not lose it, in order and,
   * if retained, kept.
   */
  #relay(message: Incoming): void {
    const { topic, qos, retain, source } = message
    // A copy of what stays: the payload is a window on everything that was read along with it.
    const payload = retain ? Buffer.from(message.payload) : message.payload
    let isTaken = false
    let isInOrder = false
    const settle = () => {
      if (isTaken && isInOrder) message.settle({ status: 'stored' })
    }
    this.#feeds.hand(message, () => {
      isTaken = true
      settle()
    })
    this.#out({ topic, payload, qos, retain, clientId: source.clientId }, () => {
      isInOrder = true
      settle()
    })
  }

  /** Who comes again is asked for its credentials again. */
  #putOut(user: string): void {
    const theirs = [...this.#connections].filter((connection) => connection.user === user)
    for (const connection of theirs) connection.close('its user was removed, or has another password now')
  }

  #stopReading(): void {
    void this.door.stop()
    for (const connection of this.#connections) connection.stopReading()
  }

  async #stop(): Promise<void> {
    const wasRunning = this.#state === 'running'
    this.#state = 'stopping'
    if (wasRunning) {
      this.#stopReading()
      const done = new AbortController()
      const timeout = this.#context.clock.sleep(this.config.stopTimeoutMs, done.signal)
      await Promise.race([this.#quiet(), timeout])
      // Wills go out now, and the last acknowledgements with them.
      const connections = [...this.#connections]
      for (const connection of connections) connection.close('shutting down', 'after writing')
      await Promise.race([this.#quiet(), timeout])
      done.abort()
      await this.#keeping.stop()
      for (const own of this.#own) own.giveUp(new DaybookError('shutting_down'))
      await new Promise<void>((resolve) => this.#sessions.aedes.close(() => resolve()))
      // Whoever has not taken the rest by now does not read.
      for (const connection of connections) connection.destroy()
    }
    this.#state = 'stopped'
  }

  /** Everything taken in is settled, kept and acknowledged. */
  async #quiet(): Promise<void> {
    await this.pressure.idle()
    await this.#keeping.idle()
    await turn()
  }
}
