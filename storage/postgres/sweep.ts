// Mark and sweep of objects: what nobody refers to and nobody used for the grace is condemned, and what still is so at
// the next sweep is removed. Not for: when that happens (objects.ts of the floor), or for puts (catalogue.ts).
//
//   kept --mark--> condemned --row locked, looked at again--> removing --bytes deleted--> gone, or missing if an
//   activity came to refer to it meanwhile
//
// All of the second line happens while nobody puts the object (object-locks.ts). A reference locks the row until its
// COMMIT (0002-objects.ts), so it is either seen here or sees `removing`. A crash anywhere leaves what the next sweep ends.
import type pg from 'pg'
import type { OwnStorage } from '../../schemas/content-ref.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { Catalogue, ObjectEntry } from '../catalogue.ts'
import type { ObjectLocks } from './object-locks.ts'

export interface SweepOptions {
  pool: pg.Pool
  locks: ObjectLocks
  space: string
  signal: AbortSignal
}

interface Found {
  storage: OwnStorage
  id: string
  state: 'missing' | 'coming' | 'kept' | 'removing'
  size: number
}

const PAGE = 500

const isReferred = (object: string) => `exists (
  select from object_references r join activities a on a.id = r.activity
  where r.space = ${object}.space and r.storage = ${object}.storage and r.id = ${object}.id)`

/** `$2` is the grace, ms. */
const isIdle = (object: string) =>
  `${object}.touched_at < clock_timestamp() - $2 * interval '1 millisecond' and not ${isReferred(object)}`

/** What was moved keeps the object that has its bytes now. */
const isMovedTo = (object: string) =>
  `moved.space = ${object}.space and moved.storage = 'postgres' and moved.id = ${object}.id and moved.moved_to = ${object}.storage`

export function sweeper({ pool, locks, space, signal }: SweepOptions): Catalogue['sweep'] {
  return async (graceMs, remove) => {
    let removed = 0
    const failed = new Map<OwnStorage, unknown>()
    let last: Found | undefined
    do {
      const page = await condemned(last)
      for (const object of page) {
        if (signal.aborted || failed.has(object.storage)) continue
        try {
          if (await locks.alone(object, (client) => removeOne(client, object, graceMs, remove))) removed++
        } catch (error) {
          failed.set(object.storage, error)
        }
      }
      last = page.length < PAGE ? undefined : page.at(-1)
    } while (last && !signal.aborted)
    const marked = await mark(graceMs)
    for (const error of failed.values()) throw error
    return { marked, removed }
  }

  /** Moved ones (postgres) come before what they moved to. */
  async function condemned(after?: Found): Promise<Found[]> {
    const { rows } = await pool.query<Found>(
      `select storage, id, state, size from objects
       where space = $1 and (condemned_at is not null or state = 'removing')
         and ($2::text is null or storage < $2 or storage = $2 and id > $3)
       order by storage desc, id limit ${PAGE}`,
      [space, after?.storage ?? null, after?.id ?? null],
    )
    return rows
  }

  async function mark(graceMs: number): Promise<number> {
    const { rowCount } = await pool.query(
      `update objects o set condemned_at = clock_timestamp()
       from (
         select o.storage, o.id from objects o
         where o.space = $1 and o.condemned_at is null and o.state <> 'removing' and ${isIdle('o')}
           and not exists (select from objects moved where ${isMovedTo('o')} and not (${isIdle('moved')}))
         for update skip locked) idle
       where o.space = $1 and o.storage = idle.storage and o.id = idle.id`,
      [space, graceMs],
    )
    return rowCount ?? 0
  }

  async function removeOne(
    client: pg.Client,
    { storage, id }: Found,
    graceMs: number,
    remove: (object: ObjectEntry) => Promise<void>,
  ): Promise<boolean> {
    const object = [space, storage, id]
    await client.query('begin')
    const { rows } = await client.query<Found>(
      `select storage, id, state, size from objects where space = $1 and storage = $2 and id = $3
         and (state = 'removing' or condemned_at is not null) for update`,
      object,
    )
    const found = rows[0]
    if (!found) return false
    // Only now: a statement sees what was committed before it began, and whoever referred to it held the row.
    const { rowCount: doomed } = await client.query(
      `update objects o set state = 'removing' where o.space = $1 and o.storage = $3 and o.id = $4
         and (o.state = 'removing' or ${isIdle('o')} and not exists (select from objects moved where ${isMovedTo('o')}))`,
      [space, graceMs, storage, id],
    )
    if (doomed === 0) {
      await client.query('update objects set condemned_at = null where space = $1 and storage = $2 and id = $3', object)
      await client.query('commit')
      return false
    }
    const here = storage === 'postgres'
    if (here) await client.query('delete from object_bytes where space = $1 and id = $2', [space, id])
    if (!here && found.state !== 'missing') {
      await client.query('commit')
      if (!(await isElsewhere(client, storage, id))) await remove({ storage, id, size: found.size }).catch(theStores)
      await client.query('begin')
    }
    await leave(client, object)
    await client.query('commit')
    return true
  }

  /** Another space has the same bytes. */
  async function isElsewhere(client: pg.Client, storage: OwnStorage, id: string): Promise<boolean> {
    const { rows } = await client.query(
      `select from objects where space <> $1 and storage = $2 and id = $3 and state <> 'missing' limit 1`,
      [space, storage, id],
    )
    return rows.length > 0
  }

  /** The row goes, unless a reference came while the bytes went: then the object is missing, and asked for. */
  async function leave(client: pg.Client, object: string[]): Promise<void> {
    await client.query('select from objects where space = $1 and storage = $2 and id = $3 for update', object)
    const { rowCount: gone } = await client.query(
      `delete from objects o where o.space = $1 and o.storage = $2 and o.id = $3 and not ${isReferred('o')}`,
      object,
    )
    const text =
      gone === 0
        ? `update objects set state = 'missing', condemned_at = null, due_at = now()
           where space = $1 and storage = $2 and id = $3`
        : 'delete from object_references where space = $1 and storage = $2 and id = $3'
    await client.query(text, object)
  }
}

/** What a store throws is not taken for the database's. */
function theStores(thrown: unknown): never {
  throw asDaybookError(thrown)
}
