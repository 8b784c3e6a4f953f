// The one connection pair that writes, and its turn-taking: every commit waits for the one before. Opens lines when
// needed, drops broken ones. Not for: what a transaction does (commit.ts).
import { randomInt } from 'node:crypto'
import type pg from 'pg'
import type { Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { connect } from './connection.ts'

/**
 * `quick` sends its statements without waiting for each answer, which halves the time of a small batch; it cannot COPY,
 * which `bulk` is for.
 */
export type Lane = 'quick' | 'bulk'

export class Writer {
  /** Names this writer's transactions to the server: whoever waits for it waits until the last one has ended. */
  readonly key = randomInt(2 ** 47)
  #url: string
  #log: Logger
  #lines = new Map<Lane, pg.Client>()
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(url: string, log: Logger) {
    this.#url = url
    this.#log = log
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
    const client = await connect(this.#url, settings, (error) => {
      this.#log.warn({ lane, reason: error.message }, 'a connection that writes broke')
      this.drop(client)
    })
    this.#lines.set(lane, client)
    return client
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
