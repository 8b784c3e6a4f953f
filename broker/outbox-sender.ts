// Sends what the outbox file holds and removes what was received: the window, the receipts, which epoch numbers what.
// Not for: when it runs (outbox.ts wakes it), what the status says (outbox-status.ts), or how entries are kept.
import type { Clock, Ids, Logger } from '../component.ts'
import type { Receipt } from '../schemas/delivery.ts'
import type { Topics } from '../schemas/topics.ts'
import type { Entry, Epoch, OutboxFile } from './outbox-file.ts'
import { covers, type Flight, highest, resendAt, toRanges } from './outbox-window.ts'

/**
 * What an outbox needs of the world; a Bus is one, an MQTT client can be wrapped as one.
 * `publish` resolves once the broker answers for the message, and rejects when it did not take it. What it was given is
 * sent in order. `subscribe` resolves once it receives, retained messages first, and holds through reconnects.
 */
export interface OutboxTransport {
  publish(topic: string, payload: string | Buffer, options?: { qos?: 0 | 1; retain?: boolean }): Promise<unknown>
  subscribe(filter: string, listener: (message: { topic: string; payload: Buffer }) => void): Promise<() => void>
  /** Tells that a session ended: what is unanswered may be lost, its promises may stay open. Absent: it never does. */
  onSessionLost?(listener: () => void): () => void
}

/** What the sender of one producer works with. */
export interface SenderParts {
  file: OutboxFile
  transport: OutboxTransport
  topics: Topics
  producer: string
  clock: Clock
  ids: Ids
  log: Logger | undefined
  /** Unreceipted entries at most. */
  inFlight: number
  /** Bytes at most that the transport holds unanswered. */
  inFlightBytes: number
  /** Called when there may be something to do. */
  wake: () => void
}

const READ_AT_ONCE = 200
const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 30_000

export class Sender {
  readonly #parts: SenderParts
  /** In order of the first send, which is the order of emission. */
  readonly #window = new Map<number, Flight>()
  /** The last receipt of each epoch of the file, and the latest send of it that is settled. */
  readonly #heard = new Map<string, { receipt: Receipt; settledOrder: number }>()
  /** Epochs of this producer that no entry here belongs to, and their highest seq: another life of this outbox had them. */
  readonly #foreign = new Map<string, number>()
  #removable: number[] = []
  /** First sends have come this far. */
  #cursor = 0
  /** What the file had bound when it was opened: another life of it may have gone on from there. */
  #openedAt: number
  #confirmed: boolean
  #order = 0
  #session = 0
  #inTransit = 0
  #retryAt = 0
  #failures = 0
  #idle: (() => void) | undefined

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.#openedAt = parts.file.bound
    this.#confirmed = parts.file.fresh
  }

  /** False until it is known that no other life of this file has used the numbers that come next. */
  get confirmed(): boolean {
    return this.#confirmed
  }

  /** Sent and not receipted. */
  get unreceipted(): number {
    return this.#window.size
  }

  /** True since the transport refused, until it takes something. */
  get refused(): boolean {
    return this.#failures > 0
  }

  /** When to try again, epoch ms. */
  get retryAt(): number {
    return this.#retryAt
  }

  /** Epochs whose entries are all gone, with the highest seq known and the last receipt: they can be closed. */
  ended(): { epoch: string; last: number; receipt: Receipt | undefined }[] {
    const { file } = this.#parts
    const drained = file.epochs.filter((epoch, index) => {
      const end = file.epochs[index + 1]?.base
      return end !== undefined && (file.next(epoch.base) ?? end + 1) > end
    })
    const own = drained.map(({ epoch, last }) => ({ epoch, last, receipt: this.#heard.get(epoch)?.receipt }))
    return [
      ...own,
      ...[...this.#foreign].map(([epoch, last]) => ({ epoch, last, receipt: this.#heard.get(epoch)?.receipt })),
    ]
  }

  /** An ended epoch needs no more attention. */
  dismiss(epoch: string): void {
    if (this.#parts.file.epochs.some((one) => one.epoch === epoch)) this.#parts.file.drop(epoch)
    this.#foreign.delete(epoch)
    this.#heard.delete(epoch)
  }

  /** The last receipt of the epoch that numbers what comes next. */
  get receipt(): Receipt | undefined {
    return this.#heard.get(this.#parts.file.current.epoch)?.receipt
  }

  /**
   * Takes a receipt. Of the current epoch it also tells whether this file is the one that used its numbers: one that
   * knows of a seq never sent from here comes from another life of a file that was restored.
   */
  receive(receipt: Receipt): void {
    const { file } = this.#parts
    const epoch = file.epochs.find((one) => one.epoch === receipt.epoch)
    if (receipt.epoch === undefined) return
    const heard = this.#heard.get(receipt.epoch) ?? { receipt, settledOrder: 0 }
    heard.receipt = receipt
    const claimed = highest(receipt)
    if (!epoch) {
      if (receipt.upTo < claimed || this.#foreign.has(receipt.epoch)) {
        this.#heard.set(receipt.epoch, heard)
        this.#foreign.set(receipt.epoch, Math.max(claimed, this.#foreign.get(receipt.epoch) ?? 0))
      }
      return
    }
    this.#heard.set(receipt.epoch, heard)
    for (const flight of this.#window.values()) {
      if (flight.settled || file.epochOf(flight.n) !== epoch || !covers(receipt, flight.n - epoch.base)) continue
      heard.settledOrder = Math.max(heard.settledOrder, flight.order)
      this.#settle(flight)
    }
    if (epoch !== file.current) {
      if (claimed > epoch.last) file.extend(epoch.epoch, claimed)
    } else if (epoch.base + claimed > Math.max(this.#cursor, this.#openedAt)) this.#beginEpoch(claimed)
    else this.confirm()
  }

  /** The numbers that come next are ours. */
  confirm(): void {
    if (this.#confirmed) return
    this.#parts.file.bind()
    this.#confirmed = true
  }

  /** Nobody could tell whose the next numbers are, so they are counted in an epoch of their own. */
  doubt(): void {
    if (!this.#confirmed) this.#beginEpoch(0)
  }

  /** All that is unanswered is sent again. */
  sessionLost(): void {
    this.#session++
    this.#inTransit = 0
    this.#retryAt = 0
    for (const flight of this.#window.values()) {
      flight.state = 'lost'
      flight.attempts = 0
    }
    this.#idle?.()
  }

  /** Does what is due and returns when something will be, epoch ms. Throws `data_unwritable`. */
  pump(now: number): number {
    this.removeReceived()
    if (now < this.#retryAt) return this.#retryAt
    const next = this.#sendAgain(now)
    this.#sendNew(now)
    const { file } = this.#parts
    if (this.#window.size === 0 && this.#cursor >= file.last && file.held !== 0) file.recount(0)
    return next
  }

  /** Removes what is both acknowledged and receipted. */
  removeReceived(): void {
    if (this.#removable.length === 0) return
    this.#parts.file.remove(toRanges(this.#removable))
    for (const n of this.#removable) this.#window.delete(n)
    this.#removable = []
  }

  /** Resolves when the transport has answered everything it was given. */
  idle(): Promise<void> {
    if (this.#inTransit === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  #sendAgain(now: number): number {
    const { file } = this.#parts
    const due: number[] = []
    const probed = new Set<Epoch>()
    let next = Number.POSITIVE_INFINITY
    for (const flight of this.#window.values()) {
      if (flight.state === 'pending') continue
      const epoch = file.epochOf(flight.n)
      const waiting = flight.state === 'acknowledged'
      const gap = flight.order < (this.#heard.get(epoch.epoch)?.settledOrder ?? 0)
      const at = resendAt(flight, gap, waiting && !probed.has(epoch))
      if (waiting) probed.add(epoch)
      if (at > now) next = Math.min(next, at)
      else due.push(flight.n)
    }
    for (const n of due) {
      if (this.#full) break
      const [entry] = file.read(n - 1, n, 1)
      if (entry?.body) this.#send(entry, entry.body, now)
      else this.#giveUp(n)
    }
    return next
  }

  #sendNew(now: number): void {
    const { file, inFlight } = this.#parts
    while (this.#cursor < file.bound && this.#window.size < inFlight && !this.#full) {
      const room = Math.min(inFlight - this.#window.size, READ_AT_ONCE)
      const entries = file.read(this.#cursor, file.bound, room)
      for (const entry of entries) {
        if (this.#full) return
        this.#cursor = entry.n
        if (entry.body) this.#send(entry, entry.body, now)
        else this.#giveUp(entry.n)
      }
      if (entries.length < room) this.#cursor = file.bound
    }
  }

  get #full(): boolean {
    return this.#inTransit >= this.#parts.inFlightBytes || this.#retryAt > this.#parts.clock.now()
  }

  #send({ n, source, type }: Entry, body: Buffer, now: number): void {
    const { file, transport, topics, producer } = this.#parts
    const { epoch, base } = file.epochOf(n)
    const stamp = JSON.stringify({ producer, epoch, seq: n - base })
    const payload = Buffer.concat([body.subarray(0, -1), Buffer.from(`,${stamp.slice(1)}`)])
    const flight = this.#window.get(n) ?? { n, bytes: payload.length, attempts: 0, settled: false, ...NOT_YET_SENT }
    Object.assign(flight, { state: 'pending', order: ++this.#order, sentAt: now, attempts: flight.attempts + 1 })
    this.#window.set(n, flight)
    this.#inTransit += flight.bytes
    const session = this.#session
    const publish = async () => transport.publish(topics.activity({ source, type, producer }), payload, { qos: 1 })
    publish().then(
      () => this.#answered(flight, session, true),
      () => this.#answered(flight, session, false),
    )
  }

  #answered(flight: Flight, session: number, taken: boolean): void {
    if (session !== this.#session) return
    const full = this.#full
    this.#inTransit -= flight.bytes
    flight.state = taken ? 'acknowledged' : 'lost'
    if (taken) this.#taken(flight)
    else this.refuse()
    if (this.#inTransit === 0) this.#idle?.()
    if (full || this.#inTransit === 0 || this.#removable.length > 0 || !taken) this.#parts.wake()
  }

  #taken(flight: Flight): void {
    this.#failures = 0
    const { epoch, base } = this.#parts.file.epochOf(flight.n)
    const receipt = this.#heard.get(epoch)?.receipt
    if (flight.settled || (receipt && covers(receipt, flight.n - base))) this.#settle(flight)
  }

  /** The transport does not take anything now: try again after 1 s, doubled up to 30 s. */
  refuse(): void {
    const now = this.#parts.clock.now()
    if (this.#retryAt > now) return
    this.#retryAt = now + Math.min(RETRY_FIRST_MS * 2 ** this.#failures++, RETRY_LONGEST_MS)
  }

  #settle(flight: Flight): void {
    flight.settled = true
    if (flight.state === 'acknowledged') this.#removable.push(flight.n)
  }

  /** An entry that the file has lost: it is never sent, and `oldestSeq` passes over it, so that it is booked missing. */
  #giveUp(n: number): void {
    this.#parts.log?.error({ entry: n }, 'an outbox entry was damaged on disk and is lost')
    this.#window.delete(n)
    this.#parts.file.remove([[n, n]])
  }

  #beginEpoch(claimed: number): void {
    const { file, ids, log } = this.#parts
    const { epoch, base } = file.current
    const sent = Math.max(this.#cursor, this.#openedAt)
    const last = Math.max(sent - base, claimed)
    if (sent === base && claimed > (this.receipt?.upTo ?? 0)) this.#foreign.set(epoch, claimed)
    file.begin(ids.random(), sent, last)
    this.#openedAt = sent
    this.#confirmed = true
    log?.warn({ former: epoch, epoch: file.current.epoch, claimed }, 'another life of this outbox used its numbers')
  }
}

const NOT_YET_SENT = { state: 'lost' as const, order: 0, sentAt: 0 }
