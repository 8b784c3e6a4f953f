// Sessions as rows. Not for: finding them.
import type { Kysely } from 'kysely'
import type { ActivitySession } from '../../schemas/session.ts'
import type { Tables } from './tables.ts'

export async function getSession(db: Kysely<Tables>, space: string, id: string): Promise<ActivitySession | null> {
  const row = await db
    .selectFrom('sessions')
    .where('space', '=', space)
    .where('id', '=', id)
    .selectAll()
    .executeTakeFirst()
  if (!row) return null
  return {
    id: row.id,
    startTime: row.start_time,
    ...(row.end_time !== null && { endTime: row.end_time }),
    activityIds: row.activity_ids,
    guessedIntent: row.guessed_intent,
    confidence: row.confidence,
    ...(row.validated_intent !== null && { validatedIntent: row.validated_intent }),
    ...(row.related_goal !== null && { relatedGoal: row.related_goal }),
    tags: row.tags,
    status: row.status as ActivitySession['status'],
    needsValidation: row.needs_validation,
    ...(row.validated_at !== null && { validatedAt: row.validated_at }),
  }
}

export async function putSession(db: Kysely<Tables>, space: string, session: ActivitySession): Promise<void> {
  const values = {
    start_time: new Date(session.startTime).toISOString(),
    end_time: session.endTime === undefined ? null : new Date(session.endTime).toISOString(),
    activity_ids: session.activityIds,
    guessed_intent: session.guessedIntent,
    confidence: session.confidence,
    validated_intent: session.validatedIntent ?? null,
    related_goal: session.relatedGoal ?? null,
    tags: session.tags,
    status: session.status,
    needs_validation: session.needsValidation,
    validated_at: session.validatedAt === undefined ? null : new Date(session.validatedAt).toISOString(),
  }
  await db
    .insertInto('sessions')
    .values({ id: session.id, space, ...values })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(values))
    .execute()
}
