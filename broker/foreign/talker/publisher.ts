// Publishes over connections that come and go: what is unanswered when one ends is rejected, and the next begins with the
// last value of each retained topic, for a broker that was killed has forgotten them. Not for: listening (talker.ts).
import type { Clock } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Connection, PublishAs } from '../connection/connection.ts'
import { Reconnector } from '../connection/reconnector.ts'
import { SendWindow } from './send-window.ts'

export interface PublisherOptions {
  open(signal: AbortSignal): Promise<Connection>
  /** A connection is open, and the retained values are on their way; must not throw. */
  entered?(connection: Connection): void
  left?(why: DaybookError): void
  clock: Clock
  random: () => number
}

interface Value {
  payload: string | Buffer
  as: PublishAs
}

/** Far below the time after which a state expires (properties.ts). */
const REPEAT_MS = 24 * 60 * 60 * 1000

export class Publisher {
  readonly line: Reconnector
  readonly #clock: Clock
  readonly #stop = new AbortController()
  readonly #retained = new Map<string, Value>()
  #sending: SendWindow | undefined

  constructor(options: PublisherOptions) {
    const { open, entered, left, clock, random } = options
    this.#clock = clock
    const enter = (connection: Connection) => {
      this.#sending = new SendWindow(connection)
      for (const topic of this.#retained.keys()) this.#repeat(topic)
      entered?.(connection)
    }
    this.line = new Reconnector({ open, entered: enter, clock, random, ...(left && { left }) })
  }

  get unanswered(): number {
    return this.#sending?.unanswered ?? 0
  }

  get waiting(): number {
    return this.#sending?.waiting ?? 0
  }

  start(): void {
    this.line.start()
    void this.#refresh()
  }

  /**
   * In the order of the calls. Rejects with `bus_unavailable` at once while there is no connection, and when one ends
   * without an answer; the last value of a retained topic is said on the next one all the same.
   */
  async publish(topic: string, payload: string | Buffer, as: PublishAs): Promise<void> {
    if (this.#stop.signal.aborted) throw new DaybookError('shutting_down')
    const value = { payload, as }
    if (as.retain) {
      // In order of the last change.
      this.#retained.delete(topic)
      this.#retained.set(topic, value)
    }
    await this.#say(topic, value)
  }

  /** Another speaks for this topic from now on: its last value is not said again. */
  leave(topic: string): void {
    this.#retained.delete(topic)
  }

  /** Waits `ms` at most for what is unanswered, then DISCONNECT: no will is said. Safe before start, safe twice. */
  async stop(ms: number): Promise<void> {
    this.#stop.abort()
    const waited = new AbortController()
    await Promise.race([this.#sending?.idle(), this.#clock.sleep(ms, waited.signal)])
    waited.abort()
    await this.line.stop()
  }

  async #say(topic: string, value: Value): Promise<void> {
    if (!this.line.connection || !this.#sending) {
      throw this.line.trouble ?? new DaybookError('bus_unavailable', 'There is no connection yet.')
    }
    await this.#sending.publish(topic, value.payload, value.as)
    // What is cleared needs no more saying.
    if (value.payload.length === 0 && this.#retained.get(topic) === value) this.#retained.delete(topic)
  }

  #repeat(topic: string): void {
    const value = this.#retained.get(topic)
    // Who cannot say it now says it on the next connection.
    if (value) this.#say(topic, value).catch(() => {})
  }

  /** States expire unless they are repeated. */
  async #refresh(): Promise<void> {
    const { signal } = this.#stop
    for (;;) {
      await this.#clock.sleep(REPEAT_MS, signal)
      if (signal.aborted) return
      for (const [topic, { as }] of this.#retained) if (as.properties?.messageExpiryInterval) this.#repeat(topic)
    }
  }
}
