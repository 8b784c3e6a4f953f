// A broker for tests that several outboxes share, as brokers are: it acknowledges from memory, keeps a bounded queue for
// the house, drops the rest without a word, and may forget what it likes when it is killed. Behind it stands the model of
// the pipeline. Not for: the dice of a single line (outbox.world.ts).
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import { LedgerModel } from './outbox.model.ts'
import type { ManualClock } from './outbox.world.ts'
import type { OutboxTransport } from './transport.ts'

/** What a broker still knows after it was killed: all, who its clients are but not what waited for them, or nothing. */
export type Kept = 'all' | 'sessions' | 'nothing'

interface Message {
  producer: string
  event: { id: string; epoch: string; seq: number }
  repeated: boolean
}

type Listener = (message: { topic: string; payload: Buffer }) => void

const TO_BROKER_MS = 2
const COMMIT_MS = 8
const RECEIPTS_MS = 20
const RECONNECT_MS = 300

export class SharedBroker {
  /** Of events: how many were published, and of which how often not for the first time; how many found the queue full. */
  readonly figures = { published: 0, repeated: 0, dropped: 0, droppedRepeated: 0, deepest: 0 }
  readonly ledgers = new Map<string, LedgerModel>()
  readonly lines = new Map<string, SharedLine>()
  readonly clock: ManualClock
  readonly topics: Topics
  readonly #queueLimit: number
  readonly #inFlight: number
  readonly #seen = new Set<string>()
  readonly #unsaid = new Set<string>()
  readonly #epochs = new Map<string, string>()
  #databaseAway = false
  /** What the broker holds for the house: the first `#inFlight` are with it. */
  #queue: Message[] = []
  #session = true
  #life = 0
  #up = true
  #committing = false

  constructor(clock: ManualClock, topics: Topics, { queue = 1_000, inFlight = 20 } = {}) {
    this.clock = clock
    this.topics = topics
    this.#queueLimit = queue + inFlight
    this.#inFlight = inFlight
  }

  get isUp(): boolean {
    return this.#up
  }

  set databaseAway(away: boolean) {
    this.#databaseAway = away
    this.#commit()
  }

  connect(producer: string): SharedLine {
    this.ledgers.set(producer, new LedgerModel())
    const line = new SharedLine(this, producer)
    this.lines.set(producer, line)
    return line
  }

  /** SIGKILL, and a new start a second later; everyone comes back in time, the house last. */
  kill(kept: Kept): void {
    const life = ++this.#life
    this.#up = false
    this.#committing = false
    if (kept !== 'all') this.#queue = []
    if (kept === 'nothing') this.#session = false
    for (const line of this.lines.values()) line.drop(1_000 + RECONNECT_MS, kept !== 'nothing')
    this.clock.at(1_000, () => {
      if (life === this.#life) this.#up = true
    })
    this.clock.at(1_000 + 2 * RECONNECT_MS, () => {
      if (life === this.#life) this.#houseConnects()
    })
  }

  /** A message has come from a line. */
  take(producer: string, topic: string, text: string): void {
    if (topic === this.topics.status(producer)) {
      this.#heed(producer, JSON.parse(text))
      return
    }
    const event = JSON.parse(text) as Message['event']
    const key = `${producer} ${event.epoch} ${event.seq}`
    const repeated = this.#seen.has(key)
    this.#seen.add(key)
    this.figures.published++
    if (repeated) this.figures.repeated++
    if (!this.#session) return
    if (this.#queue.length >= this.#queueLimit) {
      this.figures.dropped++
      if (repeated) this.figures.droppedRepeated++
      return
    }
    this.#queue.push({ producer, event, repeated })
    this.figures.deepest = Math.max(this.figures.deepest, this.#queue.length)
    this.#commit()
  }

  /** The last receipt, which the broker retains and the house repeats. */
  receipt(producer: string): Buffer | undefined {
    const epoch = this.#epochs.get(producer)
    const receipt = epoch && this.ledgers.get(producer)?.receipt(epoch)
    return receipt ? Buffer.from(JSON.stringify(receipt)) : undefined
  }

  #heed(producer: string, status: Parameters<LedgerModel['hear']>[0]): void {
    if (this.#databaseAway) return
    if (this.ledgers.get(producer)?.hear(status)) this.#say(producer)
  }

  #houseConnects(): void {
    if (!this.#session) {
      this.#session = true
      const topic = this.topics.command('resend')
      for (const line of this.lines.values()) line.hear(topic, Buffer.from('{}'))
    }
    for (const producer of this.#epochs.keys()) this.#say(producer)
    this.#commit()
  }

  #commit(): void {
    const batch = this.#queue.slice(0, this.#inFlight)
    if (this.#committing || this.#databaseAway || !this.#up || batch.length === 0) return
    const life = this.#life
    this.#committing = true
    this.clock.at(COMMIT_MS, () => {
      for (const { producer, event } of batch) {
        this.ledgers.get(producer)?.receive(event)
        this.#epochs.set(producer, event.epoch)
        this.#say(producer)
      }
      if (life !== this.#life) return
      this.#queue.splice(0, batch.length)
      this.#committing = false
      this.#commit()
    })
  }

  #say(producer: string): void {
    if (this.#unsaid.has(producer)) return
    this.#unsaid.add(producer)
    this.clock.at(RECEIPTS_MS, () => {
      this.#unsaid.delete(producer)
      const payload = this.receipt(producer)
      if (payload && this.#up) this.lines.get(producer)?.hear(this.topics.receipt(producer), payload)
    })
  }
}

/** A device's line to it. */
export class SharedLine implements OutboxTransport {
  readonly #broker: SharedBroker
  readonly #producer: string
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #connected = new Set<(about: { sessionKept: boolean }) => void>()
  #unanswered = new Set<() => void>()
  #connection = 1
  #up = true

  constructor(broker: SharedBroker, producer: string) {
    this.#broker = broker
    this.#producer = producer
  }

  publish(topic: string, payload: string | Buffer): Promise<undefined> {
    const { clock } = this.#broker
    const connection = this.#connection
    const alive = () => this.#up && connection === this.#connection
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new DaybookError('bus_unavailable'))
      if (!this.#up) return refuse()
      this.#unanswered.add(refuse)
      clock.at(TO_BROKER_MS, () => {
        if (!alive()) return
        this.#broker.take(this.#producer, topic, payload.toString())
        clock.at(TO_BROKER_MS, () => {
          if (!alive()) return
          this.#unanswered.delete(refuse)
          resolve(undefined)
        })
      })
    })
  }

  async subscribe(filter: string, listener: Listener): Promise<() => void> {
    const listeners = this.#listeners.get(filter) ?? new Set()
    this.#listeners.set(filter, listeners.add(listener))
    this.#repeatRetained()
    return () => void listeners.delete(listener)
  }

  onConnection(listener: (about: { sessionKept: boolean }) => void): () => void {
    this.#connected.add(listener)
    return () => void this.#connected.delete(listener)
  }

  /** Something that the house has published. */
  hear(topic: string, payload: Buffer): void {
    if (!this.#up) return
    for (const listener of this.#listeners.get(topic) ?? []) listener({ topic, payload })
  }

  /** The line breaks and comes back. */
  drop(awayMs: number, sessionKept: boolean): void {
    const connection = ++this.#connection
    this.#up = false
    for (const refuse of this.#unanswered) refuse()
    this.#unanswered = new Set()
    this.#broker.clock.at(awayMs, () => {
      if (connection !== this.#connection) return
      if (!this.#broker.isUp) return this.drop(RECONNECT_MS, sessionKept)
      this.#up = true
      for (const listener of this.#connected) listener({ sessionKept })
      this.#repeatRetained()
    })
  }

  #repeatRetained(): void {
    const payload = this.#broker.receipt(this.#producer)
    if (payload) this.hear(this.#broker.topics.receipt(this.#producer), payload)
  }
}
