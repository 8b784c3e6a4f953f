// The outbox that stands between a bridge's `emit` and the bus: what was appended is on disk, and stays there until a
// receipt says that the pipeline has it. Serves inside the app over a Bus and alone on a device over MQTT. Not for:
// redaction, payload bytes, or what a receipt is made of.
import type { Clock, Component, Health, Ids, Logger } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import { type Emitted, toEntry } from './body.ts'
import { Entries } from './entries.ts'
import { type OutboxFile, openOutboxFile } from './file.ts'
import { Numbering } from './numbering.ts'
import { Receipts } from './receipts.ts'
import { Sender } from './sender.ts'
import { type OutboxState, stateIn } from './state.ts'
import type { OutboxTransport } from './transport.ts'
import { type About, Voice } from './voice.ts'

export interface OutboxOptions {
  /** Path of the SQLite file; its folder is made. One file a producer. */
  file: string
  producer: string
  /** What its status names; each notification names its own. */
  source: string
  topics: Topics
  transport: OutboxTransport
  clock: Clock
  ids: Ids
  log?: Logger
  version?: string
  /** IANA name. */
  timeZone?: string
  limits?: Partial<typeof outboxLimits>
}

export const outboxLimits = {
  /** On disk. */
  bytes: 1024 * 1024 * 1024,
  /** Entries sent and not receipted. */
  inFlight: 1000,
  /** Handed to the transport and not answered. */
  inFlightBytes: 8 * 1024 * 1024,
  /** How long a file that was used before waits for a receipt to show whose its next numbers are, before it begins a new epoch. */
  receiptWaitMs: 5_000,
}

export interface Outbox extends Component {
  /**
   * Returns once all are synced to disk in the order of emission, or throws and has kept none: `outbox_full` at the
   * quota, `data_unwritable` when the disk refuses, `topic_invalid` and `too_large` for what no pipeline could settle,
   * `shutting_down` after stop. Works before start and without a connection.
   */
  append(notifications: readonly Emitted[]): void
  /** The bridge's own memory, in the same file. */
  readonly state: OutboxState
  /** Names the count of what is appended next. */
  readonly epoch: string
  /** Entries on disk. */
  readonly depth: number
  /** How the bridge itself is; the status says so. */
  report(health: Health): void
}

const IDLE_MS = 600_000
const DISK_RETRY_MS = 5_000
const DRAIN_MS = 1_000

/**
 * Opens the outbox of a producer and holds its file until stop.
 *
 * - Written before published; numbered gaplessly inside an epoch, sent in that order, many at a time.
 * - An entry goes when the broker has acknowledged it *and* a receipt covers it, never on one of them alone.
 * - A number stands for one event: a file that cannot be shown to be its own latest copy counts on in a new epoch.
 * - What the file has lost is told, so that it is booked missing; what was never numbered is never told.
 *
 * Throws `already_running` (another process holds the file), `data_unwritable`, `config_invalid` (another producer's).
 */
export function openOutbox(options: OutboxOptions): Outbox {
  return new SqliteOutbox(options)
}

class SqliteOutbox implements Outbox {
  readonly name: string
  readonly state: OutboxState
  readonly #options: OutboxOptions
  readonly #clock: Clock
  readonly #limits: typeof outboxLimits
  readonly #file: OutboxFile
  readonly #entries: Entries
  readonly #numbering: Numbering
  readonly #sender: Sender
  readonly #voice: Voice
  readonly #receipts: Receipts
  #bridge: Health = { state: 'ok' }
  #diskError: DaybookError | undefined
  /** Bytes that found no room, 0 once they would. */
  #refusedBytes = 0
  #life: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #sleep = new AbortController()
  #running = Promise.resolve()
  #stopped: Promise<void> | undefined
  #forgetSession: (() => void) | undefined

  constructor(options: OutboxOptions) {
    const { file, producer, topics, transport, ids, log } = options
    const clock = steady(options.clock)
    this.#clock = clock
    this.name = `outbox ${producer}`
    this.#options = options
    this.#limits = { ...outboxLimits, ...options.limits }
    this.#file = openOutboxFile({ file, producer, clock: options.clock, ids })
    this.state = stateIn(this.#file)
    this.#entries = new Entries(this.#file)
    this.#numbering = new Numbering(this.#entries, this.#file.fresh, ids, log)
    const shared = { entries: this.#entries, numbering: this.#numbering, transport, topics, producer, clock }
    const { inFlight, inFlightBytes } = this.#limits
    const wake = () => this.#wake()
    const refused = () => this.#refused()
    this.#sender = new Sender({ ...shared, log, inFlight, inFlightBytes, wake })
    this.#voice = new Voice({ ...shared, about: () => this.#about(), refused })
    this.#receipts = new Receipts({ transport, topic: topics.receipt(producer), clock, log, wake, refused })
  }

  get epoch(): string {
    return this.#entries.current.epoch
  }

  get depth(): number {
    return this.#entries.held
  }

  append(notifications: readonly Emitted[]): void {
    if (this.#life === 'stopping' || this.#life === 'stopped') throw new DaybookError('shutting_down')
    if (notifications.length === 0) return
    const entries = notifications.map(toEntry)
    this.#refusedBytes = entries.reduce((sum, { body }) => sum + body.length, 0)
    if (this.#isFull()) {
      throw new DaybookError('outbox_full', `${this.depth} entries wait; the quota is ${this.#limits.bytes} bytes.`)
    }
    this.#refusedBytes = 0
    this.#entries.append(entries, this.#numbering.confirmed)
    this.#wake()
  }

  report(health: Health): void {
    this.#bridge = health
    this.#wake()
  }

  async start(): Promise<void> {
    if (this.#life !== 'new') return
    this.#life = 'running'
    this.#forgetSession = this.#options.transport.onSessionLost?.(() => {
      this.#voice.forget()
      this.#sender.sessionLost()
      this.#wake()
    })
    this.#running = this.#run()
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#end()
    return this.#stopped
  }

  health(): Health {
    const { held, last, current } = this.#entries
    const unreceipted = this.#sender.unreceipted
    const figures = { depth: held, unreceipted, lastSeq: last - current.base, epoch: current.epoch }
    if (this.#life === 'new' || this.#life === 'stopped') return { state: 'stopped', figures }
    if (this.#diskError)
      return { state: 'failed', code: this.#diskError.code, detail: this.#diskError.message, figures }
    if (this.#isFull()) return { state: 'degraded', code: 'outbox_full', detail: 'New events are refused.', figures }
    if (this.#sender.refused)
      return { state: 'degraded', code: 'bus_unavailable', detail: 'Events wait on disk.', figures }
    const { setAside } = this.#file
    if (setAside) return { state: 'degraded', detail: `The outbox was damaged and now is ${setAside}.`, figures }
    return { state: 'ok', figures }
  }

  async #run(): Promise<void> {
    const { log } = this.#options
    const clock = this.#clock
    while (this.#life === 'running') {
      this.#sleep = new AbortController()
      let next = clock.now() + DISK_RETRY_MS
      try {
        next = this.#step(clock.now())
        this.#diskError = undefined
      } catch (error) {
        this.#diskError = asDaybookError(error)
        log?.error({ err: error }, 'the outbox cannot work on its file')
      }
      await clock.sleep(Math.min(Math.max(next - clock.now(), 0), IDLE_MS), this.#sleep.signal)
    }
  }

  /** Does all that is due and returns when the next thing will be, epoch ms. The status goes first: see oldestSeq. */
  #step(now: number): number {
    this.#takeReceipts()
    const { retryAt } = this.#sender
    if (now < retryAt) return retryAt
    this.#receipts.ask()
    if (now < this.#receipts.since) return Number.POSITIVE_INFINITY
    return Math.min(this.#decide(now), this.#voice.speak(now), this.#sender.pump(now))
  }

  #takeReceipts(): void {
    this.#receipts.drain((receipt) => this.#sender.receive(receipt))
    this.#sender.removeArrived()
  }

  /** What waits for its number gets one of a new epoch if no receipt shows in time whose the next numbers are. */
  #decide(now: number): number {
    if (this.#numbering.confirmed || this.#entries.bound === this.#entries.last) return Number.POSITIVE_INFINITY
    const until = this.#receipts.since + (this.#numbering.unused ? 0 : this.#limits.receiptWaitMs)
    if (now < until) return until
    this.#numbering.doubt()
    return Number.POSITIVE_INFINITY
  }

  #about(): About {
    const { source, version, timeZone, clock } = this.#options
    // That the bus is away is no news to those who read this on the bus.
    const own = this.#diskError?.code ?? (this.#isFull() ? 'outbox_full' : undefined)
    const health = own ?? (this.#bridge.state === 'ok' ? undefined : this.#bridge.code) ?? 'ok'
    return { online: this.#life === 'running', version, source, timeZone, at: clock.now(), health }
  }

  #isFull(): boolean {
    return this.#refusedBytes > 0 && this.#entries.bytes + this.#refusedBytes > this.#limits.bytes
  }

  #refused(): void {
    this.#sender.refuse()
    this.#wake()
  }

  async #end(): Promise<void> {
    const ran = this.#life === 'running'
    this.#life = ran ? 'stopping' : 'stopped'
    this.#wake()
    await this.#running
    if (ran) await this.#finish()
    this.#life = 'stopped'
    this.#file.close()
  }

  /** Waits a moment for what is under way, removes what has arrived by then, and says goodbye. */
  async #finish(): Promise<void> {
    const { log } = this.#options
    const clock = this.#clock
    const late = new AbortController()
    const inTime = (work: Promise<unknown>) => Promise.race([work, clock.sleep(DRAIN_MS, late.signal)])
    await inTime(this.#sender.idle())
    try {
      this.#takeReceipts()
    } catch (error) {
      log?.error({ err: error }, 'the outbox cannot work on its file')
    }
    if (Number.isFinite(this.#receipts.since)) await inTime(this.#voice.sayNow())
    late.abort()
    this.#receipts.end()
    this.#forgetSession?.()
  }

  #wake(): void {
    this.#sleep.abort()
  }
}

/** Time for waiting: it stands still when the wall clock is set back, or an answer would be awaited for that long. */
function steady(clock: Clock): Clock {
  let before = clock.now()
  let time = before
  const now = () => {
    const wall = clock.now()
    time += Math.max(0, wall - before)
    before = wall
    return time
  }
  return { now, sleep: (ms, signal) => clock.sleep(ms, signal) }
}
