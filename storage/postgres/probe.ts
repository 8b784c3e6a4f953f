// Asks a Postgres who it is, for doctor: whether it lets us in, its version, how far its schema is. Not for: using it.
import { connect } from './connection.ts'

export interface Probed {
  /** As `server_version`: 18.1. */
  version: string
  /** The latest migration that ran; null in a database that Daybook has not used yet. */
  migration: string | null
}

/** Throws what `pg` throws: its SQLSTATE says which layer it was. */
export async function probePostgres(url: string): Promise<Probed> {
  const client = await connect(url, { application: 'daybook doctor' }, () => {})
  try {
    const { rows } = await client.query<{ version: string; known: boolean }>(
      `select current_setting('server_version') as version, to_regclass('kysely_migration') is not null as known`,
    )
    const version = rows[0]?.version ?? ''
    if (!rows[0]?.known) return { version, migration: null }
    const latest = await client.query<{ name: string }>('select name from kysely_migration order by name desc limit 1')
    return { version, migration: latest.rows[0]?.name ?? null }
  } finally {
    await client.end()
  }
}
