// The order of arrival: what is new is read commit by commit. Ids cannot serve for that, they sort by event time and a
// week-old outbox would be invisible. Not for: lists for people, which go by event time.
import { type Kysely, sql } from 'kysely'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Arrival } from '../activity-store.ts'
import { toEvent } from './rows.ts'
import type { Tables } from './tables.ts'

/**
 * Numbers of commits ascend with their transaction ids (commit.ts), so all below the oldest transaction still running
 * are there for good, and nothing can appear before a place that was read.
 */
const isSettled = sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`

export async function getArrivals(db: Kysely<Tables>, space: string, after: Arrival | null, limit = 1_000) {
  const { batch: from, n: skip } = after ?? { batch: 0, n: 0 }
  const found: { event: ActivityEvent; at: Arrival }[] = []
  // A commit that was read in part comes first again; further ones until the page is full.
  const commits = await db
    .selectFrom('batches')
    .where('space', '=', space)
    .where('batch', '>=', from)
    .where('rows', '>', 0)
    .where(isSettled)
    .select(['batch', 'min_id', 'max_id', 'rows'])
    .orderBy('batch')
    .limit(limit + 1)
    .execute()
  for (const { batch, min_id, max_id, rows } of commits) {
    const offset = batch === from ? skip : 0
    if (offset >= rows || min_id === null || max_id === null) continue
    const events = await db
      .selectFrom('activities')
      .where('batch', '=', batch)
      .where('id', '>=', min_id)
      .where('id', '<=', max_id)
      .selectAll()
      .orderBy('id')
      .offset(offset)
      .limit(limit - found.length)
      .execute()
    found.push(...events.map((row, index) => ({ event: toEvent(row), at: { batch, n: offset + index + 1 } })))
    if (found.length >= limit) break
  }
  return found
}

export async function lastArrival(db: Kysely<Tables>, space: string): Promise<Arrival> {
  const last = await db
    .selectFrom('batches')
    .where('space', '=', space)
    .where(isSettled)
    .select(['batch', 'rows'])
    .orderBy('batch', 'desc')
    .limit(1)
    .executeTakeFirst()
  return { batch: last?.batch ?? 0, n: last?.rows ?? 0 }
}
