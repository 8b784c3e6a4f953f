// What goes out on one connection: in order, and no more unanswered at once than the broker wants. It ends with its
// connection. Not for: saying anything again on the next one.
import { DaybookError } from '../../../schemas/errors.ts'
import type { Connection, PublishAs } from '../connection/connection.ts'

interface Waiting {
  send(): void
  fail(error: DaybookError): void
  bytes: number
}

/** A window of ours: more at once makes nothing faster, and is a lot to say again. */
const MOST_UNANSWERED = 1_000
const MOST_BYTES = 64 * 1024 * 1024
/** What one that waits costs besides its bytes. */
const OVERHEAD = 300

export class SendWindow {
  readonly #connection: Connection
  readonly #window: number
  #waiting: Waiting[] = []
  /** Place of the first in `#waiting`. */
  #first = 0
  #bytes = 0
  #unanswered = 0
  #idle: (() => void)[] = []

  constructor(connection: Connection) {
    this.#connection = connection
    this.#window = Math.min(connection.limits.window, MOST_UNANSWERED)
    void connection.closed.then((why) => this.#fail(why))
  }

  get unanswered(): number {
    return this.#unanswered
  }

  get waiting(): number {
    return this.#waiting.length - this.#first
  }

  /** As Connection.publish; beyond the window it waits its turn. Rejects with `bus_unavailable` if too much does. */
  async publish(topic: string, payload: string | Buffer, as: PublishAs): Promise<void> {
    const bytes = Buffer.byteLength(payload) + OVERHEAD
    if (this.#bytes + this.#connection.unsent + bytes > MOST_BYTES) {
      throw new DaybookError('bus_unavailable', 'It does not take what it is sent.')
    }
    if (this.waiting === 0 && this.#unanswered < this.#window) return this.#send(topic, payload, as)
    this.#bytes += bytes
    return new Promise((resolve, reject) => {
      const send = () => void this.#send(topic, payload, as).then(resolve, reject)
      this.#waiting.push({ send, fail: reject, bytes })
    })
  }

  /** Resolves once nothing waits, for a place or for an answer. */
  async idle(): Promise<void> {
    if (this.waiting > 0 || this.#unanswered > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  /** On the wire when it returns. */
  #send(topic: string, payload: string | Buffer, as: PublishAs): Promise<void> {
    const sent = this.#connection.publish(topic, payload, as)
    this.#unanswered++
    const answered = () => {
      this.#unanswered--
      this.#pump()
    }
    sent.then(answered, answered)
    return sent
  }

  #pump(): void {
    while (this.waiting > 0 && this.#unanswered < this.#window) {
      const next = this.#waiting[this.#first++] as Waiting
      this.#bytes -= next.bytes
      next.send()
    }
    if (this.#first === this.#waiting.length || this.#first > MOST_UNANSWERED) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    if (this.waiting > 0 || this.#unanswered > 0) return
    for (const idle of this.#idle.splice(0)) idle()
  }

  #fail(why: string): void {
    const gone = new DaybookError('bus_unavailable', why)
    const waiting = this.#waiting.slice(this.#first)
    this.#waiting = []
    this.#first = 0
    this.#bytes = 0
    for (const { fail } of waiting) fail(gone)
    this.#pump()
  }
}
