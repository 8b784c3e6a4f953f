// The one connection pair that writes, and its turn-taking: every commit waits for the one before. Opens lines when
// needed, drops broken ones. Not for: what a transaction does (commit.ts).
import { randomInt } from 'node:crypto'
import type pg from 'pg'
import type { Clock, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { connect, translateError } from './connection.ts'

/**
 * `quick` sends its statements without waiting for each answer, which halves the time of a small batch; it cannot COPY,
 * which `bulk` is for.
 */
export type Lane = 'quick' | 'bulk'

export interface WriterOptions {
  url: string
  log: Logger
  clock: Clock
  signal: AbortSignal
}

const ASK_AGAIN_MS = 200

export class Writer {
  /** A lock that each of this writer's transactions holds: whoever gets it knows that the last one has ended. */
  readonly key = randomInt(2 ** 47)
  readonly #options: WriterOptions
  #lines = new Map<Lane, pg.Client>()
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  /** Runs `work` when all work before is done. */
  next<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(work)
    this.#turn = mine.catch(() => {})
    return mine
  }

  async line(lane: Lane): Promise<pg.Client> {
    if (this.#closed) throw new DaybookError('shutting_down')
    const open = this.#lines.get(lane)
    if (open) return open
    const settings = { application: 'daybook writer', pipeline: lane === 'quick' }
    const { url, log } = this.#options
    const client = await connect(url, settings, (error) => {
      log.warn({ lane, reason: error.message }, 'a connection that writes broke')
      this.drop(client)
    })
    this.#lines.set(lane, client)
    return client
  }

  /**
   * How a transaction ended whose line broke: asked on a new line once the old transaction is over, and as often as it
   * takes while the database is away. Rejects when the house stops.
   */
  async learn<T>(question: (client: pg.Client) => Promise<T>): Promise<T> {
    const { log, clock, signal } = this.#options
    for (let asked = 1; ; asked++) {
      let client: pg.Client | undefined
      try {
        client = await this.line('quick')
        await client.query('select pg_advisory_xact_lock($1)', [this.key])
        return await question(client)
      } catch (thrown) {
        if (client) this.drop(client)
        const error = translateError(thrown)
        if (error.code !== 'database_unavailable' || signal.aborted) throw error
        if (asked === 1) log.warn({ reason: error.detail }, 'how a commit ended is not known yet, asking again')
        await clock.sleep(ASK_AGAIN_MS, signal)
      }
    }
  }

  /** For a line in an unknown state: the next use opens a new one. */
  drop(client: pg.Client): void {
    for (const [lane, open] of this.#lines) if (open === client) this.#lines.delete(lane)
    client.end().catch(() => {})
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await Promise.all([...this.#lines.values()].map((client) => client.end().catch(() => {})))
    this.#lines.clear()
  }
}
