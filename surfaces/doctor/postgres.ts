// The layers of Postgres above TCP: does it let us in, is it new enough, how far is its schema. Not for: SQL (storage/).
import { probePostgres } from '../../storage/postgres/probe.ts'
import { fail, ok, type Verdict } from './finding.ts'

const OLDEST_MAJOR = 15

/** SQLSTATE (Postgres documentation, appendix A) and what helps. */
const byState: Record<string, [detail: string, fix: string]> = {
  '28P01': ['it refuses the password', 'Correct the password in database.url.'],
  '28000': ['it refuses this user or host', 'Allow it in pg_hba.conf, or correct the user in database.url.'],
  '3D000': ['there is no such database', 'Create it: createdb, with the owner that database.url names.'],
  '57P03': ['it is still starting', 'Wait a moment; if it stays so, look into its log.'],
  '53300': ['it has no connection left', 'Raise max_connections, or stop what holds them.'],
}

export async function checkPostgres(url: string): Promise<Verdict> {
  try {
    const { version, migration } = await probePostgres(url)
    if (Number.parseInt(version, 10) < OLDEST_MAJOR)
      return fail(`it is Postgres ${version}`, `Upgrade it to ${OLDEST_MAJOR} or later.`)
    return ok(`Postgres ${version}, ${migration ? `schema at ${migration}` : 'not used by Daybook yet'}`)
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    const known = byState[code]
    if (known) return fail(...known)
    if (/timeout/i.test(message))
      return fail('it accepts connections and says nothing', 'It hangs, or is no Postgres: check the port.')
    return fail(
      `it does not let us in (${message})`,
      'Check database.url: postgres://user:password@host:port/database.',
    )
  }
}
