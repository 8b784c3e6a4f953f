// A SQLite file of ours in the data folder, as outboxes and bridges keep one: a damaged one is set aside, never in the way,
// and what goes wrong has our codes. Not for: tables, statements, or when something is synced.
import { existsSync, renameSync } from 'node:fs'
import type { Clock } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'

const SQLITE_BUSY = 5
export const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

export interface SqliteFileOptions {
  file: string
  clock: Clock
  /** Endings of what lies beside the file and goes with it, besides SQLite's own. */
  beside?: readonly string[]
}

/**
 * Opens a file. One that is no database or damaged is moved to `<file>.damaged-<epoch ms>`, which `open` is then told, and a
 * new one begins. Throws `already_running` (another process holds it), `data_unwritable`, and what `open` throws of ours.
 */
export function openSqliteFile<Opened>(
  { file, clock, beside = [] }: SqliteFileOptions,
  open: (setAside: string | null) => Opened,
): Opened {
  try {
    try {
      return open(null)
    } catch (error) {
      if (![SQLITE_CORRUPT, SQLITE_NOTADB].includes(sqliteCode(error))) throw error
      const aside = `${file}.damaged-${clock.now()}`
      for (const tail of ['', '-wal', '-shm', ...beside])
        if (existsSync(file + tail)) renameSync(file + tail, aside + tail)
      return open(aside)
    }
  } catch (error) {
    throw asUnwritable(error, file)
  }
}

/** SQLite's primary result code; 0: it is no error of SQLite. */
export function sqliteCode(error: unknown): number {
  const code = error instanceof Error && 'errcode' in error ? error.errcode : 0
  return typeof code === 'number' ? code & 0xff : 0
}

/** `already_running` if another process holds the file, else `data_unwritable`; what is ours already stays. */
export function asUnwritable(error: unknown, file: string): DaybookError {
  if (error instanceof DaybookError) return error
  const message = error instanceof Error ? error.message : String(error)
  if (sqliteCode(error) === SQLITE_BUSY)
    return new DaybookError('already_running', `It holds ${file}.`, { cause: error })
  return new DaybookError('data_unwritable', `${file}: ${message}`, { cause: error })
}
