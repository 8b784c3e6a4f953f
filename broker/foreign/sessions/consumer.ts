// Takes what comes in from a broker that is not ours and must not be lost: one session that the broker keeps, QoS 1, each
// message acknowledged once it is settled. Not for: publishing (talker.ts), or what is done with a message.
import type { Clock, Health, Logger } from '../../../component.ts'
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'
import type { BrokerMemory } from '../broker-memory.ts'
import type { Connection } from '../connection/connection.ts'
import type { ConnectOptions } from '../connection/handshake.ts'
import { Reconnector } from '../connection/reconnector.ts'
import { type Arrival, Arrivals } from './arrivals.ts'

/** Opens a connection to our broker as this client. */
export type OpenSession = (
  options: Pick<ConnectOptions, 'clientId' | 'clean' | 'received' | 'signal' | 'window'>,
) => Promise<Connection>

export interface ConsumerOptions {
  /** Of the session; no other client may have it. */
  clientId: string
  /** What it is subscribed to; rejecting, it says why it must not be. */
  filters: () => Promise<readonly string[]>
  /** Whether retained messages come at the start of each run; else they do once, with a new subscription. */
  retained: 'each run' | 'once'
  /** A message, in the order of arrival; it is settled once, at any time. Must not throw. */
  take(arrival: Arrival): void
  /** The broker has lost the session, and with it what was in it. */
  lost(): void
  open: OpenSession
  memory: BrokerMemory
  /** Messages unacknowledged at once; brokers of MQTT 3.1.1 know better. */
  window: number
  /** Unsettled bytes at which it stops reading. */
  mostBytes: number
  clock: Clock
  log: Logger
  random: () => number
}

/** A connection that ended before so long did not hold. */
const HELD_MS = 10_000
/** So many that did not hold, one after the other, are no accident. */
const MANY = 3

export class Consumer {
  readonly arrivals: Arrivals
  readonly #options: ConsumerOptions
  readonly #line: Reconnector
  readonly #ready = Promise.withResolvers<void>()
  /** Why it is not subscribed though it is connected. */
  #refused: DaybookError | undefined
  /** It has not been subscribed in this run. */
  #isFirst = true
  /** A try since the last connection has ended without an answer: the broker may have made a session that we saw nothing of. */
  #isUnsure = false
  #isStopping = false
  #isAway = false
  /** When the connection began, epoch ms; 0: there is none. */
  #since = 0
  /** Connections that did not hold, one after the other. */
  #brief = 0
  /** Why the last one ended, or did not come to be. */
  #lastEnd: DaybookError | undefined
  sessionsLost = 0

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.arrivals = new Arrivals(options.mostBytes)
    const { clock, log, random, clientId } = options
    this.#line = new Reconnector({
      open: (signal) => this.#open(signal),
      entered: (connection) => {
        this.#since = clock.now()
        this.#isAway = false
        void this.#enter(connection)
      },
      left: (why) => {
        if (this.#since > 0) this.#brief = clock.now() - this.#since < HELD_MS ? this.#brief + 1 : 0
        this.#since = 0
        this.#lastEnd = why
        // Once for each outage.
        const level = this.#isAway ? 'debug' : 'warn'
        log[level]({ session: clientId, why: why.detail || why.message }, 'the broker is away; it keeps what comes')
        this.#isAway = true
      },
      clock,
      random,
    })
    // Who does not wait for it reads `health`.
    this.ready.catch(() => {})
  }

  /** Resolves once it is subscribed and retained messages have come; rejects if the broker refuses, before it ever did. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  get connection(): Connection | undefined {
    return this.#line.connection
  }

  get reconnects(): number {
    return Math.max(0, this.#line.connections - 1)
  }

  /** Safe twice. */
  start(): void {
    this.#line.start()
  }

  /** What comes from now on stays with the broker. */
  stopReading(): void {
    this.#isStopping = true
    this.connection?.pause()
  }

  /** Acknowledges what is settled and disconnects; the broker keeps the rest. Safe twice. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.arrivals.acknowledge()
    // Its last words to us are read again, or it could not hang up.
    this.connection?.resume()
    await this.#line.stop()
  }

  health(): Health {
    const { clientId, clock } = this.#options
    const isUnsteady = this.#brief >= MANY && clock.now() - this.#since < HELD_MS
    const why = this.#refused ?? this.#line.trouble ?? (isUnsteady ? this.#lastEnd : undefined)
    if (!why) return { state: 'ok' }
    const hint = `The connection does not last: does another house or worker use the client id ${clientId}? Each needs a space, a prefix or a broker.slot of its own.`
    const state = why.remedy === 'stop' ? 'failed' : 'degraded'
    return { state, code: why.code, detail: this.#brief >= MANY ? `${why.message} ${hint}` : why.message }
  }

  async #open(signal: AbortSignal): Promise<Connection> {
    const { open, clientId, window } = this.#options
    this.arrivals.begin()
    try {
      return await open({ clientId, clean: false, window, signal, received: (message) => this.#received(message) })
    } catch (error) {
      this.#isUnsure = true
      const { remedy } = asDaybookError(error)
      if (remedy === 'stop') this.#ready.reject(error)
      throw error
    }
  }

  #received(message: Parameters<ConnectOptions['received']>[0]): void {
    if (this.#isStopping) return
    const arrival = this.arrivals.add(message)
    if (arrival) this.#options.take(arrival)
  }

  async #enter(connection: Connection): Promise<void> {
    const { sessionPresent } = connection
    this.arrivals.opened(connection, sessionPresent)
    if (this.#isStopping) connection.pause()
    try {
      await this.#subscribe(connection)
      this.#refused = undefined
      this.#ready.resolve()
    } catch (error) {
      const why = asDaybookError(error)
      if (why.remedy !== 'stop') return connection.destroy(why.detail)
      this.#refused = why
      this.#ready.reject(why)
      this.#options.log.error({ session: this.#options.clientId, code: why.code }, why.message)
      connection.destroy(why.detail)
    }
  }

  async #subscribe(connection: Connection): Promise<void> {
    const { clientId, memory, filters, retained } = this.#options
    const { sessionPresent, version } = connection
    const known = memory.filtersOf(clientId)
    // Lost until it is whole: the next connection may find the session that this one has made, and nothing in it.
    if (known && !sessionPresent) memory.remember(clientId, [])
    const wanted = await filters()
    const isLost = known && wanted.length > 0 && (!sessionPresent || known.length === 0)
    const kept = sessionPresent ? (known ?? []) : []
    for (const filter of kept) if (!wanted.includes(filter)) await connection.unsubscribe(filter)
    const stands = wanted.every((filter) => kept.includes(filter))
    const onlyNew = stands && !(this.#isFirst && retained === 'each run')
    // Of 5.0 it costs nothing to be sure; before, retained messages come with it.
    if (!onlyNew || version === 5 || this.#isUnsure) {
      for (const filter of wanted) await this.#ask(connection, filter, onlyNew)
    }
    this.#isFirst = false
    this.#isUnsure = false
    memory.remember(clientId, wanted)
    if (isLost) {
      this.sessionsLost++
      this.#options.log.warn({ session: clientId }, 'the broker has lost our session, and what was in it')
      this.#options.lost()
    }
    // Brokers send what is retained along with SUBACK, so the answer to a later question comes after it.
    await connection.ping()
  }

  async #ask(connection: Connection, filter: string, onlyNew: boolean): Promise<void> {
    const granted = await connection.subscribe(filter, 1, { onlyNew })
    if (granted === 1) return
    throw new DaybookError('broker_refused', `It grants QoS ${granted} for ${filter}, which keeps nothing.`)
  }
}
