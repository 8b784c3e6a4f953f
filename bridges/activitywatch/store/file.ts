// The SQLite file of the buckets: opened under a lock, made or set aside where needed, and every statement on it. Not
// for: when to write (group.ts), or what a heartbeat does (open.ts). It speaks SQL outside storage/, as the outbox does:
// watchers are answered from here, whatever broker and database do.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { openSqliteFile, SQLITE_CORRUPT } from '../../../broker/sqlite-file.ts'
import type { Clock } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'

const APPLICATION_ID = 0x0daebac7
/** Freed pages given back at once. */
const VACUUM_PAGES = 256

/** What each version of the file adds to the one before; `user_version` says which it has. */
const VERSIONS = [
  // Times in µs. longest: no event of the bucket lasts longer, so a range need not look further back. change: the
  // number of the event's last change; head keeps the highest when its event is gone. pulsetime: see buckets.ts.
  `
  CREATE TABLE head (change INTEGER NOT NULL) STRICT;
  CREATE TABLE buckets (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, client TEXT NOT NULL,
    hostname TEXT NOT NULL, name TEXT, data TEXT NOT NULL, created INTEGER NOT NULL, longest INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, bucket INTEGER NOT NULL, start INTEGER NOT NULL, duration INTEGER NOT NULL,
    data TEXT NOT NULL, pulsetime INTEGER, change INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX times ON events (bucket, start DESC);
  CREATE UNIQUE INDEX changes ON events (change);
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  INSERT INTO head VALUES (0);
  `,
]

export type Statements = ReturnType<typeof prepare>

/** An open file: its statements. */
export interface BucketsFile {
  readonly file: string
  readonly statements: Statements
  /** Where the damaged file that stood here was put. */
  readonly setAside: string | null
  inTransaction(): boolean
  /** Writes the log of changes into the file and empties it: what was deleted is nowhere any more. */
  scrub(): void
  /** Safe twice. */
  close(): void
}

/**
 * Opens the file or makes it, and holds its lock until close. One that is no database or damaged is moved to
 * `<file>.damaged-<epoch ms>` and a new one begins. Throws `already_running` (another process holds it) or
 * `data_unwritable`.
 */
export function openBucketsFile(file: string, clock: Clock): BucketsFile {
  return openSqliteFile({ file, clock }, (setAside) => open(file, setAside))
}

function open(file: string, setAside: string | null): BucketsFile {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    // Exclusive before anything is read: a second process is refused, and SQLite needs no shared memory file.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216')
    const version = versionOf(db, file)
    if (version === 0) create(db, file)
    // What is deleted here were titles and addresses.
    db.exec('PRAGMA secure_delete = ON')
    const statements = prepare(db)
    return {
      file,
      statements,
      setAside,
      inTransaction: () => db.isTransaction,
      scrub: () => db.exec('PRAGMA wal_checkpoint(TRUNCATE)'),
      close: () => db.isOpen && db.close(),
    }
  } catch (error) {
    db.close()
    throw error
  }
}

/** 0 for an empty file. Throws for what is damaged, and for what is not ours. */
function versionOf(db: DatabaseSync, file: string): number {
  const { application_id: owner } = db.prepare('PRAGMA application_id').get() as { application_id: number }
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
  const { tables } = db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
  if (tables === 0) return 0
  if (owner !== APPLICATION_ID || version < 1 || version > VERSIONS.length) {
    throw new DaybookError('data_unwritable', `${file} holds no buckets that this version can read.`)
  }
  const { quick_check: found } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (found !== 'ok') throw Object.assign(new Error(found), { errcode: SQLITE_CORRUPT })
  return version
}

function create(db: DatabaseSync, file: string): void {
  db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE')
  for (const step of VERSIONS) db.exec(step)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSIONS.length}; COMMIT`)
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

const EVENT = 'events.id, start, duration, data, pulsetime, change'

function prepare(db: DatabaseSync) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    vacuum: db.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`),
    cursor: db.prepare('SELECT max(head.change, coalesce((SELECT max(change) FROM events), 0)) AS change FROM head'),
    keepHead: db.prepare('UPDATE head SET change = ?'),
    buckets: db.prepare('SELECT * FROM buckets ORDER BY key'),
    addBucket: db.prepare(
      `INSERT INTO buckets (id, type, client, hostname, name, data, created, longest) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
    ),
    keepBucket: db.prepare('UPDATE buckets SET type = ?, client = ?, hostname = ?, name = ?, data = ? WHERE key = ?'),
    keepLongest: db.prepare('UPDATE buckets SET longest = ? WHERE key = ?'),
    removeBucket: db.prepare('DELETE FROM buckets WHERE key = ?'),
    removeEvents: db.prepare('DELETE FROM events WHERE bucket = ?'),
    add: db.prepare('INSERT INTO events (bucket, start, duration, data, pulsetime, change) VALUES (?, ?, ?, ?, ?, ?)'),
    keep: db.prepare('UPDATE events SET start = ?, duration = ?, data = ?, pulsetime = ?, change = ? WHERE id = ?'),
    extend: db.prepare('UPDATE events SET duration = ?, pulsetime = ?, change = ? WHERE id = ?'),
    remove: db.prepare('DELETE FROM events WHERE id = ?'),
    event: db.prepare(`SELECT ${EVENT} FROM events WHERE bucket = ? AND id = ?`),
    last: db.prepare(`SELECT ${EVENT} FROM events WHERE bucket = ? ORDER BY start DESC, id DESC LIMIT 1`),
    alike: db.prepare(`SELECT ${EVENT} FROM events WHERE bucket = ? AND start = ? ORDER BY duration DESC, id`),
    // From (start, id) of the last one of the page before.
    page: db.prepare(
      `SELECT ${EVENT} FROM events WHERE bucket = :bucket AND start BETWEEN :from AND :to
        AND (start < :to OR events.id > :after OR :after = 0) AND start + duration >= :since
        ORDER BY start DESC, events.id LIMIT :limit`,
    ),
    count: db.prepare(
      'SELECT count(*) AS n FROM events WHERE bucket = ? AND start BETWEEN ? AND ? AND start + duration >= ?',
    ),
    changed: db.prepare(
      `SELECT buckets.id AS name, ${EVENT.replace('data', 'events.data')} FROM events
        JOIN buckets ON buckets.key = events.bucket WHERE change > ? ORDER BY change LIMIT ?`,
    ),
    forget: db.prepare('DELETE FROM events WHERE bucket = ? AND start >= ? AND start < ? AND start + duration >= ?'),
    prune: db.prepare(
      `DELETE FROM events WHERE id IN
        (SELECT id FROM events WHERE bucket = ? AND start < ?2 AND start + duration < ?2 ORDER BY start LIMIT ?3)`,
    ),
    settings: db.prepare('SELECT key, value FROM settings ORDER BY key'),
    setting: db.prepare('SELECT value FROM settings WHERE key = ?'),
    countSettings: db.prepare('SELECT count(*) AS n FROM settings'),
    setSetting: db.prepare('INSERT INTO settings VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'),
    removeSetting: db.prepare('DELETE FROM settings WHERE key = ?'),
  } satisfies Record<string, StatementSync>
}
