// The SQLite file of heartbeats: opened under a lock, made or set aside where needed, and every statement on it. Not for:
// what may be kept (taking.ts), or what it means (teller.ts). It speaks SQL outside storage/, as the outbox does: clients
// are answered from here, whatever broker and database do.
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { asUnwritable, openSqliteFile, sqliteCode } from '../../broker/sqlite-file.ts'
import type { Clock } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'

const APPLICATION_ID = 0x0daeba4a
const VERSION = 1

// Times in µs, `received` and `at` in ms. told: stretches that others know, by their first heartbeat; said is empty while
// only their start was told, ? before that. dirty: lanes where something between two moments is still to be told; marks counts how often
// that was said, so that who tells sees what came in meanwhile.
const TABLES = `
  CREATE TABLE beats (
    hash TEXT PRIMARY KEY, lane TEXT NOT NULL, time INTEGER NOT NULL, received INTEGER NOT NULL, beat TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX lanes ON beats (lane, time, hash);
  CREATE INDEX times ON beats (time);
  CREATE TABLE told (
    hash TEXT PRIMARY KEY, lane TEXT NOT NULL, time INTEGER NOT NULL, said TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX cuts ON told (lane, time);
  CREATE TABLE dirty (
    lane TEXT PRIMARY KEY, since INTEGER NOT NULL, until INTEGER NOT NULL, marks INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE pauses (since INTEGER PRIMARY KEY, until INTEGER) STRICT;
  CREATE TABLE aside (at INTEGER NOT NULL, why TEXT NOT NULL, body TEXT NOT NULL) STRICT;
`

export type Statements = ReturnType<typeof prepare>

export interface HeartbeatsFile {
  readonly statements: Statements
  /** All of it synced, or nothing; returns what the work returns. Throws `data_unwritable`. */
  transaction<T>(work: () => T): T
  /** Where the damaged file that stood here was put. */
  readonly setAside: string | null
  close(): void
}

/**
 * Opens the file in this folder or makes it, and holds its lock. One that is damaged is moved to `<file>.damaged-<epoch ms>`
 * and a new one begins. Throws `already_running` (another process holds it) or `data_unwritable`.
 */
export function openHeartbeatsFile(folder: string, clock: Clock): HeartbeatsFile {
  const file = join(folder, 'heartbeats.sqlite')
  return openSqliteFile({ file, clock }, (setAside) => open(file, setAside))
}

function open(file: string, setAside: string | null): HeartbeatsFile {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    const { application_id: owner } = db.prepare('PRAGMA application_id').get() as { application_id: number }
    if (version === 0) {
      const mark = `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSION}`
      db.exec(`BEGIN IMMEDIATE; ${TABLES} ${mark}; COMMIT`)
    } else if (owner !== APPLICATION_ID || version > VERSION)
      throw new DaybookError('data_unwritable', `${file} holds no heartbeats that this version can read.`)
    // What is deleted here were paths and addresses.
    db.exec('PRAGMA secure_delete = ON')
    return {
      statements: prepare(db),
      setAside,
      transaction(work) {
        try {
          db.exec('BEGIN IMMEDIATE')
          const done = work()
          db.exec('COMMIT')
          return done
        } catch (error) {
          if (db.isTransaction) db.exec('ROLLBACK')
          throw sqliteCode(error) === 0 ? asDaybookError(error) : asUnwritable(error, file)
        }
      },
      close: () => db.isOpen && db.close(),
    }
  } catch (error) {
    db.close()
    throw error
  }
}

function prepare(db: DatabaseSync) {
  return {
    add: db.prepare('INSERT INTO beats VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'),
    known: db.prepare('SELECT 1 FROM beats WHERE hash = ?'),
    /** Within a second. */
    within: db.prepare('SELECT beat FROM beats WHERE time >= ? AND time < ?'),
    before: db.prepare('SELECT beat FROM beats WHERE lane = ? AND time < ? ORDER BY time DESC, hash DESC LIMIT 1'),
    /** From (time, hash) on, without the one at it. */
    page: db.prepare(
      `SELECT hash, time, received, beat FROM beats WHERE lane = ?1 AND (time > ?2 OR time = ?2 AND hash > ?3)
        ORDER BY time, hash LIMIT ?4`,
    ),
    between: db.prepare(
      `SELECT hash, time, beat FROM beats WHERE (time > ?1 OR time = ?1 AND hash > ?2) AND time < ?3
        ORDER BY time, hash LIMIT ?4`,
    ),
    latest: db.prepare('SELECT beat, received FROM beats ORDER BY time DESC LIMIT 1'),
    first: db.prepare('SELECT min(time) AS time FROM beats'),
    count: db.prepare('SELECT count(*) AS n FROM beats'),
    prune: db.prepare(
      'DELETE FROM beats WHERE time < ?1 AND time < coalesce((SELECT since FROM dirty WHERE lane = beats.lane), ?1)',
    ),
    surplus: db.prepare('SELECT time FROM beats ORDER BY time DESC LIMIT 1 OFFSET ?'),
    remove: db.prepare('DELETE FROM beats WHERE hash = ?'),
    tell: db.prepare('INSERT INTO told VALUES (?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET said = excluded.said'),
    told: db.prepare('SELECT said FROM told WHERE hash = ?'),
    cut: db.prepare('SELECT time, hash FROM told WHERE lane = ? AND time < ? ORDER BY time DESC LIMIT 1'),
    pruneTold: db.prepare(
      'DELETE FROM told WHERE time < ?1 AND time < coalesce((SELECT since FROM dirty WHERE lane = told.lane), ?1)',
    ),
    soil: db.prepare(
      `INSERT INTO dirty VALUES (?, ?, ?, 0) ON CONFLICT (lane) DO UPDATE SET
        since = min(since, excluded.since), until = max(until, excluded.until), marks = marks + 1`,
    ),
    dirty: db.prepare('SELECT lane, since, until, marks FROM dirty ORDER BY lane'),
    narrow: db.prepare('UPDATE dirty SET since = ?3 WHERE lane = ?1 AND marks = ?2'),
    clean: db.prepare('DELETE FROM dirty WHERE lane = ? AND marks = ?'),
    pause: db.prepare('INSERT INTO pauses VALUES (?, NULL) ON CONFLICT DO NOTHING'),
    resume: db.prepare('UPDATE pauses SET until = ? WHERE until IS NULL'),
    pauses: db.prepare('SELECT since, until FROM pauses ORDER BY since'),
    prunePauses: db.prepare('DELETE FROM pauses WHERE until < ?'),
    putAside: db.prepare('INSERT INTO aside VALUES (?, ?, ?)'),
    boundAside: db.prepare('DELETE FROM aside WHERE rowid <= (SELECT max(rowid) FROM aside) - ?'),
    aside: db.prepare('SELECT at, why, body FROM aside ORDER BY rowid DESC LIMIT ?'),
    forgetAside: db.prepare('DELETE FROM aside WHERE at >= ? AND at < ?'),
  } satisfies Record<string, StatementSync>
}
