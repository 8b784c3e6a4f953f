// Atuin's database, its own history.db of the versions 18: read only, also while Atuin writes. Not for: changing it, or its
// server and its newer record store, which this database is made of.
import { DatabaseSync } from 'node:sqlite'
import { DaybookError } from '../../schemas/errors.ts'
import type { Command } from './command.ts'

/** Who runs commands without being a person, as Atuin names them in `author`. */
const AGENTS = new Set(['claude-code', 'codex', 'copilot', 'opencode', 'pi'])
const PAGE = 500
const NEEDED = ['id', 'timestamp', 'duration', 'exit', 'command', 'cwd', 'session', 'hostname']

interface Row {
  id: string
  at: number
  ns: bigint
  took: number
  exit: number
  command: string
  cwd: string
  session: string
  hostname: string
  author: string | null
  author_kind: string | null
  shell: string | null
}

export function isSqlite(head: Buffer): boolean {
  return head.subarray(0, 16).toString('latin1') === 'SQLite format 3\0'
}

/**
 * Its commands, oldest first, a page at a time; epoch ms, `until` exclusive. Deleted ones are left out, and those of the
 * last day that have not ended. Throws `invalid` for another database.
 */
export function* readAtuin(file: string, { since, until }: { since: number; until: number }): Generator<Command[]> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    db.exec('PRAGMA busy_timeout = 5000')
    const columns = new Set(
      db
        .prepare('PRAGMA table_info(history)')
        .all()
        .map(({ name }) => String(name)),
    )
    const absent = NEEDED.filter((name) => !columns.has(name))
    if (absent.length > 0) {
      throw new DaybookError('invalid', `from: ${file} is no history of Atuin: it has no ${absent.join(', ')}.`)
    }
    const maybe = (name: string) => (columns.has(name) ? name : `NULL AS ${name}`)
    const page = db.prepare(`
      SELECT id, timestamp / 1000000 AS at, CAST(timestamp AS TEXT) AS ns, 
        CASE WHEN duration < 0 THEN -1 ELSE duration / 1000000 END AS took, exit, command, cwd,
        session, hostname, ${maybe('author')}, ${maybe('author_kind')}, ${maybe('shell')}
      FROM history
      WHERE (timestamp > ?1 OR (timestamp = ?1 AND id > ?2)) AND timestamp < ?3
        ${columns.has('deleted_at') ? 'AND deleted_at IS NULL' : ''}
      ORDER BY timestamp, id LIMIT ${PAGE}`)
    let from = { ns: nanoseconds(since) - 1n, id: '~' }
    for (;;) {
      const rows = page.all(from.ns, from.id, nanoseconds(until)) as unknown as Row[]
      const last = rows.at(-1)
      if (!last) return
      from = { ns: BigInt(last.ns), id: last.id }
      yield rows.filter(({ took, at }) => took >= 0 || at < until - 86_400_000).map(commandOf)
    }
  } finally {
    db.close()
  }
}

/** SQLite's integers end there. */
function nanoseconds(ms: number): bigint {
  return BigInt(Math.min(Math.max(0, Math.trunc(ms)), 9_000_000_000_000)) * 1_000_000n
}

function commandOf(row: Row): Command {
  const { id, at, took, exit, command, cwd, session, hostname, author, author_kind, shell } = row
  const agent = author_kind === 'agent' || (author !== null && AGENTS.has(author)) ? (author ?? 'unknown') : undefined
  const host = hostname.split(':')[0]
  const ended = took >= 0
  return {
    key: `atuin/${id}`,
    at,
    command,
    ...(cwd !== '' && cwd !== 'unknown' && { cwd }),
    ...(ended && exit >= 0 && { exitCode: exit }),
    ...(host && { host }),
    ...(shell && { shell }),
    ...(agent && { agent }),
    ...(session !== '' && session.length <= 200 && { session }),
    ...(ended && { duration: took }),
  }
}
