// The unit of work: one transaction on a connection of its own, with a row in `batches`, tried again on conflicts, and
// certain about its end even when the line breaks during COMMIT. Not for: reads.
import pg from 'pg'
import type { Logger } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { UnitOfWork } from '../storage.ts'
import { append, NotFresh } from './append.ts'
import { connect, translateError } from './connection.ts'
import { keepRejected, settle } from './ledger-writes.ts'
import type { Partitions } from './partitions.ts'
import type { Watermarks } from './watermarks.ts'

export interface WriterOptions {
  url: string
  space: string
  log: Logger
  partitions: Partitions
  marks: Watermarks
}

const ATTEMPTS = 8

/** Serialises units of work; the second waits for the first. */
export class Writer {
  #options: WriterOptions
  #client: pg.Client | null = null
  #turn: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(options: WriterOptions) {
    this.#options = options
  }

  run<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => this.#retry(work))
    this.#turn = mine.catch(() => {})
    return mine
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    await this.#client?.end().catch(() => {})
    this.#client = null
  }

  async #retry<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#once(work)
      } catch (error) {
        if (error instanceof NotFresh) continue
        if (error instanceof MissingPartition) continue
        const known = translateError(error)
        if (known.code !== 'database_conflict' || attempt >= ATTEMPTS) throw known
        this.#options.log.debug({ attempt, reason: known.detail }, 'transaction met another, trying again')
      }
    }
  }

  async #once<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T> {
    const { space, marks, partitions } = this.#options
    const client = await this.#connected()
    const afterCommit: (() => void)[] = []
    const span = { min: null as string | null, max: null as string | null, rows: 0 }
    let batch: Batch | null = null
    const begun = async () => {
      batch ??= await begin(client)
      return batch
    }
    const unit: UnitOfWork = {
      activities: {
        append: async (events) => {
          // Partitions are made outside the transaction; a batch in known months does not get here.
          if (batch === null) await partitions.ensure(client, times(events))
          const { number } = await begun()
          const appended = await append(client, number, events, marks).catch((error) =>
            missingPartition(error, partitions),
          )
          for (const id of appended.stored) widen(span, id)
          return appended
        },
      },
      ledger: {
        settle: async (settlements) => {
          await begun()
          const booked = await settle(client, space, settlements)
          afterCommit.push(() => {
            for (const { producer, epoch, lastSeq, whole } of booked.outboxes)
              marks.settled(producer, epoch, lastSeq, whole)
          })
          return booked.receipts
        },
        keepRejected: async (messages) => {
          await begun()
          await keepRejected(client, space, messages)
        },
      },
    }
    try {
      const result = await work(unit)
      const { number, xid } = await begun()
      await client.query({
        name: 'insert batch',
        text: 'insert into batches (batch, space, min_id, max_id, rows) values ($1, $2, $3, $4, $5)',
        values: [number, space, span.min, span.max, span.rows],
      })
      await this.#end(client, xid)
      for (const effect of afterCommit) effect()
      return result
    } catch (error) {
      await this.#abandon(client)
      throw error
    }
  }

  /** COMMIT; when the line breaks meanwhile, asks on a new one how it ended, so that nothing is counted twice. */
  async #end(client: pg.Client, xid: string): Promise<void> {
    try {
      await client.query('commit')
    } catch (error) {
      if (translateError(error).code !== 'database_unavailable') throw error
      this.#client = null
      client.end().catch(() => {})
      const again = await this.#connected()
      const { rows } = await again.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [xid])
      if (rows[0]?.status !== 'committed') throw error
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#closed) throw new DaybookError('shutting_down')
    if (this.#client) return this.#client
    const { url, log } = this.#options
    const client = await connect(url, 'daybook writer', (error) => {
      log.warn({ reason: error.message }, 'the connection that writes broke')
      if (this.#client === client) this.#client = null
    })
    this.#client = client
    return client
  }

  async #abandon(client: pg.Client): Promise<void> {
    if (this.#client !== client) return
    await client.query('rollback').catch(() => {
      this.#client = null
      client.end().catch(() => {})
    })
  }
}

interface Batch {
  number: number
  xid: string
}

async function begin(client: pg.Client): Promise<Batch> {
  // One round trip: two statements in one simple query give two results.
  const results = (await client.query(
    `begin; select nextval('batch_numbers') as number, pg_current_xact_id()::text as xid`,
  )) as unknown as pg.QueryResult<Batch>[]
  const batch = results[1]?.rows[0]
  if (!batch) throw new DaybookError('internal', 'no batch number')
  return batch
}

class MissingPartition extends Error {}

/** A partition that we knew is gone (23514 here means just that: the table has no check of its own). */
function missingPartition(error: unknown, partitions: Partitions): never {
  if (!(error instanceof pg.DatabaseError) || error.code !== '23514') throw error
  partitions.forget()
  throw new MissingPartition()
}

function* times(events: readonly ActivityEvent[]): Iterable<number> {
  for (const event of events) yield event.timestamp
}

function widen(span: { min: string | null; max: string | null; rows: number }, id: string): void {
  if (span.min === null || id < span.min) span.min = id
  if (span.max === null || id > span.max) span.max = id
  span.rows++
}
