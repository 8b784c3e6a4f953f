// A world around an outbox for tests: a clock that moves only when told, and a line that loses, delays, doubles and
// reorders by dice, with the model's pipeline at its other end. Not for: what the outbox should do about it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { BridgeStatus, Receipt } from '../../schemas/delivery.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import { LedgerModel, type SentEvent } from './outbox.model.ts'
import type { OutboxTransport } from './transport.ts'
import type { Upload } from './uploads.ts'

/** Lets everything that waits on promises run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** A clock that moves when told; whatever is due happens on the way, in order. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000
  #due: { at: number; run: () => void }[] = []

  now(): number {
    return this.#now
  }

  at(delay: number, run: () => void): void {
    this.#due.push({ at: this.#now + delay, run })
  }

  /** What waits goes on waiting as long as it would have. */
  setBack(ms: number): void {
    this.#now -= ms
    for (const one of this.#due) one.at -= ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      this.at(ms, resolve)
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (;;) {
      const next = Math.min(...this.#due.map(({ at }) => at))
      if (next > end) break
      this.#now = Math.max(next, this.#now)
      const due = this.#due.filter(({ at }) => at <= this.#now)
      this.#due = this.#due.filter(({ at }) => at > this.#now)
      for (const { run } of due) run()
      await settle()
    }
    this.#now = end
  }
}

/** What may go wrong with a message, each a chance from 0 to 1. */
export interface Faults {
  /** It never arrives and is refused. */
  lost: number
  /** It arrives and is refused all the same. */
  unanswered: number
  /** It never arrives and is acknowledged all the same: a foreign broker died. */
  swallowed: number
  doubled: number
  /** It takes up to 20 s instead of 5 ms, and others overtake it. */
  slow: number
  receiptLost: number
  /** An upload fails, or is done and says that it failed. */
  uploadFails: number
}

export const noFaults: Faults = {
  lost: 0,
  unanswered: 0,
  swallowed: 0,
  doubled: 0,
  slow: 0,
  receiptLost: 0,
  uploadFails: 0,
}

/** What nobody refers to is removed from a store so long after it was put. */
const SWEPT_AFTER_MS = 72 * 3_600_000

type Listener = (message: { topic: string; payload: Buffer }) => void

/** The line of one life of the outbox: when it is cut, nothing passes any more. */
export interface Line extends OutboxTransport {
  cut(): void
  /** What was unanswered is refused, and a new connection begins. */
  reconnect(sessionKept: boolean): void
}

/** Broker and pipeline as seen by one producer. */
export class World {
  ledger = new LedgerModel()
  faults = noFaults
  /** Every publish of an event, in order. */
  readonly sends: SentEvent[] = []
  /** Those of them that arrived. */
  readonly arrivals: SentEvent[] = []
  readonly statuses: BridgeStatus[] = []
  /** Uploads and first sends in the order in which they were done, as `put <id>` and `send <id>`. */
  readonly trail: string[] = []
  /** Events that arrived when a payload of theirs was not in the store, or about to be swept. */
  readonly dangling: string[] = []
  /** Refuses every upload while it is set. */
  uploadError: DaybookError | undefined
  /** Where uploads end up. */
  storage: ContentRef['storage'] = 'fs'
  /** When each object was last put, epoch ms. */
  readonly store = new Map<string, number>()
  readonly clock: ManualClock
  readonly #topics: Topics
  readonly #producer: string
  readonly #dice: () => number
  #retained: Buffer | undefined
  #listeners = new Set<Listener>()

  constructor(clock: ManualClock, topics: Topics, producer: string, dice: () => number = () => 0.5) {
    this.clock = clock
    this.#topics = topics
    this.#producer = producer
    this.#dice = dice
  }

  /** The pipeline comes back with these books and says where it stands. */
  restart(ledger: LedgerModel): void {
    this.ledger = ledger
    for (const receipt of ledger.receipts()) this.#tell(receipt)
  }

  /** The pipeline found that a payload is not there. */
  miss(id: string): void {
    this.store.delete(id)
    const about = { code: 'object_missing', message: 'Not there.', producer: this.#producer, storage: 'fs' }
    this.say(this.#topics.rejected(this.#producer), {
      ...about,
      ...{ id: 'a', objectId: id, asked: 1, askedAt: this.clock.now() },
    })
  }

  /** The house publishes something. */
  say(topic: string, message: object): void {
    const payload = Buffer.from(JSON.stringify(message))
    for (const listener of this.#listeners) listener({ topic, payload })
  }

  readonly upload: Upload = (payload, signal) => {
    const { id, size, mediaType, file } = payload
    return new Promise((resolve, reject) => {
      const fail = (error = new DaybookError('objects_unavailable')) => reject(error)
      signal.addEventListener('abort', () => fail())
      this.clock.at(this.#delay(), () => {
        if (signal.aborted) return
        if (this.uploadError) return fail(this.uploadError)
        if (this.#dice() < this.faults.uploadFails) return fail()
        if (createHash('sha256').update(readFileSync(file)).digest('hex') !== id)
          return fail(new DaybookError('object_damaged'))
        this.store.set(id, this.clock.now())
        this.trail.push(`put ${id}`)
        if (this.#dice() < this.faults.uploadFails) return fail()
        resolve({ storage: this.storage, id, size, mediaType })
      })
    })
  }

  connect(): Line {
    const connected = new Set<(about: { sessionKept: boolean }) => void>()
    let unanswered = new Set<(error: Error) => void>()
    const own = new Set<Listener>()
    let open = true
    let session = 0
    return {
      publish: (topic, payload) => {
        const text = payload.toString()
        if (topic !== this.#topics.status(this.#producer)) this.#note(JSON.parse(text))
        const begun = session
        const alive = () => open && begun === session
        return new Promise<undefined>((resolve, reject) => {
          unanswered.add(reject)
          this.#carry(topic, text, alive, resolve, reject)
        })
      },
      subscribe: async (filter, listener) => {
        const guarded: Listener = (message) => open && message.topic === filter && listener(message)
        own.add(guarded)
        this.#listeners.add(guarded)
        if (this.#retained) guarded({ topic: this.#topics.receipt(this.#producer), payload: this.#retained })
        return () => void this.#listeners.delete(guarded)
      },
      onConnection: (listener) => {
        connected.add(listener)
        return () => void connected.delete(listener)
      },
      reconnect: (sessionKept) => {
        session++
        for (const refuse of unanswered) refuse(new Error('connection closed'))
        unanswered = new Set()
        this.clock.at(1, () => {
          if (open) for (const listener of connected) listener({ sessionKept })
        })
      },
      cut: () => {
        open = false
        for (const listener of own) this.#listeners.delete(listener)
      },
    }
  }

  #carry(
    topic: string,
    text: string,
    alive: () => boolean,
    resolve: (value: undefined) => void,
    reject: (error: Error) => void,
  ) {
    const { lost, unanswered, swallowed, doubled } = this.faults
    const refuse = () => alive() && reject(new Error('connection closed'))
    if (this.#dice() < lost) return this.clock.at(this.#delay(), refuse)
    if (this.#dice() < swallowed) return this.clock.at(this.#delay(), () => alive() && resolve(undefined))
    const silent = this.#dice() < unanswered
    if (this.#dice() < doubled) this.clock.at(this.#delay(), () => alive() && this.#arrive(topic, text))
    this.clock.at(this.#delay(), () => {
      if (!alive()) return
      this.#arrive(topic, text)
      if (silent) refuse()
      else resolve(undefined)
    })
  }

  #arrive(topic: string, text: string): void {
    const message: unknown = JSON.parse(text)
    const isStatus = topic === this.#topics.status(this.#producer)
    if (isStatus) this.statuses.push(message as BridgeStatus)
    else this.#look(message as SentEvent)
    const receipt = isStatus ? this.ledger.hear(message as BridgeStatus) : this.ledger.receive(message as SentEvent)
    if (receipt) this.#tell(receipt)
  }

  #note(event: SentEvent): void {
    this.sends.push(event)
    this.trail.push(`send ${event.id}`)
  }

  #look(event: SentEvent): void {
    this.arrivals.push(event)
    const alive = this.clock.now() - SWEPT_AFTER_MS
    const safe = (event.attachments ?? []).every(({ id }) => (this.store.get(id) ?? 0) > alive)
    if (!safe) this.dangling.push(event.id)
  }

  #tell(receipt: Receipt): void {
    const payload = Buffer.from(JSON.stringify(receipt))
    this.#retained = payload
    const message = { topic: this.#topics.receipt(this.#producer), payload }
    for (const listener of this.#listeners) {
      if (this.#dice() < this.faults.receiptLost) continue
      this.clock.at(this.#delay(), () => listener(message))
      if (this.#dice() < this.faults.doubled) this.clock.at(this.#delay(), () => listener(message))
    }
  }

  #delay(): number {
    return this.#dice() < this.faults.slow ? Math.floor(this.#dice() * 20_000) : 5
  }
}
