// What is made of activities. So far the queue that feeds enrichment; sessions, questions, memories and evidence join
// here. Always in Postgres. Not for: raw activities.
import type { ActivityEvent } from '../schemas/activity.ts'

/** How enrichment keeps up. */
export interface QueueStats {
  pending: number
  processing: number
  error: number
  /** Epoch ms of the oldest pending entry's arrival, null when there is none. */
  oldestAt: number | null
}

/** Every committed activity is queued by a statement trigger in the transaction that stored it. */
export interface Queue {
  /** Claims up to `limit` (default 50) due entries, oldest first; concurrent claimers get different ones. */
  claim(worker: string, limit?: number): Promise<ActivityEvent[]>
  /** Done: the entries go. */
  finish(ids: readonly string[]): Promise<void>
  /** Failed: tried again with backoff, parked as `error` after the last attempt, with the reason. */
  fail(ids: readonly string[], reason: string): Promise<void>
  /** Claims older than `ms` return to pending, or are parked after the last attempt: their worker died. How many did. */
  release(ms: number): Promise<number>
  stats(): Promise<QueueStats>
}

/** Errors as in ActivityStore. */
export interface Meaning {
  readonly queue: Queue
}
