// Sends what the outbox holds and removes what has arrived: the window and its answers. Not for: when it runs (outbox.ts
// wakes it), which numbers it stamps (numbering.ts), when something is sent again (window.ts), or how much at a time (pace.ts).
import type { Clock, Logger } from '../../component.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import type { Topics } from '../../schemas/topics.ts'
import { stamped } from './body.ts'
import type { Entries, Entry, Epoch } from './entries.ts'
import type { Numbering } from './numbering.ts'
import { Pace } from './pace.ts'
import type { OutboxTransport } from './transport.ts'
import type { Uploads } from './uploads.ts'
import { askAgainAt, type Flight, goneAt, type Proof, proven, resendAt, sendOf, toRanges } from './window.ts'

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
  readonly #pace: Pace
  readonly #proofs = new Map<string, Proof>()
  #removable: number[] = []
  /** First sends have come this far. */
  #cursor = 0
  #order = 0
  /** Gaps among what was sent up to here are one event. */
  #slowedAt = 0
  #session = 0
  #inTransit = 0
  #retryAt = 0
  #failures = 0
  #idle: (() => void) | undefined

  constructor(parts: SenderParts) {
    this.#parts = parts
    this.#pace = new Pace(parts.inFlight, parts.transport.onConnection !== undefined)
  }

  /** Sent and not receipted. */
  get unreceipted(): number {
    return this.#window.size
  }

  /** How many may be, at most, as the broker's queue seems to be now. */
  get windowSize(): number {
    return this.#pace.size
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
    const settled = [...this.#window.values()].filter(
      (flight) => !flight.settled && entries.epochOf(flight.n) === epoch && numbering.covers(flight.n),
    )
    for (const flight of settled) this.#settle(flight)
    if (settled.length > 0) {
      this.#proofs.set(epoch.epoch, proven(this.#proofs.get(epoch.epoch), settled, this.#parts.clock.now()))
      this.#pace.settled(settled.length)
    }
    numbering.judge(epoch, receipt, this.#cursor)
  }

  /** A new connection: what was refused is sent again at once; without its session, all that has no receipt. */
  connected(sessionKept: boolean): void {
    this.#failures = 0
    this.#retryAt = 0
    if (!sessionKept) this.#giveUp()
    if (this.#window.size > 0) this.#pace.connected(this.#underWay())
  }

  /** The house has lost what waited for it: all that has no receipt is sent again. */
  startOver(): void {
    this.#giveUp()
    this.#pace.emptied()
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
    let dropped = false
    for (const flight of this.#window.values()) {
      if (flight.state === 'pending') continue
      const gone = this.#goneAt(flight)
      if (gone <= now && flight.order > this.#slowedAt) dropped = true
      const epoch = entries.epochOf(flight.n)
      const oldest = !asked.has(epoch) && asked.add(epoch)
      const asksAt = oldest ? askAgainAt(flight) : Number.POSITIVE_INFINITY
      const at = resendAt(flight, gone)
      if (asksAt <= now) this.#sendAnew(flight.n, now)
      else if (at <= now) due.push(flight.n)
      next = Math.min(next, asksAt > now ? asksAt : next, at > now ? at : next)
    }
    const underWay = this.#underWay()
    if (dropped) {
      this.#pace.dropped(underWay)
      this.#slowedAt = this.#order
    }
    for (const n of due.slice(0, Math.max(this.#pace.size - underWay, 0))) {
      if (!this.#sendAnew(n, now)) break
    }
    return next
  }

  #sendAnew(n: number, now: number): boolean {
    if (this.#full) return false
    const [entry = { n, source: '', type: '', body: null }] = this.#parts.entries.read(n - 1, n, 1)
    return this.#send(entry, now)
  }

  #sendNew(now: number): void {
    const { entries, inFlight } = this.#parts
    const most = this.#window.size + Math.max(this.#pace.size - this.#underWay(), 0)
    while (this.#cursor < entries.bound && this.#window.size < Math.min(most, inFlight)) {
      const room = Math.min(most - this.#window.size, inFlight - this.#window.size, READ_AT_ONCE)
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

  readonly #goneAt = (flight: Flight): number =>
    goneAt(flight, this.#proofs.get(this.#parts.entries.epochOf(flight.n).epoch))

  /** How many may still arrive of what has not. */
  #underWay(): number {
    const now = this.#parts.clock.now()
    let count = 0
    for (const flight of this.#window.values()) {
      if (flight.state !== 'lost' && !flight.settled && this.#goneAt(flight) > now) count++
    }
    return count
  }

  #giveUp(): void {
    this.#session++
    this.#inTransit = 0
    this.#retryAt = 0
    for (const flight of this.#window.values()) flight.state = 'lost'
    this.#idle?.()
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
    const flight = sendOf({ n, bytes: payload.length, order: ++this.#order, now }, this.#window.get(n), this.#goneAt)
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
    if (taken) {
      flight.taken = true
      this.#failures = 0
    } else {
      flight.attempts--
      this.refuse()
    }
    if (flight.settled || (taken && this.#parts.numbering.covers(flight.n))) this.#settle(flight)
    if (this.#inTransit === 0) this.#idle?.()
    if (full || this.#inTransit === 0 || this.#removable.length > 0 || !taken) this.#parts.wake()
  }

  #settle(flight: Flight): void {
    flight.settled = true
    if (flight.taken && flight.state !== 'pending') this.#removable.push(flight.n)
  }
}
