// Where activities are kept. Postgres is the first driver; others may follow. Not for: accounts (ledger.ts) or what is
// made of activities (meaning.ts).
import type { ActivityEvent } from '../schemas/activity.ts'
import type { ActivityFilter, Page } from '../schemas/filter.ts'
import type { ActivitySession } from '../schemas/session.ts'

/** What an append did: `stored` and `known` are ids in no order, together all the ids given, each once. */
export interface Appended {
  /** The number of this commit; 0 when nothing was stored. */
  batch: number
  stored: ReadonlySet<string>
  known: ReadonlySet<string>
}

/** A place in the order of arrival: the commit, and the how-manieth row of it. Written `<batch>.<n>`. */
export interface Arrival {
  batch: number
  /** From 1; 0 is before the first. */
  n: number
}

/** All methods may throw `database_unavailable` and `database_conflict` (try again); writes also `database_refused`. */
export interface ActivityStore {
  /** Stores what is new, all or nothing, and says which that was. A known id changes nothing, whatever else differs. */
  append(events: readonly ActivityEvent[]): Promise<Appended>
  /** True if it was new. */
  insertActivity(event: ActivityEvent): Promise<boolean>
  /** How many were new. */
  insertActivities(events: readonly ActivityEvent[]): Promise<number>
  /** By its id or the foreign id it came with; null if there is none. */
  getActivity(id: string): Promise<ActivityEvent | null>
  /** A page by event time, newest first unless asked otherwise. */
  queryActivities(filter: ActivityFilter): Promise<Page<ActivityEvent>>
  /**
   * What arrived after a place, in the order of arrival, at most `limit` (default 1,000): reading on from the last one
   * gives everything exactly once, whatever its event time and however many write. `null` starts at the beginning.
   */
  getArrivals(after: Arrival | null, limit?: number): Promise<{ event: ActivityEvent; at: Arrival }[]>
  /** The place after everything that has arrived. */
  lastArrival(): Promise<Arrival>
  /** Oldest first, at most `limit` (default 1,000), from `since` (epoch ms, inclusive). */
  getActivitiesSince(since: number, limit?: number): Promise<ActivityEvent[]>
  /** The oldest that enrichment has not taken yet, at most `limit` (default 50); does not claim them. */
  getUnprocessedActivities(limit?: number): Promise<ActivityEvent[]>
  /** Takes them out of the queue; unknown ids are ignored, twice is as once. */
  markActivitiesProcessed(ids: readonly string[]): Promise<void>
  getActivitySession(id: string): Promise<ActivitySession | null>
  /** Inserts or replaces the session with this id. */
  updateActivitySession(session: ActivitySession): Promise<void>
}
