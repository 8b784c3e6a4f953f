// An ActivityFilter as SQL conditions. Not for: time ranges and paging, which activities.ts does.
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { phases } from '../../schemas/activity.ts'
import type { ActivityFilter } from '../../schemas/filter.ts'
import type { Tables } from './tables.ts'

type Builder = ExpressionBuilder<Tables, 'activities'>

/** The conditions of the filter, all of which must hold. */
export function matches(eb: Builder, filter: ActivityFilter): Expression<SqlBool> {
  const { source, type, producer, sessionId, activityId, entity, zone, processed, q, fold } = filter
  const conditions: Expression<SqlBool>[] = []
  if (source !== undefined) conditions.push(eb('source', '=', source))
  if (type !== undefined) conditions.push(eb('event_type', '=', type))
  if (producer !== undefined) conditions.push(eb('producer', '=', producer))
  if (sessionId !== undefined) conditions.push(eb('session_id', '=', sessionId))
  if (activityId !== undefined) conditions.push(eb('activity_id', '=', activityId))
  if (entity !== undefined) conditions.push(sql<SqlBool>`details ->> 'entity_id' = ${entity}`)
  if (zone !== undefined) conditions.push(sql<SqlBool>`(details ->> 'zone' = ${zone} or details ->> 'area' = ${zone})`)
  if (q !== undefined) conditions.push(sql<SqlBool>`activity_words(summary, details) @@ ${words(q)}`)
  if (processed !== undefined) {
    const waiting = sql<SqlBool>`exists (select from enrichment_queue where enrichment_queue.id = activities.id)`
    conditions.push(processed ? eb.not(waiting) : waiting)
  }
  if (fold) conditions.push(isLatestPhase)
  return eb.and(conditions)
}

const rank = (table: string) =>
  sql`coalesce(array_position(${sql.lit(`{${phases.join(',')}}`)}::text[], ${sql.ref(`${table}.phase`)}), ${sql.lit(phases.indexOf('end') + 1)})`

/** No other row of the same activity comes after this one; the order is that of schemas/fold.ts. */
const isLatestPhase = sql<SqlBool>`(activity_id is null or not exists (
  select from activities later
  where later.activity_id = activities.activity_id and later.space = activities.space and later.source = activities.source
    and (${rank('later')}, coalesce(later.seq, -1), later.id) >
        (${rank('activities')}, coalesce(activities.seq, -1), activities.id)))`

/** Every word must stand there, whole or as a beginning, as it was written or as its parts. */
function words(q: string): Expression<unknown> {
  const each = q.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word))
  if (each.length === 0) return sql`''::tsquery`
  const parts = each.map((word) => {
    const written = word.replace(/[\\']/g, ' ')
    // The three ways in which activity_words may have taken it apart.
    const forms = [written, written.replace(/[/_@?&=]/g, ' '), written.replace(/[^\p{L}\p{N}]+/gu, ' ')]
    const queries = [...new Set(forms)].map((form) => sql`to_tsquery('simple', ${`'${form.trim()}':*`})`)
    return sql`(${sql.join(queries, sql` || `)})`
  })
  return sql`(${sql.join(parts, sql` && `)})`
}
