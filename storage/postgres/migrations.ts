// Brings the database to the schema this version needs: an explicit list, each in its own file, locked against a second
// Daybook, with the plan in the log. Not for: data changes at run time.
import type { Kysely } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import type { Logger } from '../../component.ts'
import { first } from './migrations/0001-first.ts'
import { objects } from './migrations/0002-objects.ts'
import type { Tables } from './tables.ts'

/** In order; a name is never changed once released. */
const migrations: Record<string, Migration> = { '0001-first': first, '0002-objects': objects }

/** Runs what is pending, all or nothing, under an advisory lock. Returns the names that ran. */
export async function migrate(db: Kysely<Tables>, log: Logger): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } })
  const pending = (await migrator.getMigrations()).filter((migration) => !migration.executedAt)
  if (pending.length === 0) return []
  log.info({ plan: pending.map((migration) => migration.name) }, 'migrating the database')
  const { error, results = [] } = await migrator.migrateToLatest()
  if (error) throw error
  return results.filter((result) => result.status === 'Success').map((result) => result.migrationName)
}
