// ActivityStore over Postgres. Lists are keyset pages by id, which is event time; a search walks the partitions from
// the newest until the page is full. Not for: how rows go in (append.ts).
import type { Kysely, SelectQueryBuilder } from 'kysely'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { ActivityFilter } from '../../schemas/filter.ts'
import { foldActivity } from '../../schemas/fold.ts'
import { isUuidV7, lowestId } from '../../schemas/ids.ts'
import type { ActivityStore } from '../activity-store.ts'
import { getArrivals, lastArrival } from './arrivals.ts'
import type { Commit } from './commit.ts'
import { translateError } from './connection.ts'
import { matches } from './matches.ts'
import { bounds, type Partitions } from './partitions.ts'
import { toEvent } from './rows.ts'
import { getSession, putSession } from './sessions.ts'
import type { Tables } from './tables.ts'

type Select = SelectQueryBuilder<Tables, 'activities', object>

export interface ActivitiesOptions {
  db: Kysely<Tables>
  commit: Commit
  space: string
  /** All partitions, oldest first. */
  partitions: () => ReturnType<Partitions['list']>
}

export function postgresActivities({ db, commit, space, partitions }: ActivitiesOptions): ActivityStore {
  const rows = (): Select => db.selectFrom('activities').where('space', '=', space)
  const append = (events: readonly ActivityEvent[]) =>
    commit(events, () => ({ settlements: [], rejected: [] })).then((committed) => committed.appended)

  const store: ActivityStore = {
    append,
    insertActivity: async (event) => (await append([event])).stored.size === 1,
    insertActivities: async (events) => (await append(events)).stored.size,

    async getActivity(id) {
      const byId = isUuidV7(id) ? await rows().where('id', '=', id).selectAll().executeTakeFirst() : undefined
      const row = byId ?? (await rows().where('native_id', '=', id).selectAll().orderBy('id').executeTakeFirst())
      return row ? toEvent(row) : null
    },

    async queryActivities(filter) {
      const { limit = 100, order = 'desc', cursor } = filter
      if (cursor !== undefined && !isUuidV7(cursor)) throw new DaybookError('invalid', 'cursor: not one of ours')
      const wanted = rows().where((eb) => matches(eb, filter))
      const found: ActivityEvent[] = []
      for (const range of await ranges(filter, order, partitions)) {
        let page = wanted.where('id', '>=', range.from).where('id', '<', range.to)
        if (cursor !== undefined) page = page.where('id', order === 'desc' ? '<' : '>', cursor)
        const more = await page
          .selectAll()
          .orderBy('id', order)
          .limit(limit + 1 - found.length)
          .execute()
        found.push(...more.map(toEvent))
        if (found.length > limit) break
      }
      const items = found.slice(0, limit)
      const next = found.length > limit ? (items.at(-1)?.id ?? null) : null
      return { items: filter.fold ? await folded(items) : items, next }
    },

    getArrivals: (after, limit) => getArrivals(db, space, after, limit),
    lastArrival: () => lastArrival(db, space),

    async getActivitiesSince(since, limit = 1_000) {
      return (await rows().where('id', '>=', lowestId(since)).selectAll().orderBy('id').limit(limit).execute()).map(
        toEvent,
      )
    },

    async getUnprocessedActivities(limit = 50) {
      const waiting = db.selectFrom('enrichment_queue').where('status', '=', 'pending').where('space', '=', space)
      const ids = waiting.select('id').orderBy('id').limit(limit)
      return (await rows().where('id', 'in', ids).selectAll().orderBy('id').execute()).map(toEvent)
    },

    async markActivitiesProcessed(ids) {
      const known = ids.filter(isUuidV7)
      if (known.length > 0) await db.deleteFrom('enrichment_queue').where('id', 'in', known).execute()
    },

    getActivitySession: (id) => getSession(db, space, id),
    updateActivitySession: (session) => putSession(db, space, session),
  }
  return translated(store)

  /** Each winner with what its earlier phases said. */
  async function folded(items: ActivityEvent[]): Promise<ActivityEvent[]> {
    const growing = [...new Set(items.flatMap((item) => item.activityId ?? []))]
    if (growing.length === 0) return items
    const phases = (await rows().where('activity_id', 'in', growing).selectAll().execute()).map(toEvent)
    return items.map((item) => {
      const own = phases.filter((phase) => phase.activityId === item.activityId && phase.source === item.source)
      return item.activityId === undefined || own.length === 0 ? item : foldActivity(own)
    })
  }
}

/** The id ranges to ask for one after the other: all at once, except a search, which goes month by month. */
async function ranges(filter: ActivityFilter, order: 'asc' | 'desc', partitions: ActivitiesOptions['partitions']) {
  const from = lowestId(filter.since ?? 0)
  const to = lowestId(filter.until ?? 2 ** 48 - 1)
  if (filter.q === undefined) return [{ from, to }]
  const months = (await partitions()).map(bounds).filter((month) => month.to > from && month.from < to)
  if (order === 'desc') months.reverse()
  return months.map((month) => ({ from: later(month.from, from), to: earlier(month.to, to) }))
}

// Ids are compared as text: UUIDs of the same case sort as their bytes do.
const later = (a: string, b: string) => (a < b ? b : a)
const earlier = (a: string, b: string) => (a < b ? a : b)

/** The same store, whose errors are ours. */
function translated(store: ActivityStore): ActivityStore {
  const entries = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => unknown)(...args)
      } catch (error) {
        throw translateError(error)
      }
    },
  ])
  return Object.fromEntries(entries) as ActivityStore
}
