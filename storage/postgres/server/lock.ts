// One Daybook a data folder. The lock is the operating system's, taken through SQLite, so it ends with its process
// however that dies: it is never stale, never stolen from the living, and pids that repeat in containers do not matter.
// Not for: several workers on one database, which know each other by advisory locks.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DaybookError } from '../../../schemas/errors.ts'

/** Held as long as it is kept: one that is forgotten may be collected, and its lock with it. */
export interface FolderLock {
  /** Safe twice. */
  release(): void
}

/**
 * Takes `<folder>/<name>.lock`, making the folder if need be; `<name>.pid` tells people who holds it. Throws
 * `already_running` at once if anyone does, this process included, and `data_unwritable`.
 */
export function lockDataFolder(folder: string, name = 'daybook'): FolderLock {
  const pidFile = join(folder, `${name}.pid`)
  let lock: DatabaseSync | undefined
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    lock = new DatabaseSync(join(folder, `${name}.lock`), { timeout: 0 })
    lock.exec('pragma journal_mode = memory; pragma locking_mode = exclusive; begin exclusive')
    writeFileSync(pidFile, `${process.pid}\n`)
  } catch (error) {
    lock?.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) {
      throw new DaybookError('already_running', `It is process ${holder(pidFile)} and holds ${folder}.`)
    }
    const why = error instanceof Error ? error.message : String(error)
    throw new DaybookError('data_unwritable', `${folder}: ${why}`, { cause: error })
  }
  const held = lock
  return {
    release: () => {
      if (!held.isOpen) return
      rmSync(pidFile, { force: true })
      held.close()
    },
  }
}

const SQLITE_BUSY = 5

function holder(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim()
  } catch {
    return 'unknown'
  }
}
