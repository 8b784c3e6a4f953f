// One commit: events in, books written, all in one transaction, tried again on conflicts, and certain about its end even
// when the line breaks during COMMIT. Not for: connections (writer.ts), or what belongs in a batch (pipeline/persist.ts).
import pg from 'pg'
import type { Logger } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Receipt } from '../../schemas/delivery.ts'
import type { Appended } from '../activity-store.ts'
import type { Books, Storage } from '../storage.ts'
import { copy, FEW, insertNew, sortedUnique } from './append.ts'
import { commitAtOnce, isForAtOnce, numbering } from './at-once.ts'
import { translateError } from './connection.ts'
import { type Booked, bookBatch, keepRejected } from './ledger-writes.ts'
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

export type Commit = (events: readonly ActivityEvent[], book: Book) => Promise<Committed>

const ATTEMPTS = 8

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

  async function once(sorted: ActivityEvent[], book: Book): Promise<Committed> {
    const quick = await writer.line('quick')
    await partitions.ensure(
      quick,
      sorted.map((event) => event.timestamp),
    )
    await marks.load(quick, space, sorted)
    const fresh = sorted.filter((event) => marks.isFresh(event))
    // COPY is faster for many, although it cannot be sent together with the rest.
    if (fresh.length >= FEW) {
      const others = sorted.filter((event) => !marks.isFresh(event))
      return inTransaction(await writer.line('bulk'), (client) => step(client, fresh, others, book))
    }
    if (fresh.length === sorted.length && fresh.length > 0) {
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
    return inTransaction(quick, (client) => step(client, [], sorted, book))
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
  async function step(
    client: pg.Client,
    copied: readonly ActivityEvent[],
    others: readonly ActivityEvent[],
    book: Book,
  ): Promise<Committed> {
    const beginning = begin(client)
    const inserting = others.length > 0 ? insertNew(client, others) : Promise.resolve([])
    const [{ number }, ids] = await together(beginning, inserting).catch(explain(others))
    if (copied.length > 0) await copy(client, number, copied).catch(explain(copied))
    const stored = new Set([...ids, ...copied.map((event) => event.id)])
    const appended = { stored, known: new Set(others.map((event) => event.id).filter((id) => !stored.has(id))) }
    const booked = await end(client, beginning, book(appended), stored)
    return { appended: { batch: number, ...appended }, receipts: booked.receipts }
  }

  /** Books and COMMIT, sent together where the line allows it: a failure of any leaves COMMIT but to roll back. */
  async function end(
    client: pg.Client,
    begun: Promise<Begun>,
    { settlements, rejected }: Books,
    stored: ReadonlySet<string>,
  ) {
    const [booked, , ended] = await together(
      bookBatch(client, space, settlements, stored),
      keepRejected(client, space, rejected),
      commit(client, begun),
    )
    if (ended !== 'COMMIT') throw new Error(`COMMIT ended as ${ended}`)
    remember(booked.outboxes)
    return booked
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
      throw new Again()
    }
  }

  /** COMMIT; when the line breaks meanwhile, asks on a new one how it ended, so that nothing is counted twice. */
  async function commit(client: pg.Client, begun: Promise<Begun>): Promise<string> {
    try {
      return (await client.query('commit')).command
    } catch (error) {
      if (translateError(error).code !== 'database_unavailable') throw error
      // Answers come in order: without this one nothing after it was done.
      const { xid } = await begun
      writer.drop(client)
      const again = await writer.line('quick')
      const { rows } = await again.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [xid])
      if (rows[0]?.status !== 'committed') throw error
      return 'COMMIT'
    }
  }
}

interface Begun {
  number: number
  xid: string
}

/** The transaction is lost for a reason that is dealt with. */
class Again extends Error {}

async function begin(client: pg.Client): Promise<Begun> {
  const beginning = client.query('begin')
  const numbered = client.query<Begun>({ name: 'number batch', text: `select ${numbering}` })
  const [, { rows }] = await together(beginning, numbered)
  return rows[0] as Begun
}

/** As Promise.all, but waits for all of them: none of what was sent together may fail unheard. */
async function together<T extends readonly unknown[]>(...all: { [Index in keyof T]: Promise<T[Index]> }): Promise<T> {
  await Promise.allSettled(all)
  return Promise.all(all) as Promise<T>
}
