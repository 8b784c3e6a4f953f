// Keeps a connection up: opens one, and when it is over waits a little and opens another. Each is a new object; what was
// said on the last is not this file's business. Not for: what is said on it (publisher.ts, consumer.ts).
import type { Clock } from '../../../component.ts'
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'
import { Backoff } from './backoff.ts'
import type { Connection } from './connection.ts'

export interface ReconnectorOptions {
  /** Aborted when nobody wants it any more. */
  open(signal: AbortSignal): Promise<Connection>
  /** A connection is open; must not throw. */
  entered(connection: Connection): void
  /** A try failed, or a connection ended without our wish. */
  left?(why: DaybookError): void
  clock: Clock
  random: () => number
}

export class Reconnector {
  readonly #options: ReconnectorOptions
  readonly #stop = new AbortController()
  #life: Promise<void> | undefined
  #connection: Connection | undefined
  readonly #firstTry = Promise.withResolvers<void>()
  /** Connections so far. */
  connections = 0
  /** Why there is no connection, after a try. */
  trouble: DaybookError | undefined

  constructor(options: ReconnectorOptions) {
    this.#options = options
  }

  /** The open connection. */
  get connection(): Connection | undefined {
    return this.#connection?.isOpen ? this.#connection : undefined
  }

  /** Resolves after the first try, whatever came of it, or with the end. */
  get tried(): Promise<void> {
    return this.#firstTry.promise
  }

  start(): void {
    this.#life ??= this.#live()
  }

  /** DISCONNECT, and no further try; resolves when it is closed. Safe before start, safe twice. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#firstTry.resolve()
    await this.#connection?.end()
    await this.#life
  }

  async #live(): Promise<void> {
    const { clock, random, open, entered, left } = this.#options
    const { signal } = this.#stop
    const backoff = new Backoff(random)
    while (!signal.aborted) {
      let since = Number.POSITIVE_INFINITY
      try {
        const connection = await open(signal)
        if (signal.aborted) return connection.end()
        since = clock.now()
        this.#connection = connection
        this.connections++
        this.trouble = undefined
        entered(connection)
        this.#firstTry.resolve()
        this.trouble = new DaybookError('bus_unavailable', await connection.closed)
      } catch (error) {
        this.trouble = asDaybookError(error)
        this.#firstTry.resolve()
      }
      this.#connection = undefined
      if (signal.aborted) return
      left?.(this.trouble)
      await clock.sleep(backoff.next(this.trouble, Math.max(0, clock.now() - since)), signal)
    }
  }
}
