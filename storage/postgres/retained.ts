// Retained topics in Postgres. Not for: events, or for deciding what is retained.
import { type Kysely, sql } from 'kysely'
import type { Retained } from '../retained.ts'
import { translateError } from './connection.ts'
import type { Tables } from './tables.ts'

export function postgresRetained(db: Kysely<Tables>, space: string): Retained {
  return {
    async load() {
      const rows = await db
        .selectFrom('retained')
        .where('space', '=', space)
        .select(['topic', 'payload', 'qos'])
        .execute()
      return rows.map(({ topic, payload, qos }) => ({ topic, payload, qos: qos as 0 | 1 | 2 }))
    },

    async keep(messages) {
      const last = new Map(messages.map((message) => [message.topic, message]))
      const set = [...last.values()]
        .filter((message) => message.payload.length > 0)
        .sort((a, b) => (a.topic < b.topic ? -1 : 1))
      const cleared = [...last.values()]
        .filter((message) => message.payload.length === 0)
        .map((message) => message.topic)
      await db
        .transaction()
        .execute(async (transaction) => {
          if (cleared.length > 0)
            await transaction.deleteFrom('retained').where('space', '=', space).where('topic', 'in', cleared).execute()
          if (set.length === 0) return
          await sql`
            insert into retained (space, topic, payload, qos)
            select ${space}, * from unnest(${set.map((m) => m.topic)}::text[], ${set.map((m) => m.payload)}::bytea[],
              ${set.map((m) => m.qos)}::int2[])
            on conflict (space, topic) do update set payload = excluded.payload, qos = excluded.qos, updated_at = now()`.execute(
            transaction,
          )
        })
        .catch((error) => {
          throw translateError(error)
        })
    },
  }
}
