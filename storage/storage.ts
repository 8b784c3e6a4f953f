// Everything kept, as one part: the three interfaces and the unit of work that ties a batch to its books. Not for: SQL,
// which is in postgres/, or payloads, which are objects.
import type { Component } from '../component.ts'
import type { ActivityStore } from './activity-store.ts'
import type { Ledger } from './ledger.ts'
import type { Meaning } from './meaning.ts'
import type { Retained } from './retained.ts'

/** What one commit may touch. */
export interface UnitOfWork {
  activities: Pick<ActivityStore, 'append'>
  ledger: Pick<Ledger, 'settle' | 'keepRejected'>
}

/** The database as one part: what is kept there, and the transaction around a batch. */
export interface Storage extends Component {
  readonly activities: ActivityStore
  readonly ledger: Ledger
  readonly meaning: Meaning
  readonly retained: Retained
  /**
   * Runs `work` in one transaction and resolves after COMMIT. Either all of it is durable or none. Conflicts between
   * transactions (40P01, 40001) are tried again here; `work` must therefore be safe to run twice.
   */
  commit<T>(work: (unit: UnitOfWork) => Promise<T>): Promise<T>
  /** Told after commits, here and by other workers on the same database, at most 20 times a second; and never lossless. */
  watch(listener: () => void): () => void
  /** The database as a client would name it, and the read-only account for psql and Grafana (null: it has none). */
  urls(): { url: string; readonlyUrl: string | null }
}
