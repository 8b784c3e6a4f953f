// Files in the data folder that only their owner may read: credentials, users, and what is remembered of a broker. Not for:
// what is in them.
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { DaybookError } from './schemas/errors.ts'

/** Writes JSON, 0600 from its first byte, durably and as a whole or not at all. Throws `data_unwritable`. */
export function writePrivately(file: string, content: unknown): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    const half = `${file}.new`
    const descriptor = openSync(half, 'w', 0o600)
    try {
      writeSync(descriptor, `${JSON.stringify(content, null, 2)}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(half, file)
    syncFolder(dirname(file))
  } catch (error) {
    throw new DaybookError('data_unwritable', (error as Error).message, { cause: error })
  }
}

/** Keeps what may be forgotten: what is not there or cannot be read is undefined. */
export function memoryIn(file: string): { load(): unknown; save(memory: unknown): void } {
  return {
    load() {
      try {
        return JSON.parse(readFileSync(file, 'utf8'))
      } catch {
        return undefined
      }
    },
    save: (memory) => writePrivately(file, memory),
  }
}

/** The new name reaches the disk, too. Windows opens no folders; its file systems keep entries in a journal of their own. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
