// Everything kept, as one part: the three interfaces and the unit of work that ties a batch to its books. Not for: SQL,
// which is in postgres/, or payloads, which are objects.
import type pg from 'pg'
import type { Component } from '../component.ts'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { Receipt } from '../schemas/delivery.ts'
import type { ActivityStore, Appended } from './activity-store.ts'
import type { Catalogue, ObjectEntry } from './catalogue.ts'
import type { Ledger, RejectedMessage, Settlement } from './ledger.ts'
import type { Meaning } from './meaning.ts'
import type { Retained } from './retained.ts'

/** What a batch books, decided from what was stored of it. */
export interface Books {
  settlements: readonly Settlement[]
  rejected: readonly RejectedMessage[]
}

/** A payload that is kept in the database, in the transaction of the batch that refers to it. */
export interface InlinePayload extends Omit<ObjectEntry, 'storage'> {
  bytes: Buffer
}

/** The database as one part: what is kept there, and the transaction around a batch. */
export interface Storage extends Component {
  readonly activities: ActivityStore
  readonly ledger: Ledger
  readonly meaning: Meaning
  readonly retained: Retained
  readonly catalogue: Catalogue
  /**
   * Appends the events, keeps those payloads that what is new of them refers to as `postgres` objects, and books what
   * became of them, in one transaction; resolves after COMMIT with the receipts of every outbox in it, by producer. Either
   * all of it is durable or none. Conflicts between transactions (40P01, 40001) are tried again here, so `book` may be
   * called more than once; it must be pure.
   */
  commit(
    events: readonly ActivityEvent[],
    book: (appended: Pick<Appended, 'stored' | 'known'>) => Books,
    payloads?: readonly InlinePayload[],
  ): Promise<Map<string, Receipt[]>>
  /** Told after commits, here and by other workers on the same database, at most 20 times a second; and never lossless. */
  watch(listener: () => void): () => void
  /** The connections, for what else is kept in this database: the bytes of objects. */
  pool(): pg.Pool
  /** The database as a client would name it, and the read-only account for psql and Grafana (null: it has none). */
  urls(): { url: string; readonlyUrl: string | null }
}
