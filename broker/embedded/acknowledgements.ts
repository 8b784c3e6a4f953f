// One connection's acknowledgements: they leave in the order in which the messages arrived [MQTT-4.6.0-2], whatever
// order those are settled in, and all that are due in one write. Not for: deciding when a message is settled.
import { createHash } from 'node:crypto'
import type { Publish } from './frames.ts'
import { Violation } from './framing.ts'
import type { Incoming } from './incoming.ts'

/** Repetitions hold no bytes, so they are bounded by number: every packet id twice. */
const MOST_OWED = 2 * 65_535
const PUBACK = 0x40
const PUBREC = 0x50

/** One owed acknowledgement. */
type Owed = Pick<Incoming, 'packetId' | 'qos' | 'settled'>

/**
 * The QoS 2 messages of a session that are settled and not yet released: packet id to digest. A repetition is
 * acknowledged and not taken again [MQTT-4.3.3-2].
 */
export type Received = Map<number, string>

export class Acknowledgements {
  readonly #send: (bytes: Buffer) => void
  readonly #received: Received
  readonly #waiting = new Map<number, Incoming>()
  #owed: Owed[] = []
  #scheduled = false

  constructor(received: Received, send: (bytes: Buffer) => void) {
    this.#received = received
    this.#send = send
  }

  /** Owes an acknowledgement for the message. */
  owe(message: Incoming): void {
    this.#waiting.set(message.packetId, message)
    this.#owed.push(message)
  }

  /**
   * True when this publish repeats one that is being taken or was taken: it gets its own acknowledgement with that one
   * and is not taken again. Throws a Violation when there is no end of them. The same id with other content is a client's mistake that must not cost a message.
   */
  joins(publish: Publish): boolean {
    const { packetId, qos } = publish
    if (this.#owed.length >= MOST_OWED) throw new Violation('too many repetitions')
    const twin = this.#waiting.get(packetId)
    if (twin && twin.qos === qos && twin.topic === publish.topic && twin.payload.equals(publish.payload)) {
      this.#owed.push(twin)
      return true
    }
    if (qos !== 2 || !this.#received.has(packetId) || this.#received.get(packetId) !== digest(publish)) return false
    this.#owed.push({ packetId, qos, settled: true })
    this.#schedule()
    return true
  }

  settled(message: Incoming): void {
    if (message.qos === 2) this.#received.set(message.packetId, digest(message))
    this.#schedule()
  }

  /** PUBREL: the id may be used for a new message. */
  release(packetId: number): void {
    this.#received.delete(packetId)
  }

  /** At the end of this turn: a commit settles thousands at once. */
  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    let due = 0
    while (due < this.#owed.length && this.#owed[due]?.settled) due++
    if (due === 0) return
    const bytes = Buffer.allocUnsafe(4 * due)
    for (let i = 0; i < due; i++) {
      const { packetId, qos } = this.#owed[i] as Owed
      bytes[4 * i] = qos === 2 ? PUBREC : PUBACK
      bytes[4 * i + 1] = 2
      bytes.writeUInt16BE(packetId, 4 * i + 2)
      if (this.#waiting.get(packetId)?.settled) this.#waiting.delete(packetId)
    }
    this.#owed = due === this.#owed.length ? [] : this.#owed.slice(due)
    this.#send(bytes)
  }
}

function digest({ topic, payload }: { topic: string; payload: Buffer }): string {
  return createHash('sha1').update(topic).update('\0').update(payload).digest('base64')
}
