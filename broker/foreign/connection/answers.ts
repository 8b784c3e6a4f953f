// The answers that a connection waits for: by packet id (MQTT 3.1.1 and 5.0, 2.3.1 and 2.2.1), and to pings, which have none,
// in order. Not for: sending what they answer (connect.ts).
import type { Packet } from 'mqtt-packet'
import { DaybookError } from '../../../schemas/errors.ts'

interface Waiting {
  resolve(packet: Packet): void
  reject(error: DaybookError): void
}

const MOST = 65_535

export class Answers {
  readonly #waiting = new Map<number, Waiting>()
  #pings: Waiting[] = []
  #nextId = 1

  get pings(): number {
    return this.#pings.length
  }

  /** A packet id that nothing waits under. Throws `bus_unavailable` if there is none. */
  freeId(): number {
    if (this.#waiting.size >= MOST) throw new DaybookError('bus_unavailable', 'Too much waits for an answer.')
    while (this.#waiting.has(this.#nextId)) this.#nextId = (this.#nextId % MOST) + 1
    const id = this.#nextId
    this.#nextId = (id % MOST) + 1
    return id
  }

  /** Resolves with the answer, rejects with `broker_refused`, or with why no answer comes any more. */
  to(id: number): Promise<Packet> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  toPing(): Promise<Packet> {
    return new Promise((resolve, reject) => this.#pings.push({ resolve, reject }))
  }

  take(packet: Packet): void {
    if (packet.cmd === 'pingresp') {
      this.#pings.shift()?.resolve(packet)
      return
    }
    const { messageId = 0, reasonCode = 0 } = packet as { messageId?: number; reasonCode?: number }
    const waiting = this.#waiting.get(messageId)
    this.#waiting.delete(messageId)
    if (reasonCode < 0x80) waiting?.resolve(packet)
    else waiting?.reject(new DaybookError('broker_refused', `It does not take it: reason ${reasonCode}.`))
  }

  /** No more come. */
  end(why: DaybookError): void {
    for (const { reject } of [...this.#waiting.values(), ...this.#pings]) reject(why)
    this.#waiting.clear()
    this.#pings = []
  }
}
