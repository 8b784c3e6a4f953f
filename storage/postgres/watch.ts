// Tells listeners, here and in other processes, that there is something new: one NOTIFY on a connection of its own, at
// most 20 times a second and never inside an ingest transaction (a NOTIFY there serialises all commits). Lossy by
// design: whoever listens also polls. Not for: what is new, which the arrival cursor says.
import type pg from 'pg'
import type { Clock, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { connect } from './connection.ts'

const CHANNEL = 'daybook_committed'
const EVERY_MS = 50

export class Watch {
  #listeners = new Set<() => void>()
  #client: pg.Client | null = null
  #due = false
  #timer: NodeJS.Timeout | null = null
  #closed = false

  readonly #url: string
  readonly #clock: Clock
  readonly #log: Logger
  readonly #signal: AbortSignal

  constructor(options: { url: string; clock: Clock; log: Logger; signal: AbortSignal }) {
    this.#url = options.url
    this.#clock = options.clock
    this.#log = options.log
    this.#signal = options.signal
  }

  async open(): Promise<void> {
    const client = await connect(this.#url, { application: 'daybook watch' }, () => this.#reopen(client))
    client.on('notification', () => this.#tell())
    try {
      // A NOTIFY is a transaction with a flush of its own, which the writer's commits would wait behind.
      await client.query(`set synchronous_commit = off; listen ${CHANNEL}`)
      if (this.#closed) throw new DaybookError('shutting_down')
    } catch (error) {
      client.end().catch(() => {})
      throw error
    }
    this.#client = client
  }

  add(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** After a commit. */
  committed(): void {
    this.#due = true
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      if (!this.#due || this.#closed) return
      this.#due = false
      // The notification comes back to us as well, so there is one way in for ours and for others' commits.
      this.#client?.query(`notify ${CHANNEL}`).catch(() => {})
    }, EVERY_MS)
  }

  async close(): Promise<void> {
    this.#closed = true
    if (this.#timer) clearTimeout(this.#timer)
    await this.#client?.end().catch(() => {})
    this.#client = null
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }

  async #reopen(broken: pg.Client): Promise<void> {
    if (this.#closed || this.#client !== broken) return
    this.#client = null
    broken.end().catch(() => {})
    for (let wait = 500; !this.#closed; wait = Math.min(wait * 2, 10_000)) {
      await this.#clock.sleep(wait, this.#signal)
      if (this.#signal.aborted) return
      try {
        await this.open()
        return this.#tell()
      } catch (error) {
        this.#log.debug({ reason: (error as Error).message }, 'cannot listen for commits yet')
      }
    }
  }
}
