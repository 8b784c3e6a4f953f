// Sends what the outbox holds and removes what has arrived: the window and its answers. Not for: when it runs (outbox.ts
// wakes it), which numbers it stamps (numbering.ts), or when something is sent again (window.ts).
import type { Clock, Logger } from '../../component.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import type { Topics } from '../../schemas/topics.ts'
import { stamped } from './body.ts'
import type { Entries, Entry, Epoch } from './entries.ts'
import type { Numbering } from './numbering.ts'
import type { OutboxTransport } from './transport.ts'
import type { Uploads } from './uploads.ts'
import { type Flight, resendAt, toRanges } from './window.ts'

/** What the sender of one producer works with. */
export interface SenderParts {
  entries: Entries
  numbering: Numbering
  uploads: Uploads
  transport: OutboxTransport
  topics: Topics
  producer: string
  clock: Clock
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
  /** In the order of the first send, which is the order of emission. */
  readonly #window = new Map<number, Flight>()
  /** By epoch: which send was the latest that is settled. What was sent before it and is not has left a gap. */
  readonly #settledOrder = new Map<string, number>()
  #removable: number[] = []
  /** First sends have come this far. */
  #cursor = 0
  #order = 0
  #session = 0
  #inTransit = 0
  #retryAt = 0
  #failures = 0
  #idle: (() => void) | undefined

  constructor(parts: SenderParts) {
    this.#parts = parts
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

  /** Takes a receipt. */
  receive(receipt: Receipt): void {
    const { entries, numbering } = this.#parts
    const epoch = numbering.hear(receipt)
    if (!epoch) return
    for (const flight of this.#window.values()) {
      if (flight.settled || entries.epochOf(flight.n) !== epoch || !numbering.covers(flight.n)) continue
      this.#settledOrder.set(epoch.epoch, Math.max(flight.order, this.#settledOrder.get(epoch.epoch) ?? 0))
      this.#settle(flight)
    }
    numbering.judge(epoch, receipt, this.#cursor)
  }

  /** The line is there: what it has refused is sent again at once. */
  connected(): void {
    this.#failures = 0
    this.#retryAt = 0
  }

  /** All that is unanswered or unreceipted is sent again. */
  startOver(): void {
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
    this.removeArrived()
    if (now < this.#retryAt) return this.#retryAt
    const next = this.#sendAgain(now)
    this.#sendNew(now)
    const { entries, uploads } = this.#parts
    if (this.#window.size === 0 && this.#cursor >= entries.last && entries.held !== 0) entries.recount(0)
    return Math.min(next, uploads.dueAt(now))
  }

  /** Removes what is both acknowledged and receipted. */
  removeArrived(): void {
    if (this.#removable.length === 0) return
    this.#parts.entries.remove(toRanges(this.#removable))
    for (const n of this.#removable) this.#window.delete(n)
    this.#removable = []
  }

  /** The transport does not take anything now: try again after 1 s, doubled up to 30 s. */
  refuse(): void {
    const now = this.#parts.clock.now()
    if (this.#retryAt > now) return
    this.#retryAt = now + Math.min(RETRY_FIRST_MS * 2 ** this.#failures++, RETRY_LONGEST_MS)
  }

  /** Resolves when the transport has answered everything it was given. */
  idle(): Promise<void> {
    if (this.#inTransit === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#idle = resolve
    })
  }

  #sendAgain(now: number): number {
    const { entries } = this.#parts
    const due: number[] = []
    const asked = new Set<Epoch>()
    let next = Number.POSITIVE_INFINITY
    for (const flight of this.#window.values()) {
      if (flight.state === 'pending') continue
      const epoch = entries.epochOf(flight.n)
      const gap = flight.order < (this.#settledOrder.get(epoch.epoch) ?? 0)
      const oldest = flight.state === 'acknowledged' && !asked.has(epoch)
      if (oldest) asked.add(epoch)
      const at = resendAt(flight, gap, oldest)
      if (at > now) next = Math.min(next, at)
      else due.push(flight.n)
    }
    for (const n of due) {
      if (this.#full) break
      const [entry = { n, source: '', type: '', body: null }] = entries.read(n - 1, n, 1)
      if (!this.#send(entry, now)) break
    }
    return next
  }

  #sendNew(now: number): void {
    const { entries, inFlight } = this.#parts
    while (this.#cursor < entries.bound && this.#window.size < inFlight) {
      const room = Math.min(inFlight - this.#window.size, READ_AT_ONCE)
      const found = entries.read(this.#cursor, entries.bound, room)
      for (const entry of found) {
        if (this.#full || !this.#send(entry, now)) return
        this.#cursor = entry.n
      }
      if (found.length < room) this.#cursor = entries.bound
    }
  }

  get #full(): boolean {
    return this.#inTransit >= this.#parts.inFlightBytes || this.#retryAt > this.#parts.clock.now()
  }

  /** False while its payloads are not where its references say: nothing behind it goes before it. */
  #send(entry: Entry, now: number): boolean {
    const { entries, uploads, transport, topics, producer, log } = this.#parts
    const ready = uploads.ready(entry, now)
    if (!ready) return false
    const { n, source, type, body } = ready
    const { epoch, base } = entries.epochOf(n)
    if (!body) {
      // Never sent; `oldestSeq` passes over it, so that it is booked missing.
      log?.error({ epoch, seq: n - base }, 'an outbox entry was damaged on disk and is lost')
      this.#window.delete(n)
      entries.remove([[n, n]])
      return true
    }
    const payload = stamped(body, { producer, epoch, seq: n - base })
    const attempts = (this.#window.get(n)?.attempts ?? 0) + 1
    const settled = this.#window.get(n)?.settled ?? false
    const order = ++this.#order
    const flight: Flight = { n, bytes: payload.length, state: 'pending', order, sentAt: now, attempts, settled }
    this.#window.set(n, flight)
    this.#inTransit += flight.bytes
    const session = this.#session
    const publish = async () => transport.publish(topics.activity({ source, type, producer }), payload, { qos: 1 })
    publish().then(
      () => this.#answered(flight, session, true),
      () => this.#answered(flight, session, false),
    )
    return true
  }

  #answered(flight: Flight, session: number, taken: boolean): void {
    if (session !== this.#session) return
    const full = this.#full
    this.#inTransit -= flight.bytes
    flight.state = taken ? 'acknowledged' : 'lost'
    if (!taken) this.refuse()
    else {
      this.#failures = 0
      if (flight.settled || this.#parts.numbering.covers(flight.n)) this.#settle(flight)
    }
    if (this.#inTransit === 0) this.#idle?.()
    if (full || this.#inTransit === 0 || this.#removable.length > 0 || !taken) this.#parts.wake()
  }

  #settle(flight: Flight): void {
    flight.settled = true
    if (flight.state === 'acknowledged') this.#removable.push(flight.n)
  }
}
