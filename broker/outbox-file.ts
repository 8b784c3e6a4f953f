// The SQLite file of one outbox: entries in the order they were emitted, the epochs that number them, the bridge's
// small state. Not for: sending anything, or for deciding when an entry may go (outbox-sender.ts). The one place outside
// storage/ that speaks SQL: it must work on a laptop that has neither Postgres nor the rest of the house.
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import type { Clock, Ids } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'

/** An entry to keep: where it goes, and the JSON object it is. */
export interface NewEntry {
  source: string
  type: string
  body: Buffer
}

/** A kept entry; `body` is null when its bytes no longer match their checksum. */
export interface Entry {
  n: number
  source: string
  type: string
  body: Buffer | null
}

/** Entry `n` of an epoch has seq `n - base`; the next epoch's base is its end. `last`: the highest seq known of it. */
export interface Epoch {
  epoch: string
  base: number
  last: number
}

/** A bridge's own small memory; values are JSON, writes are synced. The shape of BridgeState in bridges/bridge.ts. */
export interface OutboxState {
  get<T>(key: string): T | undefined
  set(key: string, value: unknown): void
  delete(key: string): void
  keys(prefix?: string): string[]
}

const APPLICATION_ID = 0x0daeb00c
const VACUUM_ABOVE_PAGES = 2048

const SCHEMA = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  BEGIN IMMEDIATE;
  CREATE TABLE head (producer TEXT NOT NULL, last INTEGER NOT NULL, bound INTEGER NOT NULL, held INTEGER NOT NULL) STRICT;
  CREATE TABLE epochs (epoch TEXT PRIMARY KEY, base INTEGER NOT NULL UNIQUE, last INTEGER NOT NULL) STRICT;
  CREATE TABLE entries (n INTEGER PRIMARY KEY, source TEXT NOT NULL, type TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
  CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = 1;
`

export interface FileOptions {
  file: string
  producer: string
  clock: Clock
  ids: Ids
}

/**
 * Opens the file or makes it, and holds its lock until close. A file that is no database is moved to
 * `<file>.damaged-<epoch ms>` and a new one begins. Throws `already_running` (another process holds it),
 * `data_unwritable`, or `config_invalid` (it belongs to another producer).
 */
export function openOutboxFile(options: FileOptions): OutboxFile {
  try {
    return new OutboxFile(options, null)
  } catch (error) {
    if (!isDamage(error)) throw asUnwritable(error, options.file)
    const aside = `${options.file}.damaged-${options.clock.now()}`
    for (const tail of ['', '-wal', '-shm']) {
      if (existsSync(options.file + tail)) renameSync(options.file + tail, aside + tail)
    }
    return new OutboxFile(options, aside)
  }
}

export class OutboxFile {
  /** Made in this run: nobody can have numbered anything in its epoch before. */
  readonly fresh: boolean
  /** Where the damaged file that stood here was put. */
  readonly setAside: string | null
  readonly state: OutboxState
  readonly #db: DatabaseSync
  readonly #statements: ReturnType<typeof prepare>
  #epochs: Epoch[]
  #last: number
  #bound: number
  #held: number

  constructor({ file, producer, ids }: FileOptions, setAside: string | null) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    this.fresh = !existsSync(file)
    this.setAside = setAside
    if (this.fresh) closeSync(openSync(file, 'a', 0o600))
    this.#db = new DatabaseSync(file, { timeout: 0 })
    try {
      // Exclusive before anything is read: a second process is refused, and SQLite needs no shared memory file.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216')
      this.#prepareFile(file, producer, ids)
      this.#statements = prepare(this.#db)
      const head = this.#statements.head.get() as { producer: string; last: number; bound: number; held: number }
      if (head.producer !== producer) throw new DaybookError('config_invalid', `${file} belongs to ${head.producer}`)
      ;({ last: this.#last, bound: this.#bound, held: this.#held } = head)
      this.#epochs = this.#statements.epochs.all().map((row) => ({ ...row }) as unknown as Epoch)
      this.state = stateOf(this.#statements, (work) => this.#transaction(work))
    } catch (error) {
      this.#db.close()
      throw error
    }
  }

  /** The highest entry ever kept. */
  get last(): number {
    return this.#last
  }

  /** Entries up to here have their number for good; only they may be sent. */
  get bound(): number {
    return this.#bound
  }

  /** How many entries are kept now. */
  get held(): number {
    return this.#held
  }

  /** Oldest first; the last one numbers what is appended. */
  get epochs(): readonly Epoch[] {
    return this.#epochs
  }

  get current(): Epoch {
    return this.#epochs.at(-1) as Epoch
  }

  /** The epoch that numbers an entry. */
  epochOf(n: number): Epoch {
    return this.#epochs.findLast((epoch) => epoch.base < n) as Epoch
  }

  /** Bytes in use; freed pages do not count. */
  get bytes(): number {
    return (this.#statements.pages.get() as { pages: number }).pages * 4096
  }

  /** Keeps all or none, synced; `bind` also gives them their numbers. */
  append(entries: readonly NewEntry[], bind: boolean): void {
    const last = this.#last + entries.length
    const bound = bind ? last : this.#bound
    const held = this.#held + entries.length
    this.#transaction(({ insert }) => {
      let n = this.#last
      for (const { source, type, body } of entries) insert.run(++n, source, type, crc32(body), body)
      this.#keepHead(last, bound, held)
    })
    this.#last = last
    this.#bound = bound
    this.#held = held
  }

  /** Everything kept gets the number it has in the current epoch, for good. */
  bind(): void {
    if (this.#bound === this.#last) return
    this.#transaction(() => this.#keepHead(this.#last, this.#last, this.#held))
    this.#bound = this.#last
  }

  /** Begins a new epoch: what lies above `base` is numbered from 1 in it. The former one ends at its seq `last`. */
  begin(epoch: string, base: number, last: number): void {
    const former = this.current
    const kept = former.base === base ? this.#epochs.slice(0, -1) : this.#epochs.with(-1, { ...former, last })
    this.#keepEpochs([...kept, { epoch, base, last: 0 }], this.#last)
  }

  /** An ended epoch turned out to reach further. */
  extend(epoch: string, last: number): void {
    this.#keepEpochs(
      this.#epochs.map((one) => (one.epoch === epoch ? { ...one, last } : one)),
      this.#bound,
    )
  }

  /** An ended epoch without entries is over. */
  drop(epoch: string): void {
    this.#keepEpochs(
      this.#epochs.filter((one) => one.epoch !== epoch),
      this.#bound,
    )
  }

  /** The lowest entry above `after`. */
  next(after: number): number | undefined {
    return (this.#statements.next.get(after) as { n: number | null }).n ?? undefined
  }

  /** At most `limit` entries above `after` and up to `upTo`, in order. */
  read(after: number, upTo: number, limit: number): Entry[] {
    return this.#statements.read.all(after, upTo, limit).map((row) => {
      const { n, source, type, crc, body } = row as {
        n: number
        source: string
        type: string
        crc: number
        body: Uint8Array
      }
      const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      return { n, source, type, body: crc32(bytes) === crc ? bytes : null }
    })
  }

  /**
   * Removes ranges of entries, all or none; how many there were. Not synced by itself: what a power cut brings back is
   * sent once more and is a duplicate.
   */
  remove(ranges: readonly (readonly [number, number])[]): number {
    const { relaxed, full, remove } = this.#statements
    let removed = 0
    relaxed.run()
    try {
      this.#transaction(() => {
        for (const [from, to] of ranges) removed += Number(remove.run(from, to).changes)
        this.#keepHead(this.#last, this.#bound, this.#held - removed)
      })
      this.#held -= removed
      this.#giveBackSpace()
    } finally {
      full.run()
    }
    return removed
  }

  /** Says how many entries there are, for when the file has lost some. */
  recount(held: number): void {
    this.#transaction(() => this.#keepHead(this.#last, this.#bound, held))
    this.#held = held
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  #prepareFile(file: string, producer: string, ids: Ids): void {
    const { user_version: version } = this.#db.prepare('PRAGMA user_version').get() as { user_version: number }
    const { application_id: owner } = this.#db.prepare('PRAGMA application_id').get() as { application_id: number }
    if (owner === APPLICATION_ID && version === 1) {
      // What a crash leaves is looked through once; a clean end has no WAL.
      if (existsSync(`${file}-wal`)) this.#check()
      this.#db.exec('PRAGMA journal_mode = WAL')
      return
    }
    const { tables } = this.#db.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number }
    if (tables > 0) throw new DaybookError('data_unwritable', `${file} is not an outbox that this version can read`)
    this.#db.exec(SCHEMA)
    this.#db.prepare('INSERT INTO head VALUES (?, 0, 0, 0)').run(producer)
    this.#db.prepare('INSERT INTO epochs VALUES (?, 0, 0)').run(ids.random())
    this.#db.exec('COMMIT')
    const folder = openSync(dirname(file), 'r')
    fsyncSync(folder)
    closeSync(folder)
  }

  #check(): void {
    const { quick_check: found } = this.#db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
    if (found !== 'ok') throw Object.assign(new Error(found), { errcode: SQLITE_CORRUPT })
  }

  #keepEpochs(epochs: readonly Epoch[], bound: number): void {
    this.#transaction(({ clearEpochs, addEpoch }) => {
      clearEpochs.run()
      for (const { epoch, base, last } of epochs) addEpoch.run(epoch, base, last)
      this.#keepHead(this.#last, bound, this.#held)
    })
    this.#epochs = [...epochs]
    this.#bound = bound
  }

  #keepHead(last: number, bound: number, held: number): void {
    this.#statements.keepHead.run(last, bound, held)
  }

  /** A week offline must not leave a large file for ever: freed pages go back in small steps. */
  #giveBackSpace(): void {
    const { free } = this.#statements.free.get() as { free: number }
    if (free > VACUUM_ABOVE_PAGES) this.#db.exec(`PRAGMA incremental_vacuum(${VACUUM_ABOVE_PAGES / 2})`)
  }

  #transaction(work: (statements: ReturnType<typeof prepare>) => void): void {
    const { begin, commit, rollback } = this.#statements
    try {
      begin.run()
      work(this.#statements)
      commit.run()
    } catch (error) {
      if (this.#db.isOpen && this.#db.isTransaction) rollback.run()
      throw asUnwritable(error, this.#db.location() ?? '')
    }
  }
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
    free: db.prepare('SELECT freelist_count AS free FROM pragma_freelist_count'),
    pages: db.prepare('SELECT page_count - freelist_count AS pages FROM pragma_page_count, pragma_freelist_count'),
    getState: db.prepare('SELECT value FROM state WHERE key = ?'),
    setState: db.prepare('INSERT INTO state VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value'),
    deleteState: db.prepare('DELETE FROM state WHERE key = ?'),
    stateKeys: db.prepare('SELECT key FROM state WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 ORDER BY key'),
  } satisfies Record<string, StatementSync>
}

type Transaction = (work: (statements: ReturnType<typeof prepare>) => void) => void

function stateOf(statements: ReturnType<typeof prepare>, transaction: Transaction): OutboxState {
  return {
    get<T>(key: string) {
      const row = statements.getState.get(key) as { value: string } | undefined
      return row && (JSON.parse(row.value) as T)
    },
    set(key, value) {
      const text = JSON.stringify(value)
      transaction(({ setState, deleteState }) => (text === undefined ? deleteState.run(key) : setState.run(key, text)))
    },
    delete: (key) => transaction(({ deleteState }) => deleteState.run(key)),
    keys: (prefix = '') => statements.stateKeys.all(prefix).map((row) => (row as { key: string }).key),
  }
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

/** The primary result code of SQLite, 0 for what it did not throw. */
function sqliteCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : 0
  return typeof code === 'number' ? code & 0xff : 0
}

function isDamage(error: unknown): boolean {
  return [SQLITE_CORRUPT, SQLITE_NOTADB].includes(sqliteCode(error))
}

function asUnwritable(error: unknown, file: string): DaybookError {
  if (error instanceof DaybookError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (sqliteCode(error) === SQLITE_BUSY)
    return new DaybookError('already_running', `${file} is locked`, { cause: error })
  return new DaybookError('data_unwritable', `${file}: ${message}`, { cause: error })
}
