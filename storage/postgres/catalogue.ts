// The Catalogue over Postgres: entries, and what is asked about them. Not for: removing objects (sweep.ts), or entering
// them with a batch (commit.ts).
import { type Kysely, sql } from 'kysely'
import type pg from 'pg'
import { type ContentRef, isOwn, type OwnStorage } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Catalogue, MissingObject, ObjectEntry, ObjectKey } from '../catalogue.ts'
import { leavesUnknown, translateError } from './connection.ts'
import type { ObjectLocks } from './object-locks.ts'
import { enterComing, enterKept } from './objects.ts'
import { sweeper } from './sweep.ts'
import type { Tables } from './tables.ts'

export interface CatalogueOptions {
  db: Kysely<Tables>
  pool: pg.Pool
  locks: ObjectLocks
  space: string
  signal: AbortSignal
}

/** How often a put whose lock was lost with its line is made. */
const ATTEMPTS = 3
/** Between two times that a missing object is asked for: doubling from the first to the second, seconds. */
const WAIT = { first: 60, most: 86_400 }

export function postgresCatalogue({ db, pool, locks, space, signal }: CatalogueOptions): Catalogue {
  const objects = () => db.selectFrom('objects').where('space', '=', space)
  const sweep = sweeper({ pool, locks, space, signal })

  return {
    async put(object, keep) {
      for (let attempt = 1; ; attempt++) {
        const put = new Put(keep)
        try {
          return await locks.sharing(object, async (client) => {
            await enterComing(client, space, object)
            const kept = await put.keep()
            await enterKept(client, space, object)
            return kept
          })
        } catch (error) {
          if (put.failed) throw error
          if (attempt === ATTEMPTS || signal.aborted || !leavesUnknown(error)) throw translateError(error)
        }
      }
    },

    touch: (key) =>
      ours(async () => {
        if (!isOwn(key.storage)) return null
        const touched = await db
          .updateTable('objects')
          .set({ touched_at: sql`clock_timestamp()`, condemned_at: null })
          .where('space', '=', space)
          .where('storage', '=', key.storage)
          .where('id', '=', key.id)
          .where('state', '=', 'kept')
          .returningAll()
          .executeTakeFirst()
        return touched ? toEntry(touched) : null
      }),

    locate: (key) =>
      ours(async () => {
        if (!isOwn(key.storage)) return null
        const row = await objects()
          .where('storage', '=', key.storage)
          .where('id', '=', key.id)
          .where('state', '=', 'kept')
          .selectAll()
          .executeTakeFirst()
        return row ? { ...toEntry(row), storage: row.moved_to ?? row.storage } : null
      }),

    reference: (key) => ours(() => newestReference(db, space, key)),

    askForMissing: (limit) =>
      ours(async () => {
        // What only activities that are gone refer to waits longer, too; the sweep will take it.
        const { rows } = await sql<{
          storage: OwnStorage
          id: string
          asked: number
          activity: string
          producer: string
        }>`
          with due as (
            select storage, id from objects where space = ${space} and due_at <= now()
            order by due_at limit ${limit} for update skip locked
          ), asked as (
            update objects o set asked = o.asked + 1,
              due_at = now() + least(${WAIT.first} * power(2, o.asked), ${WAIT.most}) * interval '1 second'
            from due where o.space = ${space} and o.storage = due.storage and o.id = due.id
            returning o.storage, o.id, o.asked, o.created_at
          )
          select asked.storage, asked.id, asked.asked, first.activity, first.producer
          from asked cross join lateral (
            select r.activity, a.producer from object_references r join activities a on a.id = r.activity
            where r.space = ${space} and r.storage = asked.storage and r.id = asked.id
            order by r.activity limit 1) first
          order by asked.created_at, asked.id`.execute(db)
        return rows.map(({ activity, ...missing }): MissingObject => ({ ...missing, activityId: activity }))
      }),

    unmoved: (limit) =>
      ours(async () => {
        const rows = await objects()
          .where('storage', '=', 'postgres')
          .where('state', '=', 'kept')
          .where('moved_to', 'is', null)
          .selectAll()
          .orderBy('created_at')
          .limit(limit)
          .execute()
        return rows.map(toEntry)
      }),

    // Not while it is put again: that may have found the bytes that would go here. The next move finds it again.
    moved: (id, to) =>
      ours(async () => {
        await locks.alone({ storage: 'postgres', id }, async (client) => {
          await client.query('begin')
          const object = [space, to, id]
          const { rowCount: there } = await client.query(
            `update objects set touched_at = clock_timestamp(), condemned_at = null
             where space = $1 and storage = $2 and id = $3 and state = 'kept'`,
            object,
          )
          if (there === 0) throw new DaybookError('object_missing', `${to}:${id}`)
          const { rowCount: moved } = await client.query(
            `update objects set moved_to = $2 where space = $1 and storage = 'postgres' and id = $3 and state = 'kept'`,
            object,
          )
          if (moved === 1) await client.query('delete from object_bytes where space = $1 and id = $2', [space, id])
          await client.query('commit')
        })
      }),

    sweep: (graceMs, remove) => ours(() => sweep(graceMs, remove)),

    usage: () =>
      ours(async () => {
        const { rows } = await sql<{ storage: OwnStorage; objects: number; bytes: number }>`
          select storage, count(*) as objects, sum(size)::float8 as bytes from objects
          where space = ${space} and state = 'kept' and moved_to is null group by storage order by storage`.execute(db)
        return rows
      }),
  }
}

/** Tells a failure of the bytes from one of the entry. */
class Put<T> {
  failed = false
  readonly #keep: () => Promise<T>

  constructor(keep: () => Promise<T>) {
    this.#keep = keep
  }

  async keep(): Promise<T> {
    try {
      return await this.#keep()
    } catch (error) {
      this.failed = true
      throw error
    }
  }
}

async function newestReference(db: Kysely<Tables>, space: string, { storage, id }: ObjectKey) {
  const row = await db
    .selectFrom('object_references as r')
    .innerJoin('activities as a', 'a.id', 'r.activity')
    .where('r.space', '=', space)
    .where('r.storage', '=', storage)
    .where('r.id', '=', id)
    .select(['a.content_ref', 'a.attachments'])
    .orderBy('r.activity', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (!row) return null
  const refs = [row.content_ref, ...((row.attachments as unknown[] | null) ?? [])] as (ContentRef | null)[]
  return refs.find((ref) => ref?.storage === storage && ref.id === id) ?? null
}

function toEntry(row: {
  storage: OwnStorage
  id: string
  size: number
  media_type: string | null
  name: string | null
}): ObjectEntry {
  const { storage, id, size, media_type, name } = row
  return { storage, id, size, ...(media_type !== null && { mediaType: media_type }), ...(name !== null && { name }) }
}

/** Errors become ours. */
async function ours<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw translateError(error)
  }
}
