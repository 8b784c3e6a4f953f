// Payloads as files: `ab/<64 hex digits>` in one folder, and the same with `.zst` for text that is worth compressing.
// Files are written once, under another name, and never changed. Not for: what objects there are or who refers to them.
import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, link, open, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream'
import { z } from 'zod'
import { isObjectId } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { onDisk, systemCode } from './disk-errors.ts'
import { defineStore } from './driver.ts'
import { DurableFolders, syncAfter, syncFolder } from './fs/folders.ts'
import { readFile } from './fs/read.ts'
import { compressor, cut, decompressor, HEAD_BYTES, isCompressible, wholeSize } from './fs/zstd.ts'
import type { ObjectStore, Payload } from './object-store.ts'
import { emptySpool, promised, Seen, verified, writeAll } from './payload.ts'

/** Compressed text must be at most this share of the whole. */
const WORTH_IT = 0.9
/** 00 to ff. */
const twoDigits = Array.from({ length: 256 }, (_, at) => at.toString(16).padStart(2, '0'))
const READING = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

export const fs = defineStore({
  storage: 'fs',
  title: 'a folder of files',
  config: z.strictObject({
    folder: z.string().min(1).optional().describe('where they are; default: objects in the data folder'),
  }),
  create: ({ folder }, { data }) => fsStore(folder ? resolve(folder) : join(data, 'objects')),
})

/** An object in its file. */
interface Found {
  handle: FileHandle
  /** Bytes of the whole object. */
  size: number
}

export function fsStore(folder: string): ObjectStore {
  const folders = new DurableFolders(folder)
  const unfinished = join(folder, 'tmp')
  /** What the puts and deletes under way end with, by id: those of one object take turns, so that it is one file. */
  const turns = new Map<string, Promise<void>>()

  /** For what touches our disk, and not for reading a payload: its failures are its own. */
  const disk = <T>(work: Promise<T>) => onDisk(folder, work)
  const pathOf = (id: string) => join(folder, id.slice(0, 2), id)

  async function inTurn(id: string, work: () => Promise<void>): Promise<void> {
    const before = turns.get(id)
    const turn = before ? before.then(work, work) : work()
    turns.set(id, turn)
    try {
      await turn
    } finally {
      if (turns.get(id) === turn) turns.delete(id)
    }
  }

  async function keep(payload: Payload): Promise<void> {
    await disk(folders.make(unfinished))
    const path = pathOf(payload.id)
    const { anew, durable } = await disk(folders.make(dirname(path)))
    // Alongside: making folders durable takes as long as the file itself.
    const ready = told(disk(durable))
    const placed = place(path, payload, anew)
    const synced = told(disk(syncAfter(dirname(path), placed)))
    await placed
    await synced
    await ready
  }

  /** Sees to it that the object stands there, by whatever way is short. */
  async function place(path: string, payload: Payload, anew: boolean): Promise<void> {
    if (!anew && (await stands(path, payload.size))) return
    if (isCompressible(payload.mediaType, payload.size) && (await keepCompressed(path, payload))) return
    if (!(await takeOver(path, payload))) await keepRaw(path, payload)
  }

  /** True if an object of this size is there: it was verified before it got its name. */
  async function stands(path: string, size: number): Promise<boolean> {
    const found = await Promise.all([findRaw(path), findCompressed(path)])
    for (const each of found) each?.handle.close().catch(() => {})
    return found.some((each) => each?.size === size)
  }

  const find = async (path: string) => (await findRaw(path)) ?? (await findCompressed(path))

  async function findRaw(path: string): Promise<Found | null> {
    const handle = await openFile(path)
    return handle && sized(handle, async () => (await handle.stat()).size)
  }

  async function findCompressed(path: string): Promise<Found | null> {
    const handle = await openFile(`${path}.zst`)
    return (
      handle &&
      sized(handle, async () => {
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0)
        return wholeSize(buffer.subarray(0, bytesRead))
      })
    )
  }

  /** Null, and the file is closed, if it has no size to be known. */
  async function sized(handle: FileHandle, sizeOf: () => Promise<number | null>): Promise<Found | null> {
    let size: number | null = null
    try {
      size = await disk(sizeOf())
      return size === null ? null : { handle, size }
    } finally {
      if (size === null) await handle.close()
    }
  }

  async function openFile(path: string): Promise<FileHandle | null> {
    try {
      return await open(path, READING)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return null
      return disk(Promise.reject(error))
    }
  }

  async function keepRaw(path: string, payload: Payload): Promise<void> {
    const { bytes } = payload
    await finishing(path, async (handle) => {
      if (bytes) {
        await disk(writeAll(handle, bytes))
        await disk(handle.datasync())
        return true
      }
      // Hashing lags a chunk behind, so that the disk is busy meanwhile: with the next chunk, at the end with the sync.
      const seen = new Seen(payload)
      let written = Promise.resolve()
      let last: Uint8Array = Buffer.alloc(0)
      for await (const chunk of payload.open()) {
        await written
        written = told(disk(writeAll(handle, chunk)))
        seen.take(last)
        last = chunk
      }
      const synced = told(written.then(() => disk(handle.datasync())))
      seen.take(last)
      seen.end()
      await synced
      return true
    })
  }

  /** False if it saves too little; then nothing is kept. */
  async function keepCompressed(path: string, payload: Payload): Promise<boolean> {
    return finishing(`${path}.zst`, async (handle) => {
      let kept = 0
      for await (const chunk of pipeline(verified(payload), compressor(payload.size), () => {})) {
        kept += chunk.length
        if (kept > payload.size * WORTH_IT) return false
        await disk(writeAll(handle, chunk))
      }
      await disk(handle.datasync())
      return true
    })
  }

  /** Gives the payload's own file a second name, here. False if that is impossible, as on another file system. */
  async function takeOver(path: string, payload: Payload): Promise<boolean> {
    if (payload.file === undefined) return false
    const handle = await open(payload.file, READING).catch(() => null)
    if (!handle) return false
    try {
      for await (const _ of verified(promised(payload, () => handle.createReadStream({ autoClose: false }))));
      await handle.chmod(0o600)
      await handle.datasync()
      await link(payload.file, path)
      return true
    } catch (error) {
      if (error instanceof DaybookError) throw error
      return false
    } finally {
      await handle.close()
    }
  }

  /** Has a file written under another name, and gives it its own if `write`, which syncs it, says so. */
  async function finishing(path: string, write: (handle: FileHandle) => Promise<boolean>): Promise<boolean> {
    const half = join(unfinished, randomUUID())
    const handle = await disk(open(half, 'wx', 0o600))
    let finished = false
    try {
      if (!(await write(handle))) return false
      await disk(Promise.all([rename(half, path), handle.close()]))
      finished = true
      return true
    } finally {
      if (!finished) {
        await handle.close().catch(() => {})
        await rm(half, { force: true }).catch(() => {})
      }
    }
  }

  return {
    storage: 'fs',

    async put(payload) {
      if (!isObjectId('fs', payload.id)) throw new DaybookError('object_damaged', `${payload.id} is no SHA-256.`)
      try {
        await inTurn(payload.id, () => keep(payload))
      } catch (error) {
        folders.forget()
        throw error
      }
    },

    async get(id, range) {
      const path = isObjectId('fs', id) ? pathOf(id) : null
      const raw = path && (await openFile(path))
      if (raw) return disk(readFile(raw, range))
      const compressed = path && (await findCompressed(path))
      if (!compressed) throw new DaybookError('object_missing', `fs:${id}`)
      const { size, handle } = compressed
      const wanted = range ?? { start: 0, end: size - 1 }
      return { size, bytes: pipeline(handle.createReadStream(), decompressor(), cut(wanted), () => {}) }
    },

    async has(id) {
      const found = isObjectId('fs', id) ? await find(pathOf(id)) : null
      await found?.handle.close()
      return found !== null
    },

    async delete(id) {
      if (!isObjectId('fs', id)) return
      const path = pathOf(id)
      await inTurn(id, async () => {
        await disk(Promise.all([rm(path, { force: true }), rm(`${path}.zst`, { force: true })]))
        await disk(syncFolder(dirname(path)).catch((error) => systemCode(error) === 'ENOENT' || Promise.reject(error)))
      })
    },

    async check() {
      await disk(folders.make(unfinished))
      await finishing(unfinished, async (handle) => {
        await disk(handle.write('a look whether files can be kept here\n'))
        await disk(handle.datasync())
        return false
      })
    },

    async open() {
      // All folders at once: a put then has none to make.
      await disk(folders.makeWithin(folder, ['tmp', ...twoDigits]))
      await emptySpool(unfinished)
    },

    async close() {
      await Promise.allSettled(turns.values())
    },
  }
}

/** A promise that is waited for later: until then its failure is nobody's surprise. */
function told<T>(work: Promise<T>): Promise<T> {
  work.catch(() => {})
  return work
}
