// One commit: events in, books written, all in one transaction, tried again on conflicts, and certain about its end even
// when the line breaks during COMMIT. Not for: connections (writer.ts), or what belongs in a batch (pipeline/persist.ts).
import pg from 'pg'
import type { Logger } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import type { Appended } from '../activity-store.ts'
import type { Books } from '../storage.ts'
import { copy, insert, sortedUnique } from './append.ts'
import { translateError } from './connection.ts'
import { bookBatch, keepRejected } from './ledger-writes.ts'
import type { Partitions } from './partitions.ts'
import type { Watermarks } from './watermarks.ts'
import type { Writer } from './writer.ts'

export interface CommitOptions {
  writer: Writer
  space: string
  partitions: Partitions
  marks: Watermarks
  log: Logger
}

export interface Committed {
  appended: Appended
  receipts: Map<string, Receipt[]>
}

export type Commit = (events: readonly ActivityEvent[], book: (appended: Appended) => Books) => Promise<Committed>

const ATTEMPTS = 8

/** From so many on COPY is faster than INSERT, although it cannot be pipelined. */
const COPY_FROM = 24

export function createCommit({ writer, space, partitions, marks, log }: CommitOptions): Commit {
  return (events, book) => {
    const sorted = sortedUnique(events)
    return writer.next(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(sorted, book)
        } catch (thrown) {
          if (thrown instanceof Again) continue
          const error = translateError(thrown)
          if (error.code !== 'database_conflict' || attempt >= ATTEMPTS) throw error
          log.debug({ attempt, reason: error.detail }, 'a transaction met another, trying again')
        }
      }
    })
  }

  async function once(sorted: ActivityEvent[], book: (appended: Appended) => Books): Promise<Committed> {
    const quick = await writer.line('quick')
    await partitions.ensure(
      quick,
      sorted.map((event) => event.timestamp),
    )
    await marks.load(quick, space, sorted)
    const fresh = sorted.filter((event) => marks.isFresh(event))
    const copied = fresh.length >= COPY_FROM ? fresh : []
    const inserted = copied.length > 0 ? sorted.filter((event) => !marks.isFresh(event)) : sorted
    const client = copied.length > 0 ? await writer.line('bulk') : quick

    try {
      const { appended, xid } = await append(client, copied, inserted)
      const { settlements, rejected } = book(appended)
      // Sent together where the lane allows it; a failure of any leaves COMMIT nothing but to roll back.
      const [booked, , ended] = await Promise.all([
        bookBatch(client, space, settlements, appended),
        keepRejected(client, space, rejected),
        commit(client, xid),
      ])
      if (ended !== 'COMMIT') throw new Error(`COMMIT ended as ${ended}`)
      for (const { producer, epoch, lastSeq, whole } of booked.outboxes) marks.settled(producer, epoch, lastSeq, whole)
      return { appended, receipts: booked.receipts }
    } catch (error) {
      await rollback(client)
      throw error
    }
  }

  async function append(client: pg.Client, copied: readonly ActivityEvent[], inserted: readonly ActivityEvent[]) {
    const beginning = begin(client)
    // Waiting for it too, so that its failure is not an unhandled one; COPY needs its number.
    const adding = inserted.length > 0 ? insert(client, inserted) : Promise.resolve([])
    try {
      const [{ number, xid }, ids] = await Promise.all([beginning, adding])
      if (copied.length > 0) await copy(client, number, copied)
      const stored = new Set([...ids, ...copied.map((event) => event.id)])
      const known = new Set(inserted.map((event) => event.id).filter((id) => !stored.has(id)))
      return { appended: { batch: number, stored, known }, xid }
    } catch (error) {
      await Promise.allSettled([beginning, adding])
      if (!(error instanceof pg.DatabaseError)) throw error
      if (error.code === '23505' && copied.length > 0) {
        marks.distrust(copied)
        throw new Again()
      }
      // The table has no check of its own: 23514 says that a partition is gone.
      if (error.code === '23514') {
        partitions.forget()
        throw new Again()
      }
      throw error
    }
  }

  /** COMMIT; when the line breaks meanwhile, asks on a new one how it ended, so that nothing is counted twice. */
  async function commit(client: pg.Client, xid: string): Promise<string> {
    try {
      return (await client.query('commit')).command
    } catch (error) {
      if (translateError(error).code !== 'database_unavailable') throw error
      writer.drop(client)
      const again = await writer.line('quick')
      const { rows } = await again.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [xid])
      if (rows[0]?.status !== 'committed') throw error
      return 'COMMIT'
    }
  }

  async function rollback(client: pg.Client): Promise<void> {
    await client.query('rollback').catch(() => writer.drop(client))
  }
}

/** The transaction is lost for a reason that is dealt with. */
class Again extends Error {}

/**
 * Begins, and takes the batch number under a lock that is held only for that: so numbers and transaction ids ascend
 * together, and a reader that stops below the oldest running transaction passes over no batch. One round trip.
 */
async function begin(client: pg.Client): Promise<{ number: number; xid: string }> {
  const results = (await client.query(`
    begin;
    select pg_advisory_lock(hashtext('daybook batch'));
    select pg_current_xact_id()::text as xid, nextval('batch_numbers') as number;
    select pg_advisory_unlock(hashtext('daybook batch'))`)) as unknown as pg.QueryResult[]
  return results[2]?.rows[0]
}
