// The folder beside an outbox's file that holds payloads, one file each, named by the hash of its bytes. Not for: which
// of them are needed (payloads.ts).
import { createHash, randomUUID } from 'node:crypto'
import {
  closeSync,
  createReadStream,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'

/** What has come and has no name yet. */
export interface Received {
  /** SHA-256, 64 lower-case hex digits. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** Gives it its name; durable when it returns. Throws `data_unwritable`. */
  keep(): void
  drop(): void
}

/** Bytes that are written at once. */
const BLOCK = 64 * 1024

export type PayloadFolder = ReturnType<typeof payloadFolder>

/** The folder is made with its first file; only its owner can read it. */
export function payloadFolder(path: string) {
  const pathOf = (name: string) => join(path, name)
  return {
    pathOf,

    /** Durable when it returns; until then there is nothing under this name. Throws `data_unwritable`. */
    keep(id: string, bytes: Uint8Array): void {
      const unfinished = pathOf(`${id}.new`)
      try {
        if (mkdirSync(path, { recursive: true, mode: 0o700 })) syncFolder(dirname(path))
        writeSynced(unfinished, bytes)
        renameSync(unfinished, pathOf(id))
        syncFolder(path)
      } catch (error) {
        removeSilently(unfinished)
        throw unwritable(path, error)
      }
    },

    /**
     * Writes what comes piece by piece, hashed on the way, to a file without a name yet, synced. `passed` hears how many bytes
     * there are; what it and the body throw ends it, and nothing is left. Rejects with `data_unwritable`.
     */
    async receive(body: AsyncIterable<Uint8Array>, passed: (size: number) => void): Promise<Received> {
      const unfinished = pathOf(`${randomUUID()}.new`)
      const hash = createHash('sha256')
      let size = 0
      const drop = () => removeSilently(unfinished)
      try {
        if (mkdirSync(path, { recursive: true, mode: 0o700 })) syncFolder(dirname(path))
        await using file = await onDisk(path, open(unfinished, 'wx', 0o600))
        for await (const block of blocksOf(body)) {
          size += block.length
          passed(size)
          hash.update(block)
          await onDisk(path, file.appendFile(block))
        }
        passed(size)
        await onDisk(path, file.datasync())
      } catch (error) {
        drop()
        throw error
      }
      const id = hash.digest('hex')
      const keep = () => {
        try {
          renameSync(unfinished, pathOf(id))
          syncFolder(path)
        } catch (error) {
          drop()
          throw unwritable(path, error)
        }
      }
      return { id, size, keep, drop }
    },

    /** True if there is a file of this size; its bytes are not looked at. */
    has: (id: string, size: number) => statSync(pathOf(id), { throwIfNoEntry: false })?.size === size,

    /** False if the bytes are gone, unreadable or not those that the name promises. */
    async isIntact(id: string): Promise<boolean> {
      const hash = createHash('sha256')
      try {
        for await (const chunk of createReadStream(pathOf(id))) hash.update(chunk)
      } catch (error) {
        return !['ENOENT', 'EIO'].includes((error as NodeJS.ErrnoException).code ?? '')
      }
      return hash.digest('hex') === id
    },

    /** What cannot be removed now is left to the next `clean`. */
    remove: (id: string) => removeSilently(pathOf(id)),

    /** Removes what no `keep` has finished and what is not known. */
    clean(isKnown: (id: string) => boolean): void {
      for (const name of namesIn(path)) if (!isKnown(name)) removeSilently(pathOf(name))
    },
  }
}

/** Small pieces together: each write costs more than its bytes. */
async function* blocksOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let size = 0
  for await (const piece of body) {
    waiting.push(piece)
    size += piece.length
    if (size < BLOCK) continue
    yield Buffer.concat(waiting)
    waiting = []
    size = 0
  }
  yield Buffer.concat(waiting)
}

function unwritable(path: string, error: unknown): DaybookError {
  return new DaybookError('data_unwritable', `${path}: ${(error as Error).message}`, { cause: error })
}

function onDisk<T>(path: string, work: Promise<T>): Promise<T> {
  return work.catch((error) => {
    throw unwritable(path, error)
  })
}

function writeSynced(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w', 0o600)
  try {
    for (let written = 0; written < bytes.byteLength; ) written += writeSync(file, bytes, written)
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function removeSilently(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // A file that stays costs room and nothing else.
  }
}
