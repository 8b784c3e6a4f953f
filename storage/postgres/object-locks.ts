// Locks on objects that outlast transactions, over all processes: puts share one, a sweep or a move wants it alone. They
// are held by few sessions, however many puts there are. Not for: what is done under them (catalogue.ts, sweep.ts).
import type pg from 'pg'
import type { Clock, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { ObjectKey } from '../catalogue.ts'
import { connect } from './connection.ts'

export interface ObjectLocksOptions {
  url: string
  log: Logger
  clock: Clock
  signal: AbortSignal
}

/** Each holds the locks of any number of puts; more than one, so that they need not wait for each other's COMMIT. */
const SHARING = 3
/** A session never locks itself out, so who wants a lock alone needs another one. */
const ALONE = SHARING
const ASK_AGAIN_MS = 10

/** Of one object wherever it is named, so not of a space: stores share bytes between spaces. */
const lock = `hashtextextended('daybook object ' || $1 || ' ' || $2, 0)`

export class ObjectLocks {
  readonly #options: ObjectLocksOptions
  #lines = new Map<number, Promise<pg.Client>>()
  #next = 0
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: ObjectLocksOptions) {
    this.#options = options
  }

  /**
   * Runs `work` while nobody has the object alone. What it does on the client it is given, it does under the lock: if
   * the lock is lost, so is the client.
   */
  async sharing<T>({ storage, id }: ObjectKey, work: (client: pg.Client) => Promise<T>): Promise<T> {
    this.#next = (this.#next + 1) % SHARING
    const client = await this.#line(this.#next)
    const ask = {
      name: 'share object',
      text: `select pg_try_advisory_lock_shared(${lock}) as got`,
      values: [storage, id],
    }
    while (!(await client.query<{ got: boolean }>(ask)).rows[0]?.got) {
      if (this.#closed || this.#options.signal.aborted) throw new DaybookError('shutting_down')
      await this.#options.clock.sleep(ASK_AGAIN_MS, this.#options.signal)
    }
    try {
      return await work(client)
    } finally {
      await this.#unlock(client, `select pg_advisory_unlock_shared(${lock})`, [storage, id])
    }
  }

  /** Runs `work` while nobody else has the object at all; null, and it is not run, if somebody has. One at a time. */
  alone<T>({ storage, id }: ObjectKey, work: (client: pg.Client) => Promise<T>): Promise<T | null> {
    const mine = this.#turn.then(async () => {
      const client = await this.#line(ALONE)
      const ask = { name: 'take object', text: `select pg_try_advisory_lock(${lock}) as got`, values: [storage, id] }
      if (!(await client.query<{ got: boolean }>(ask)).rows[0]?.got) return null
      try {
        return await work(client)
      } finally {
        await this.#unlock(client, `rollback; select pg_advisory_unlock_all()`)
      }
    })
    this.#turn = mine.catch(() => {})
    return mine
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    const lines = await Promise.allSettled(this.#lines.values())
    await Promise.all(lines.map((line) => line.status === 'fulfilled' && line.value.end().catch(() => {})))
    this.#lines.clear()
  }

  /** A line that does not even unlock is broken: its end lets go of all that it holds. */
  async #unlock(client: pg.Client, text: string, values?: string[]): Promise<void> {
    await client.query(text, values).catch(() => void client.end().catch(() => {}))
  }

  #line(line: number): Promise<pg.Client> {
    if (this.#closed) return Promise.reject(new DaybookError('shutting_down'))
    const open = this.#lines.get(line)
    if (open) return open
    const { url, log } = this.#options
    // Another one may have come in its place.
    const forget = () => this.#lines.get(line) === opening && this.#lines.delete(line)
    const opening = connect(url, { application: 'daybook objects', pipeline: true }, (error) => {
      log.warn({ reason: error.message }, 'a connection that holds objects broke')
      forget()
    })
    this.#lines.set(line, opening)
    opening.then((client) => client.once('end', forget), forget)
    return opening
  }
}
