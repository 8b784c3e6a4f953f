// One commit: events in, books written, all in one transaction, tried again on conflicts, and certain about its end even
// when the line breaks during COMMIT. Not for: connections (writer.ts), or what belongs in a batch (pipeline/persist.ts).
import pg from 'pg'
import type { Logger } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import { idTime } from '../../schemas/ids.ts'
import type { Appended } from '../activity-store.ts'
import type { Books, InlinePayload, Storage } from '../storage.ts'
import { copy, FEW, insertNew, sortedUnique } from './append.ts'
import { commitAtOnce, isForAtOnce, numbering } from './at-once.ts'
import { leavesUnknown, onLine, translateError } from './connection.ts'
import { type Booked, bookBatch, keepRejected, readBooks } from './ledger-writes.ts'
import { keepPayloads, sortedPayloads } from './objects.ts'
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

type Book = Parameters<Storage['commit']>[1]

export type Commit = (
  events: readonly ActivityEvent[],
  book: Book,
  payloads?: readonly InlinePayload[],
) => Promise<Committed>

const ATTEMPTS = 8

export function createCommit({ writer, space, partitions, marks, log }: CommitOptions): Commit {
  return (events, book, payloads = []) => {
    const sorted = sortedUnique(events)
    const brought = sortedPayloads(payloads)
    return writer.next(async () => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await once(sorted, book, brought)
        } catch (thrown) {
          if (thrown instanceof Again && attempt < ATTEMPTS) continue
          const error = translateError(thrown instanceof Again ? thrown.cause : thrown)
          if (error.code !== 'database_conflict' || attempt >= ATTEMPTS) throw error
          log.debug({ attempt, reason: error.detail }, 'a transaction met another, trying again')
        }
      }
    })
  }

  async function once(sorted: ActivityEvent[], book: Book, payloads: InlinePayload[]): Promise<Committed> {
    const quick = await writer.line('quick')
    await partitions.ensure(
      quick,
      sorted.map((event) => idTime(event.id)),
    )
    await marks.load(quick, space, sorted)
    const fresh: ActivityEvent[] = []
    const others: ActivityEvent[] = []
    for (const event of sorted) (marks.isFresh(event) ? fresh : others).push(event)
    // COPY is faster for many, although it cannot be sent together with the rest.
    if (fresh.length >= FEW) {
      return inTransaction(await writer.line('bulk'), (client) =>
        step(client, { copied: fresh, others, payloads }, book),
      )
    }
    if (others.length === 0 && fresh.length > 0 && payloads.length === 0) {
      // All of it is new by its numbers, so the books are known beforehand.
      const appended = { stored: new Set(fresh.map((event) => event.id)), known: new Set<string>() }
      const { settlements, rejected } = book(appended)
      if (rejected.length === 0 && isForAtOnce(fresh, settlements)) {
        const { batch, receipts, outboxes } = await commitAtOnce(writer, space, fresh, settlements).catch(
          explain(fresh),
        )
        remember(outboxes)
        return { appended: { batch, ...appended }, receipts }
      }
    }
    return inTransaction(quick, (client) => step(client, { copied: [], others: sorted, payloads }, book))
  }

  async function inTransaction(client: pg.Client, work: (client: pg.Client) => Promise<Committed>): Promise<Committed> {
    try {
      return await work(client)
    } catch (error) {
      // The lock of the numbering outlives its transaction when it fails half-way.
      await client.query('rollback; select pg_advisory_unlock_all()').catch(() => writer.drop(client))
      throw error
    }
  }

  /** First what is stored, then the books of it. */
  async function step(client: pg.Client, { copied, others, payloads }: Incoming, book: Book): Promise<Committed> {
    const [begun, ids] = await onLine(client, [
      () => begin(client, writer.key),
      async () => (others.length > 0 ? insertNew(client, others) : []),
    ]).catch(explain(others))
    if (copied.length > 0) await copy(client, begun.number, copied).catch(explain(copied))
    const stored = new Set([...ids, ...copied.map((event) => event.id)])
    const appended = { stored, known: new Set(others.map((event) => event.id).filter((id) => !stored.has(id))) }
    const referring = payloads.length > 0 ? [...copied, ...others].filter(({ id }) => stored.has(id)) : []
    const needed = payloadsOf(referring, payloads)
    const booked = await end(client, { begun, stored, payloads: needed }, book(appended))
    return { appended: { batch: begun.number, ...appended }, receipts: booked.receipts }
  }

  /** Payloads, books and COMMIT: a failure of any leaves COMMIT but to roll back. */
  async function end(
    client: pg.Client,
    { begun, stored, payloads }: Stored,
    { settlements, rejected }: Books,
  ): Promise<Booked> {
    const booked = await onLine(client, [
      () => keepPayloads(client, space, payloads),
      () => bookBatch(client, space, settlements, stored),
      () => keepRejected(client, space, rejected),
      () => client.query('commit'),
    ]).then(
      ([, books, , { command }]) => {
        if (command !== 'COMMIT') throw new Error(`COMMIT ended as ${command}`)
        return books
      },
      async (error) => {
        if (!leavesUnknown(error)) throw error
        writer.drop(client)
        const books = await booksOf(begun, settlements).catch(() => null)
        if (!books) throw error
        return books
      },
    )
    remember(booked.outboxes)
    return booked
  }

  /**
   * Whether a transaction whose line broke was committed, so that nothing is counted twice: its books, or null. Its row
   * tells, not pg_xact_status: the number of one that a crash undid before anything of it was written is given out again.
   */
  function booksOf({ number, at }: Begun, settlements: Books['settlements']): Promise<Booked | null> {
    return writer.learn(async (client) => {
      const ours = 'select from batches where batch = $1 and committed_at = $2::timestamptz'
      const { rowCount } = await client.query(ours, [number, at])
      return rowCount === 1 ? readBooks(client, space, settlements) : null
    })
  }

  function remember(outboxes: Booked['outboxes']): void {
    for (const { producer, epoch, lastSeq, whole } of outboxes) marks.settled(producer, epoch, lastSeq, whole)
  }

  /** What an insert's failure means for the next attempt. */
  function explain(events: readonly ActivityEvent[]) {
    return (error: unknown): never => {
      if (!(error instanceof pg.DatabaseError)) throw error
      if (error.code === '23505') marks.distrust(events)
      // The table has no check of its own: 23514 says that a partition is gone.
      else if (error.code === '23514') partitions.forget()
      else throw error
      throw new Again('', { cause: error })
    }
  }
}

/** What a transaction is to store. */
interface Incoming {
  copied: readonly ActivityEvent[]
  others: readonly ActivityEvent[]
  payloads: readonly InlinePayload[]
}

interface Begun {
  number: number
  /** When it began, to the microsecond, as its row in `batches` has it. */
  at: string
}

interface Stored {
  begun: Begun
  stored: ReadonlySet<string>
  payloads: readonly InlinePayload[]
}

/** The transaction is lost for a reason that is dealt with. */
class Again extends Error {}

async function begin(client: pg.Client, key: number): Promise<Begun> {
  const text = `select pg_advisory_xact_lock($1), ${numbering}, now()::text as at`
  const [, { rows }] = await onLine(client, [
    () => client.query('begin'),
    () => client.query<Begun>({ name: 'number batch', text, values: [key] }),
  ])
  return rows[0] as Begun
}

/** What the stored ones refer to: a duplicate brings nothing, its payload may have moved long ago. */
function payloadsOf(events: readonly ActivityEvent[], payloads: readonly InlinePayload[]): readonly InlinePayload[] {
  const refs = events.flatMap(({ contentRef, attachments = [] }) => [
    ...(contentRef ? [contentRef] : []),
    ...attachments,
  ])
  const referred = new Set(refs.map(({ id }) => id))
  return payloads.filter(({ id }) => referred.has(id))
}
