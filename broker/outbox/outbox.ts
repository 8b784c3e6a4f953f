// The outbox that stands between a bridge's `emit` and the bus: what was appended is on disk, and stays there until a
// receipt says that the pipeline has it. Serves inside the app over a Bus and alone on a device over MQTT. Not for:
// redaction, or what a receipt is made of.
import type { Clock, Component, Health } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import { type Emitted, toEntry } from './body.ts'
import { Entries } from './entries.ts'
import { type OutboxFile, openOutboxFile, PAYLOADS } from './file.ts'
import { outboxHealth } from './health.ts'
import { missedPayload } from './missed-payload.ts'
import { Numbering } from './numbering.ts'
import { type OutboxOptions, outboxLimits } from './options.ts'
import { payloadFolder } from './payload-folder.ts'
import { type PayloadAbout, Payloads } from './payloads.ts'
import { Receipts } from './receipts.ts'
import { Requests } from './requests.ts'
import { Sender } from './sender.ts'
import { type OutboxState, stateIn } from './state.ts'
import { steady } from './steady.ts'
import { Uploads } from './uploads.ts'
import { type About, Voice } from './voice.ts'

export interface Outbox extends Component {
  /**
   * Returns once all are synced to disk in the order of emission, or throws and has kept none: `outbox_full` at the
   * quota, `data_unwritable` when the disk refuses, `topic_invalid` and `too_large` for what no pipeline could settle,
   * `shutting_down` after stop. Works before start and without a connection.
   */
  append(notifications: readonly Emitted[]): void
  /**
   * Keeps a payload beside the file, synced, and returns the reference for notifications that are appended within the
   * hour; none of them is published before the payload is in the object store. The same bytes are kept once. Throws
   * `too_large`, `outbox_full` at the quota of payloads, `data_unwritable`, `invalid`, `shutting_down` after stop.
   */
  attach(bytes: Uint8Array, about: PayloadAbout): ContentRef
  /** The same for what comes piece by piece, which is never held as a whole; what the body throws ends it too. */
  attachFile(body: AsyncIterable<Uint8Array>, about: PayloadAbout): Promise<ContentRef>
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
const SPREAD_MS = 1_000
/** Anyone on the bus may ask for what has no receipt, as often as they like. */
const START_OVER_EACH_MS = 10_000

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
  readonly #payloads: Payloads
  readonly #uploads: Uploads
  readonly #sender: Sender
  readonly #voice: Voice
  readonly #receipts: Receipts
  readonly #requests: readonly Requests[]
  #bridge: Health = { state: 'ok' }
  #diskError: DaybookError | undefined
  /** Bytes that found no room, 0 once they would. */
  #refusedBytes = 0
  #life: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #sleep = new AbortController()
  #running = Promise.resolve()
  #stopped: Promise<void> | undefined
  /** How often the broker had forgotten us while something had no receipt. */
  #lostSessions = 0
  /** When to send again what the house has lost, ms of the steady clock. */
  #startOverAt = Number.POSITIVE_INFINITY
  /** When that was done last. */
  #startedOver = Number.NEGATIVE_INFINITY
  #forgetLine: (() => void) | undefined

  constructor(options: OutboxOptions) {
    const { file, producer, topics, transport, upload, storage = 'fs', ids, log } = options
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
    const { inFlight, inFlightBytes, uploadFreshMs: freshMs } = this.#limits
    const wake = () => this.#wake()
    const refused = () => this.#refused()
    const folder = payloadFolder(file + PAYLOADS)
    const gone = (id: string) => this.#uploads.forget(id)
    const payloads = { file: this.#file, folder, clock: options.clock, storage, limits: this.#limits, gone }
    this.#payloads = new Payloads(payloads)
    const uploads = { payloads: this.#payloads, folder, entries: this.#entries, upload, clock, log, freshMs, wake }
    this.#uploads = new Uploads(uploads)
    this.#sender = new Sender({ ...shared, uploads: this.#uploads, log, inFlight, inFlightBytes, wake })
    this.#voice = new Voice({ ...shared, about: () => this.#about(), refused })
    this.#receipts = new Receipts({ transport, topic: topics.receipt(producer), clock, log, wake, refused })
    const missed = (payload: Buffer) => {
      const id = missedPayload(payload)
      if (id !== undefined) this.#uploads.again(id)
    }
    this.#requests = [
      new Requests({ transport, topic: topics.rejected(producer), log, take: missed }),
      new Requests({ transport, topic: topics.command('resend'), log, take: () => this.#startOverSoon() }),
    ]
  }

  get epoch(): string {
    return this.#entries.current.epoch
  }

  get depth(): number {
    return this.#entries.held
  }

  attach(bytes: Uint8Array, about: PayloadAbout): ContentRef {
    this.#refuseIfOver()
    const ref = this.#payloads.attach(bytes, about, (id) => this.#uploads.isRefused(id))
    if (this.#uploads.isRefused(ref.id)) this.#uploads.forget(ref.id)
    return ref
  }

  async attachFile(body: AsyncIterable<Uint8Array>, about: PayloadAbout): Promise<ContentRef> {
    const passed = () => this.#refuseIfOver()
    passed()
    const ref = await this.#payloads.attachFile(body, about, { rewrite: (id) => this.#uploads.isRefused(id), passed })
    if (this.#uploads.isRefused(ref.id)) this.#uploads.forget(ref.id)
    return ref
  }

  append(notifications: readonly Emitted[]): void {
    this.#refuseIfOver()
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
    this.#forgetLine = this.#options.transport.onConnection?.(({ sessionKept }) => {
      const { unreceipted } = this.#sender
      if (!sessionKept && unreceipted > 0) {
        this.#lostSessions++
        this.#options.log?.warn({ unreceipted }, 'the broker has forgotten us: what has no receipt is sent again')
      }
      this.#voice.forget()
      this.#sender.connected(sessionKept)
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
    const { count: payloads, bytes: payloadBytes, quota: payloadQuota } = this.#payloads
    const { failure, refused: payloadsLost } = this.#uploads
    const [window, lostSessions] = [this.#sender.windowSize, this.#lostSessions]
    const counted = { depth: held, unreceipted: this.#sender.unreceipted, lastSeq: last - current.base }
    return outboxHealth({
      running: this.#life === 'running' || this.#life === 'stopping',
      diskError: this.#diskError,
      full: this.#full(),
      uploadError: held > 0 ? failure : undefined,
      busAway: this.#sender.refused,
      setAside: this.#file.setAside,
      figures: {
        ...counted,
        epoch: current.epoch,
        window,
        lostSessions,
        payloads,
        payloadBytes,
        payloadQuota,
        payloadsLost,
      },
    })
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
    const collect = this.#payloads.collect(now)
    const { retryAt } = this.#sender
    if (now < retryAt) return Math.min(retryAt, collect)
    this.#receipts.ask()
    if (now < this.#receipts.since) return collect
    for (const requests of this.#requests) requests.listen()
    if (now >= this.#startOverAt) {
      this.#startOverAt = Number.POSITIVE_INFINITY
      this.#startedOver = now
      this.#sender.startOver()
    }
    return Math.min(collect, this.#startOverAt, this.#decide(now), this.#voice.speak(now), this.#sender.pump(now))
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
    const held = this.#entries.held > 0 ? this.#uploads.failure?.code : undefined
    const own = this.#diskError?.code ?? (this.#full() ? 'outbox_full' : held)
    const health = own ?? (this.#bridge.state === 'ok' ? undefined : this.#bridge.code) ?? 'ok'
    return { online: this.#life === 'running', version, source, timeZone, at: clock.now(), health }
  }

  #refuseIfOver(): void {
    if (this.#life === 'stopping' || this.#life === 'stopped') throw new DaybookError('shutting_down')
  }

  #full(): 'events' | 'payloads' | undefined {
    if (this.#isFull()) return 'events'
    return this.#payloads.full ? 'payloads' : undefined
  }

  #isFull(): boolean {
    return this.#refusedBytes > 0 && this.#entries.bytes + this.#refusedBytes > this.#limits.bytes
  }

  /** Many outboxes hear the house at once, and do not answer at once. What is asked meanwhile is answered along with it. */
  #startOverSoon(): void {
    if (this.#startOverAt < Number.POSITIVE_INFINITY) return
    const random = Number.parseInt(this.#options.ids.random().slice(0, 8), 16) / 2 ** 32
    this.#startOverAt = Math.max(this.#clock.now() + random * SPREAD_MS, this.#startedOver + START_OVER_EACH_MS)
    this.#wake()
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
    await inTime(Promise.all([this.#sender.idle(), this.#uploads.stop()]))
    try {
      this.#takeReceipts()
    } catch (error) {
      log?.error({ err: error }, 'the outbox cannot work on its file')
    }
    if (Number.isFinite(this.#receipts.since)) await inTime(this.#voice.sayNow())
    late.abort()
    this.#receipts.end()
    for (const requests of this.#requests) requests.end()
    this.#forgetLine?.()
  }

  #wake(): void {
    this.#sleep.abort()
  }
}
