// The books of delivery: what every producer sent and what became of it, what was refused, what must stay away. Always
// in Postgres. Not for: the activities themselves.
import type { Accounting, OutcomeStatus, Receipt } from '../schemas/delivery.ts'

/** One settled message. Without `seq` it is counted but belongs to no outbox. */
export interface Settlement {
  producer: string
  source: string
  outcome: OutcomeStatus
  epoch?: string | undefined
  seq?: number | undefined
}

/** A message that could not be stored: kept without its secrets, to be looked at and replayed. */
export interface RejectedMessage {
  /** UUIDv7 of the receipt. */
  rejectedId: string
  topic: string
  producer: string
  code: string
  reason: string
  payload: Buffer
  /** Epoch ms. */
  receivedAt: number
  epoch?: string | undefined
  seq?: number | undefined
  /** The id its body claimed, if it could be read. */
  id?: string | undefined
}

/** What must stay away: forgotten things and pauses. All given conditions must hold; times are epoch ms, `until` exclusive. */
export interface Suppression {
  kind: 'forget' | 'pause'
  source?: string | undefined
  entity?: string | undefined
  since: number
  until: number | null
  /** Keyed hash of one id. */
  idHash?: string | undefined
}

/** Errors as in ActivityStore. */
export interface Ledger {
  /** Books a batch and returns the receipts of every outbox in it, by producer. */
  settle(settlements: readonly Settlement[]): Promise<Map<string, Receipt[]>>
  /** What lies below `oldestSeq` in an outbox and never came is given up; returns its receipt, null if it has none yet. */
  giveUpBelow(producer: string, epoch: string | undefined, oldestSeq: number): Promise<Receipt | null>
  /** The receipts of every outbox known, by producer: published again at start. */
  receipts(): Promise<Map<string, Receipt[]>>
  keepRejected(messages: readonly RejectedMessage[]): Promise<void>
  /** Newest first. */
  rejected(limit?: number): Promise<RejectedMessage[]>
  suppress(rule: Suppression): Promise<void>
  /** Keeps a pause in place of one of the same beginning: that is how it ends. One that ends as it begins is not kept. */
  pause(pause: Pick<Suppression, 'since' | 'until'>): Promise<void>
  /** The same array as long as nothing has changed, which is cheap to ask. */
  suppressions(): Promise<readonly Suppression[]>
  accounting(): Promise<Accounting>
}
