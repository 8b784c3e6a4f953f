// What has come in over a session and is not settled: acknowledged in the order of arrival (MQTT 3.1.1 and 5.0, 4.6), all
// that is due in one write, and only on the connection that it came on. What an ended connection has left unsettled is
// known again when the broker sends it anew, so that a line that flaps while nothing can be stored fills no memory. Not
// for: connections coming back (consumer.ts).
import type { IPublishPacket } from 'mqtt-packet'
import type { Message } from '../../bus.ts'
import type { Connection } from '../connection/connection.ts'
import { fingerprint } from '../fingerprint.ts'

/** Until it is settled. */
export interface Arrival extends Message {
  readonly size: number
  isSettled: boolean
}

interface Place {
  /** Of the packet; 0: nobody waits for its acknowledgement. */
  id: number
  arrival: Arrival
}

type Line = Pick<Connection, 'isOpen' | 'acknowledge' | 'pause' | 'resume'>

/** What an arrival costs besides its bytes. */
const OVERHEAD = 300

export class Arrivals {
  readonly #mostBytes: number
  #connection: Line | undefined
  /** In order, of the connection that is; places before `#next` are done. */
  #places: Place[] = []
  #next = 0
  /** By fingerprint, in order: of connections that are over. */
  readonly #left = new Map<string, Arrival[]>()
  /** By id: what has no acknowledgement yet on the connection that is. */
  readonly #open = new Map<number, Arrival>()
  #isDue = false
  #isPaused = false
  #idle: (() => void)[] = []
  /** Not settled yet, whatever connection they came on. */
  count = 0
  bytes = 0
  /** Waiting for an acknowledgement at once, at most so far. */
  window = 0

  /** At so many unsettled bytes it stops reading. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** What comes from now on is of a new connection; what the last one left comes again, or never. */
  begin(): void {
    // A connection that was open has brought what is to come again.
    for (const [print, same] of this.#connection ? this.#left : []) {
      if (same.every(({ isSettled }) => isSettled)) this.#left.delete(print)
    }
    for (const { id, arrival } of this.#places.slice(this.#next)) {
      if (id === 0) continue
      const print = fingerprint(arrival.topic, arrival.payload)
      const same = this.#left.get(print)
      if (same) same.push(arrival)
      else this.#left.set(print, [arrival])
    }
    this.#connection = undefined
    this.#places = []
    this.#next = 0
    this.#open.clear()
    this.#isPaused = false
  }

  /** The connection is open; some may have come already. A session that is not kept sends nothing again. */
  opened(connection: Line, sessionKept: boolean): void {
    if (!sessionKept) this.#left.clear()
    this.#connection = connection
    this.#mind()
    this.#acknowledgeSoon()
  }

  /** The new arrival, or nothing if it is one that waits already. */
  add({ topic, payload, qos, retain, messageId = 0 }: IPublishPacket): Arrival | undefined {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
    const id = qos === 0 ? 0 : messageId
    // Some send again on the same line what waits too long (NATS, after its ack_wait): one acknowledgement answers both.
    const same = this.#open.get(id)
    if (same && same.topic === topic && same.payload.equals(bytes)) return undefined
    const known = this.#known(topic, bytes)
    const size = bytes.length + topic.length + OVERHEAD
    const arrival = known ?? { topic, payload: bytes, qos, retain, size, isSettled: false }
    this.#places.push({ id, arrival })
    if (id > 0) this.#open.set(id, arrival)
    this.window = Math.max(this.window, this.#open.size)
    if (known) {
      if (known.isSettled) this.#acknowledgeSoon()
      return undefined
    }
    this.count++
    this.bytes += size
    this.#mind()
    return arrival
  }

  /** Safe twice. */
  settle(arrival: Arrival): void {
    if (arrival.isSettled) return
    arrival.isSettled = true
    this.count--
    this.bytes -= arrival.size
    this.#mind()
    this.#acknowledgeSoon()
    if (this.count === 0) for (const wake of this.#idle.splice(0)) wake()
  }

  /** Waiting for their acknowledgement on the connection that is. */
  get unacknowledged(): number {
    return this.#open.size
  }

  /** Acknowledges what is settled and has nothing unsettled before it. */
  acknowledge(): void {
    this.#isDue = false
    // What cannot be acknowledged here is on the next one.
    if (!this.#connection?.isOpen) return
    const ids: number[] = []
    while (this.#places[this.#next]?.arrival.isSettled) {
      const { id } = this.#places[this.#next++] as Place
      if (id > 0) ids.push(id)
      this.#open.delete(id)
    }
    if (this.#next === this.#places.length || this.#next > 10_000) {
      this.#places = this.#places.slice(this.#next)
      this.#next = 0
    }
    this.#connection.acknowledge(ids)
  }

  /** Resolves when everything is settled. */
  async idle(): Promise<void> {
    if (this.count > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  #known(topic: string, payload: Buffer): Arrival | undefined {
    if (this.#left.size === 0) return undefined
    const print = fingerprint(topic, payload)
    const same = this.#left.get(print)
    const first = same?.shift()
    if (same?.length === 0) this.#left.delete(print)
    return first
  }

  /** Once for all that are settled in one turn. */
  #acknowledgeSoon(): void {
    if (this.#isDue) return
    this.#isDue = true
    queueMicrotask(() => this.acknowledge())
  }

  #mind(): void {
    if (!this.#connection) return
    if (!this.#isPaused && this.bytes > this.#mostBytes) {
      this.#isPaused = true
      this.#connection.pause()
    } else if (this.#isPaused && this.bytes < this.#mostBytes / 2) {
      this.#isPaused = false
      this.#connection.resume()
    }
  }
}
