// The SQLite file of one outbox: opened under a lock, made or set aside where needed, and every statement on it. Not
// for: what an entry or an epoch means (entries.ts). It speaks SQL outside storage/, as it must work on a laptop that has
// neither Postgres nor the rest of the house.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Clock, Ids } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { asUnwritable, openSqliteFile, SQLITE_CORRUPT } from '../sqlite-file.ts'

const APPLICATION_ID = 0x0daeb00c
/** What the folder of payloads is called behind the name of the file. */
export const PAYLOADS = '.payloads'
/** Freed pages that one `vacuum` gives back. */
export const VACUUM_PAGES = 1024

/** What each version of the file adds to the one before; `user_version` says which it has. */
const VERSIONS = [
  // head: one row; entries up to `bound` have their number for good. epochs: entry n has seq n - base;
  // below zero stand those of which nothing was ever here.
  `
  CREATE TABLE head (producer TEXT NOT NULL, last INTEGER NOT NULL, bound INTEGER NOT NULL, held INTEGER NOT NULL) STRICT;
  CREATE TABLE epochs (epoch TEXT PRIMARY KEY, base INTEGER NOT NULL UNIQUE, last INTEGER NOT NULL) STRICT;
  CREATE TABLE entries (
    n INTEGER PRIMARY KEY, source TEXT NOT NULL, type TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `,
  // payloads: kept beside the file. uses: entry n refers to it. spent: one that did is gone, as is what it waited for.
  `
  CREATE TABLE payloads (
    id TEXT PRIMARY KEY, size INTEGER NOT NULL, media_type TEXT NOT NULL, name TEXT, kept_at INTEGER NOT NULL,
    uses INTEGER NOT NULL DEFAULT 0, spent INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idle ON payloads (kept_at, spent) WHERE uses = 0;
  CREATE TABLE uses (n INTEGER NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (n, payload)) STRICT, WITHOUT ROWID;
  CREATE TRIGGER used AFTER INSERT ON uses BEGIN
    UPDATE payloads SET uses = uses + 1 WHERE id = NEW.payload;
  END;
  CREATE TRIGGER unused AFTER DELETE ON uses BEGIN
    UPDATE payloads SET uses = uses - 1, spent = 1 WHERE id = OLD.payload;
  END;
  `,
]

export interface FileOptions {
  /** Its folder is made. */
  file: string
  producer: string
  clock: Clock
  ids: Ids
}

export type Statements = ReturnType<typeof prepare>

/** An open file: its statements, and the way to change it. */
export interface OutboxFile {
  readonly statements: Statements
  /** Made just now: nobody can have numbered anything in its epoch before. */
  readonly fresh: boolean
  /** Where the damaged file that stood here was put. */
  readonly setAside: string | null
  /** All or nothing, synced before it returns. Throws `data_unwritable`. */
  transaction(work: (statements: Statements) => void): void
  /** The same, but a power cut may undo it. */
  relaxedTransaction(work: (statements: Statements) => void): void
  /** Safe twice. */
  close(): void
}

/**
 * Opens the file or makes it, and holds its lock until close. One that is no database or damaged is moved to
 * `<file>.damaged-<epoch ms>` and a new one begins. Throws `already_running` (another process holds it),
 * `data_unwritable`, or `config_invalid` (it belongs to another producer).
 */
export function openOutboxFile(options: FileOptions): OutboxFile {
  const { file, clock } = options
  return openSqliteFile({ file, clock, beside: [PAYLOADS] }, (setAside) => open(options, setAside))
}

function open({ file, producer, ids }: FileOptions, setAside: string | null): OutboxFile {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  const db = new DatabaseSync(file, { timeout: 0 })
  try {
    // Exclusive before anything is read: a second process is refused, and SQLite needs no shared memory file.
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216')
    const version = versionOf(db, file)
    if (version === 0) create(db, file, producer, ids.random())
    const { producer: owner } = db.prepare('SELECT producer FROM head').get() as { producer: string }
    if (owner !== producer) throw new DaybookError('config_invalid', `${file} belongs to the producer ${owner}.`)
    if (version > 0 && version < VERSIONS.length) upgrade(db, version)
    const statements = prepare(db)
    const transaction = transactionsOf(db, statements, file)
    return {
      statements,
      fresh: version === 0,
      setAside,
      transaction,
      relaxedTransaction(work) {
        statements.relaxed.run()
        try {
          transaction(work)
        } finally {
          statements.full.run()
        }
      },
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
    throw new DaybookError('data_unwritable', `${file} is not an outbox that this version can read.`)
  }
  const { quick_check: found } = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (found !== 'ok') throw Object.assign(new Error(found), { errcode: SQLITE_CORRUPT })
  return version
}

/** To the latest version, all or nothing. */
function upgrade(db: DatabaseSync, version: number): void {
  db.exec('BEGIN IMMEDIATE')
  for (const step of VERSIONS.slice(version)) db.exec(step)
  db.exec(`PRAGMA user_version = ${VERSIONS.length}; COMMIT`)
}

function create(db: DatabaseSync, file: string, producer: string, epoch: string): void {
  db.exec('PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; BEGIN IMMEDIATE')
  for (const step of VERSIONS) db.exec(step)
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${VERSIONS.length}`)
  db.prepare('INSERT INTO head VALUES (?, 0, 0, 0)').run(producer)
  db.prepare('INSERT INTO epochs VALUES (?, 0, 0)').run(epoch)
  db.exec('COMMIT')
  const folder = openSync(dirname(file), 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function prepare(db: DatabaseSync) {
  return {
    begin: db.prepare('BEGIN IMMEDIATE'),
    commit: db.prepare('COMMIT'),
    rollback: db.prepare('ROLLBACK'),
    relaxed: db.prepare('PRAGMA synchronous = NORMAL'),
    full: db.prepare('PRAGMA synchronous = FULL'),
    head: db.prepare('SELECT producer, last, bound, held FROM head'),
    keepHead: db.prepare('UPDATE head SET last = ?, bound = ?, held = ?'),
    epochs: db.prepare('SELECT epoch, base, last FROM epochs ORDER BY base'),
    clearEpochs: db.prepare('DELETE FROM epochs'),
    addEpoch: db.prepare('INSERT INTO epochs VALUES (?, ?, ?)'),
    insert: db.prepare('INSERT INTO entries (n, source, type, crc, body) VALUES (?, ?, ?, ?, ?)'),
    next: db.prepare('SELECT min(n) AS n FROM entries WHERE n > ?'),
    read: db.prepare('SELECT n, source, type, crc, body FROM entries WHERE n > ? AND n <= ? ORDER BY n LIMIT ?'),
    remove: db.prepare('DELETE FROM entries WHERE n BETWEEN ? AND ?'),
    vacuum: db.prepare(`PRAGMA incremental_vacuum(${VACUUM_PAGES})`),
    free: db.prepare('SELECT freelist_count AS free FROM pragma_freelist_count'),
    pages: db.prepare('SELECT page_count - freelist_count AS pages FROM pragma_page_count, pragma_freelist_count'),
    payloadTotals: db.prepare('SELECT count(*) AS count, coalesce(sum(size), 0) AS bytes FROM payloads'),
    payload: db.prepare('SELECT id, size, media_type AS mediaType, name FROM payloads WHERE id = ?'),
    addPayload: db.prepare('INSERT INTO payloads (id, size, media_type, name, kept_at) VALUES (?, ?, ?, ?, ?)'),
    keepLonger: db.prepare('UPDATE payloads SET kept_at = ?, spent = 0 WHERE id = ?'),
    removePayload: db.prepare('DELETE FROM payloads WHERE id = ? AND uses = 0'),
    idlePayloads: db.prepare(
      'SELECT id, size FROM payloads WHERE uses = 0 AND (kept_at <= ? OR spent >= ?) ORDER BY kept_at LIMIT ?',
    ),
    use: db.prepare('INSERT OR IGNORE INTO uses SELECT ?, id FROM payloads WHERE id = ?'),
    unuse: db.prepare('DELETE FROM uses WHERE n BETWEEN ? AND ?'),
    unuseLost: db.prepare('DELETE FROM uses WHERE n NOT IN (SELECT n FROM entries)'),
    usedBy: db.prepare('SELECT payload FROM uses WHERE n = ?'),
    usedAhead: db.prepare('SELECT payload FROM uses WHERE n > ? AND n <= ? ORDER BY n LIMIT ?'),
    getState: db.prepare('SELECT value FROM state WHERE key = ?'),
    setState: db.prepare('INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'),
    deleteState: db.prepare('DELETE FROM state WHERE key = ?'),
    stateKeys: db.prepare('SELECT key FROM state WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 ORDER BY key'),
  } satisfies Record<string, StatementSync>
}

function transactionsOf(db: DatabaseSync, statements: Statements, file: string): OutboxFile['transaction'] {
  return (work) => {
    try {
      statements.begin.run()
      work(statements)
      statements.commit.run()
    } catch (error) {
      if (db.isOpen && db.isTransaction) statements.rollback.run()
      throw asUnwritable(error, file)
    }
  }
}
