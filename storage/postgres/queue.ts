// The enrichment queue: claims with SKIP LOCKED, gives back, parks. Filled by the trigger of the first migration. Not
// for: what is done with an entry.
import { type Kysely, sql } from 'kysely'
import type { Queue } from '../meaning.ts'
import { toEvent } from './rows.ts'
import type { Tables } from './tables.ts'

/** After so many failures, or deaths of its worker, an entry is parked; the waits between double from 10 s. */
const ATTEMPTS = 5

export function postgresQueue(db: Kysely<Tables>, space: string): Queue {
  return {
    async claim(worker, limit = 50) {
      const { rows } = await sql<{ id: string }>`
        update enrichment_queue set status = 'processing', attempts = attempts + 1, claimed_by = ${worker}, claimed_at = now()
        where id in (
          select id from enrichment_queue where status = 'pending' and due_at <= now() and space = ${space}
          order by id limit ${limit} for update skip locked)
        returning id`.execute(db)
      const ids = rows.map((row) => row.id)
      if (ids.length === 0) return []
      return (await db.selectFrom('activities').where('id', 'in', ids).selectAll().orderBy('id').execute()).map(toEvent)
    },

    async finish(ids) {
      if (ids.length > 0) await db.deleteFrom('enrichment_queue').where('id', 'in', ids).execute()
    },

    async fail(ids, reason) {
      if (ids.length === 0) return
      await sql`
        update enrichment_queue set error = ${reason}, claimed_by = null, claimed_at = null,
          status = case when attempts >= ${ATTEMPTS} then 'error' else 'pending' end,
          due_at = now() + make_interval(secs => 10 * power(2, attempts - 1))
        where id in (${sql.join(ids)})`.execute(db)
    },

    async release(ms) {
      const result = await sql`
        update enrichment_queue set claimed_by = null, claimed_at = null,
          status = case when attempts >= ${ATTEMPTS} then 'error' else 'pending' end,
          error = case when attempts >= ${ATTEMPTS} then 'its worker died each time' else error end
        where status = 'processing' and space = ${space} and claimed_at < now() - make_interval(secs => ${ms / 1000})`.execute(
        db,
      )
      return Number(result.numAffectedRows ?? 0)
    },

    async stats() {
      const { rows } = await sql<{ status: string; entries: number; oldest: number | null }>`
        select status, count(*) as entries, min(b.committed_at) as oldest
        from enrichment_queue q left join batches b using (batch) where q.space = ${space} group by status`.execute(db)
      const of = (status: string) => rows.find((row) => row.status === status)
      return {
        pending: of('pending')?.entries ?? 0,
        processing: of('processing')?.entries ?? 0,
        error: of('error')?.entries ?? 0,
        oldestAt: of('pending')?.oldest ?? null,
      }
    },
  }
}
