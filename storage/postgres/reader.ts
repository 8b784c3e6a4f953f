// The read-only account for psql and Grafana. Not for: any query of ours.
import type pg from 'pg'
import type { Logger } from '../../component.ts'

const ROLE = 'daybook_reader'

/**
 * Makes or refreshes the account and returns its URL; null, and a line in the log, where our own account may not make
 * roles (many managed databases): an owner can then make one by hand.
 */
export async function grantReader(pool: pg.Pool, url: string, password: string, log: Logger): Promise<string | null> {
  const client = await pool.connect()
  try {
    const { rows } = await client.query('select 1 from pg_roles where rolname = $1', [ROLE])
    const verb = rows.length === 0 ? 'create' : 'alter'
    await client.query(`${verb} role ${ROLE} login password ${client.escapeLiteral(password)}`)
    await client.query(`alter role ${ROLE} set default_transaction_read_only = on`)
    await client.query(`alter role ${ROLE} set statement_timeout = '60s'`)
    await client.query(`grant usage on schema public to ${ROLE}`)
    await client.query(`grant select on all tables in schema public to ${ROLE}`)
    await client.query(`alter default privileges in schema public grant select on tables to ${ROLE}`)
    // Everybody may make temporary tables unless told otherwise.
    await client.query(`
      do $$ begin execute format('revoke temporary on database %I from public', current_database()); end $$`)
    const reader = new URL(url)
    reader.username = ROLE
    reader.password = password
    return reader.href
  } catch (error) {
    log.warn(
      { reason: (error as Error).message },
      'no read-only account: make a role with select on these tables by hand',
    )
    return null
  } finally {
    client.release()
  }
}
