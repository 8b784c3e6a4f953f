// The outbox that stands between a bridge's `emit` and the bus: what was appended is on disk, and stays there until a
// receipt says that the pipeline has it. Serves inside the app over a Bus and alone on a device over MQTT. Not for:
// redaction, payload bytes, or what a receipt is made of.
import type { Clock, Component, Health, Ids, Logger } from '../component.ts'
import { type ActivityNotification, limits as wire } from '../schemas/activity.ts'
import { type BridgeStatus, type Receipt, receipt as receiptSchema } from '../schemas/delivery.ts'
import { asDaybookError, DaybookError } from '../schemas/errors.ts'
import { isTopicWord, type Topics } from '../schemas/topics.ts'
import { type NewEntry, type OutboxFile, type OutboxState, openOutboxFile } from './outbox-file.ts'
import { type OutboxTransport, Sender } from './outbox-sender.ts'
import { LastWords, statusDue, type Told } from './outbox-status.ts'

export type { OutboxTransport } from './outbox-sender.ts'

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
  limits?: OutboxLimits
}

export interface OutboxLimits {
  /** Bytes on disk, default 1 GiB. */
  bytes?: number
  /** Entries sent and not receipted, default 1,000. */
  inFlight?: number
  /** Bytes handed to the transport and not answered, default 8 MiB. */
  inFlightBytes?: number
  /** How long to wait for the first receipt before a file that was used before counts in a new epoch; default 5 s. */
  receiptWaitMs?: number
}

/** A notification as a bridge emits it. */
export type Emitted = Omit<ActivityNotification, 'producer' | 'epoch' | 'seq'>

export interface Outbox extends Component {
  /**
   * Returns once all are synced to disk in emission order, or throws and has kept none: `outbox_full` at the quota,
   * `data_unwritable` when the disk refuses, `topic_invalid` and `too_large` for what no pipeline would settle,
   * `shutting_down` after stop. Works before start and without a connection.
   */
  append(notifications: readonly Emitted[]): void
  /** The bridge's own memory, in the same file. */
  readonly state: OutboxState
  /** Names the count of what is appended next. */
  readonly epoch: string
  /** Entries on disk. */
  readonly depth: number
  /** How the bridge itself is; its status says so. */
  report(health: Health): void
}

const MEBIBYTE = 1024 * 1024
/** Room that producer, epoch and seq take in a body. */
const STAMP_BYTES = 300
const IDLE_MS = 600_000
const DISK_RETRY_MS = 5_000
const DRAIN_MS = 1_000

/**
 * Opens the outbox of a producer and holds its file until stop.
 *
 * - Written before published; numbered gaplessly inside an epoch, sent in that order, many at a time.
 * - An entry goes when the broker has acknowledged it *and* a receipt covers it, never on one of them alone.
 * - A number stands for one event: a file that cannot be shown to be its own latest copy counts in a new epoch.
 * - What the file has lost is told, never sent; what was never numbered is never told.
 *
 * Throws `already_running` (another process holds the file), `data_unwritable`, `config_invalid` (another producer's).
 */
export function openOutbox(options: OutboxOptions): Outbox {
  return new SqliteOutbox(options)
}

class SqliteOutbox implements Outbox {
  readonly name: string
  readonly #options: OutboxOptions
  readonly #limits: Required<OutboxLimits>
  readonly #file: OutboxFile
  readonly #sender: Sender
  readonly #lastWords = new LastWords()
  /** The latest receipt of each epoch that came in since the last step. */
  readonly #receipts = new Map<string | undefined, Receipt>()
  #told: Told | undefined
  #bridge: Health = { state: 'ok' }
  #diskError: DaybookError | undefined
  #full = false
  #subscription: 'none' | 'asked' | (() => void) = 'none'
  #subscribedAt = Number.POSITIVE_INFINITY
  #life: 'new' | 'running' | 'stopping' | 'stopped' = 'new'
  #sleep = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #stopped: Promise<void> | undefined
  #forgetSession: (() => void) | undefined

  constructor(options: OutboxOptions) {
    const { file, producer, topics, transport, clock, ids, log, limits } = options
    this.name = `outbox ${producer}`
    this.#options = options
    this.#limits = {
      bytes: limits?.bytes ?? 1024 * MEBIBYTE,
      inFlight: limits?.inFlight ?? 1000,
      inFlightBytes: limits?.inFlightBytes ?? 8 * MEBIBYTE,
      receiptWaitMs: limits?.receiptWaitMs ?? 5_000,
    }
    this.#file = openOutboxFile({ file, producer, clock, ids })
    const { inFlight, inFlightBytes } = this.#limits
    const wake = () => this.#wake()
    this.#sender = new Sender({
      file: this.#file,
      transport,
      topics,
      producer,
      clock,
      ids,
      log,
      inFlight,
      inFlightBytes,
      wake,
    })
  }

  get state(): OutboxState {
    return this.#file.state
  }

  get epoch(): string {
    return this.#file.current.epoch
  }

  get depth(): number {
    return this.#file.held
  }

  append(notifications: readonly Emitted[]): void {
    if (this.#life === 'stopping' || this.#life === 'stopped') throw new DaybookError('shutting_down')
    if (notifications.length === 0) return
    const entries = notifications.map(toEntry)
    const bytes = entries.reduce((sum, { body }) => sum + body.length, this.#file.bytes)
    this.#full = bytes > this.#limits.bytes
    if (this.#full) {
      const quota = Math.round(this.#limits.bytes / MEBIBYTE)
      throw new DaybookError('outbox_full', `${this.#file.held} entries wait; the quota is ${quota} MiB`)
    }
    this.#file.append(entries, this.#sender.confirmed)
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
      this.#told = undefined
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
    const { held, last, current, setAside } = this.#file
    const figures = {
      depth: held,
      unreceipted: this.#sender.unreceipted,
      lastSeq: last - current.base,
      epoch: current.epoch,
    }
    if (this.#life === 'new' || this.#life === 'stopped') return { state: 'stopped', figures }
    if (this.#diskError)
      return { state: 'failed', code: this.#diskError.code, detail: this.#diskError.message, figures }
    if (this.#full) return { state: 'degraded', code: 'outbox_full', detail: 'new events are refused', figures }
    if (this.#sender.refused)
      return { state: 'degraded', code: 'bus_unavailable', detail: 'events wait on disk', figures }
    if (setAside) return { state: 'degraded', detail: `the outbox file was damaged and is now ${setAside}`, figures }
    return { state: 'ok', figures }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options
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

  /** Does all that is due and returns when the next thing will be, epoch ms. */
  #step(now: number): number {
    const { retryAt } = this.#sender
    if (typeof this.#subscription === 'string') {
      if (now < retryAt) return retryAt
      this.#subscribe()
      return Number.POSITIVE_INFINITY
    }
    for (const [epoch, receipt] of this.#receipts) {
      this.#sender.receive(receipt)
      this.#receipts.delete(epoch)
    }
    if (now < retryAt) return this.#sender.pump(now)
    const decided = this.#decide(now)
    const told = this.#tell(now)
    return Math.min(decided, told, this.#sender.pump(now))
  }

  #subscribe(): void {
    if (this.#subscription !== 'none') return
    const { transport, topics, producer, clock } = this.#options
    this.#subscription = 'asked'
    const subscribe = async () => transport.subscribe(topics.receipt(producer), ({ payload }) => this.#hear(payload))
    subscribe().then(
      (unsubscribe) => {
        if (this.#life !== 'running') return unsubscribe()
        this.#subscription = unsubscribe
        this.#subscribedAt = clock.now()
        this.#wake()
      },
      () => {
        this.#subscription = 'none'
        this.#sender.refuse()
        this.#wake()
      },
    )
  }

  #hear(payload: Buffer): void {
    if (payload.length === 0) return
    try {
      const receipt = receiptSchema.parse(JSON.parse(payload.toString()))
      this.#receipts.set(receipt.epoch, receipt)
      this.#wake()
    } catch (error) {
      this.#options.log?.warn({ err: error }, 'a receipt could not be read')
    }
  }

  /** What waits for its number gets one of a new epoch if no receipt shows in time whose the next numbers are. */
  #decide(now: number): number {
    if (this.#sender.confirmed || this.#file.bound === this.#file.last) return Number.POSITIVE_INFINITY
    const until = this.#subscribedAt + this.#limits.receiptWaitMs
    if (now < until) return until
    this.#sender.doubt()
    return Number.POSITIVE_INFINITY
  }

  /** Publishes what is due of the status: before anything is sent, so that `oldestSeq` is known first. */
  #tell(now: number): number {
    let next = Number.POSITIVE_INFINITY
    let spoke = false
    for (const ended of this.#sender.ended()) {
      const due = this.#lastWords.next(ended, now)
      if (due === 'dismiss') this.#sender.dismiss(ended.epoch)
      else if (due === 'close') {
        const { epoch, last } = ended
        void this.#publishStatus({ ...this.#status(now), epoch, oldestSeq: last + 1, lastSeq: last })
        spoke = true
      } else next = Math.min(next, due)
    }
    const status = this.#status(now)
    const { receipt } = this.#sender
    const due = spoke ? 0 : statusDue(this.#told, status, receipt)
    if (due > now) return Math.min(next, due)
    const repeats = this.#told?.status.oldestSeq === status.oldestSeq ? (this.#told?.repeats ?? 0) + 1 : 0
    this.#told = { status, at: now, repeats, receipt }
    void this.#publishStatus(status)
    return next
  }

  #status(now: number): BridgeStatus {
    const { source, version, timeZone } = this.#options
    const { current, bound, held } = this.#file
    // That the bus is away is no news to those who read this on the bus.
    const own = this.#diskError?.code ?? (this.#full ? 'outbox_full' : undefined)
    const health = own ?? (this.#bridge.state === 'ok' ? undefined : this.#bridge.code) ?? 'ok'
    const oldest = Math.min(this.#file.next(current.base) ?? bound + 1, bound + 1)
    return {
      online: this.#life === 'running',
      ...(version !== undefined && { version }),
      source,
      ...(timeZone !== undefined && { timeZone }),
      epoch: current.epoch,
      oldestSeq: oldest - current.base,
      lastSeq: bound - current.base,
      outboxDepth: held,
      at: now,
      health,
    }
  }

  #publishStatus(status: BridgeStatus): Promise<void> {
    const { transport, topics, producer } = this.#options
    const publish = async () => {
      await transport.publish(topics.status(producer), JSON.stringify(status), { qos: 1, retain: true })
    }
    return publish().catch(() => {
      this.#told = undefined
      this.#sender.refuse()
      this.#wake()
    })
  }

  async #end(): Promise<void> {
    const { clock } = this.#options
    const ran = this.#life === 'running'
    this.#life = ran ? 'stopping' : 'stopped'
    this.#wake()
    await this.#running
    if (ran) {
      const late = new AbortController()
      const inTime = (work: Promise<unknown>) => Promise.race([work, clock.sleep(DRAIN_MS, late.signal)])
      await inTime(this.#sender.idle())
      if (typeof this.#subscription === 'function') await inTime(this.#publishStatus(this.#status(clock.now())))
      late.abort()
      this.#forgetSession?.()
      if (typeof this.#subscription === 'function') this.#subscription()
      this.#takeWhatCame()
    }
    this.#life = 'stopped'
    this.#file.close()
  }

  /** Removes what was received by the end; if that fails it is sent once more after the next start. */
  #takeWhatCame(): void {
    try {
      for (const receipt of this.#receipts.values()) this.#sender.receive(receipt)
      this.#sender.removeReceived()
    } catch (error) {
      this.#options.log?.error({ err: error }, 'the outbox cannot work on its file')
    }
  }

  #wake(): void {
    this.#sleep.abort()
  }
}

function toEntry(notification: Emitted): NewEntry {
  const { source, type } = notification
  if (!isTopicWord(source) || !isTopicWord(type)) {
    throw new DaybookError('topic_invalid', `got source "${source}" and type "${type}"`)
  }
  const numbered = { ...notification, producer: undefined, epoch: undefined, seq: undefined }
  const body = Buffer.from(JSON.stringify(numbered))
  if (body.length + STAMP_BYTES > wire.activityBytes) {
    throw new DaybookError('too_large', `${notification.id} has ${body.length} bytes`)
  }
  return { source, type, body }
}
