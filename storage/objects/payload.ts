// Bytes on their way into a store: named by their hash and counted before anything is kept. Not for: keeping them, which
// a store does.
import { createHash, hash, randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import { onDisk } from './disk-errors.ts'
import type { Payload } from './object-store.ts'

/** What is said of bytes before they are seen; `id` and `size` are held against them. */
export interface PayloadAbout {
  /** RFC 6838. */
  mediaType?: string | undefined
  /** SHA-256, 64 lower-case hex digits. */
  id?: string | undefined
  /** Bytes. */
  size?: number | undefined
}

/** Where a stream of unknown length is written, and how much of it. */
export interface SpoolOptions {
  /** Private; made if it is not there. Emptied by its owner at its start, as nobody else knows what is a leftover. */
  folder: string
  /** Bytes. */
  most: number
  about?: PayloadAbout | undefined
}

/** Bytes in memory. Throws `object_damaged` if they are not what `about` says. */
export function payloadOf(bytes: Uint8Array, about: PayloadAbout = {}): Payload {
  const id = hash('sha256', bytes)
  requireSame(about, { id, size: bytes.length })
  return {
    id,
    size: bytes.length,
    mediaType: about.mediaType,
    bytes,
    async *open() {
      if (bytes.length > 0) yield bytes
    },
  }
}

/** The same promise, to be kept by bytes that nobody has looked at yet. */
export function promised({ id, size, mediaType }: Payload, open: Payload['open']): Payload {
  return { id, size, mediaType, open }
}

/**
 * Writes a stream to a file of its own and counts and hashes it meanwhile, one chunk in memory at a time. Disposing
 * removes the file. Throws `too_large` beyond `most`, `object_damaged`, what the stream throws, and what the disk says;
 * then it reads no further, and no file is left.
 */
export async function spool(
  stream: AsyncIterable<Uint8Array>,
  { folder, most, about = {} }: SpoolOptions,
): Promise<Payload & AsyncDisposable> {
  if ((about.size ?? 0) > most) throw tooLarge(most)
  const file = join(folder, randomUUID())
  await onDisk(folder, mkdir(folder, { recursive: true, mode: 0o700 }))
  const remove = () => onDisk(folder, rm(file, { force: true }))
  const handle = await onDisk(folder, open(file, 'wx', 0o600))
  try {
    const seen = new Seen(about)
    let passed = 0
    for await (const chunk of stream) {
      passed += chunk.length
      if (passed > most) throw tooLarge(most)
      seen.take(chunk)
      await onDisk(folder, writeAll(handle, chunk))
    }
    const { id, size } = seen.end()
    await onDisk(folder, handle.close())
    const open = () => createReadStream(file)
    return { id, size, mediaType: about.mediaType, file, open, [Symbol.asyncDispose]: remove }
  } catch (error) {
    await handle.close().catch(() => {})
    await rm(file, { force: true }).catch(() => {})
    throw error
  }
}

/** Removes all files in a folder of unfinished ones. */
export async function emptySpool(folder: string): Promise<void> {
  await onDisk(folder, mkdir(folder, { recursive: true, mode: 0o700 }))
  for (const name of await onDisk(folder, readdir(folder))) {
    await onDisk(folder, rm(join(folder, name), { recursive: true, force: true }))
  }
}

/** The bytes of a payload; throws `object_damaged` before the end of those that are not what it says. */
export async function* verified(payload: Payload): AsyncGenerator<Uint8Array> {
  if (payload.bytes) {
    yield* payload.open()
    return
  }
  const seen = new Seen(payload)
  for await (const chunk of payload.open()) {
    seen.take(chunk)
    yield chunk
  }
  seen.end()
}

/** Bytes as they pass: hashed, counted, and held against what was said of them. */
export class Seen {
  private readonly hashing = createHash('sha256')
  private readonly said: PayloadAbout
  private size = 0

  constructor(said: PayloadAbout) {
    this.said = said
  }

  /** Throws `object_damaged` as soon as they are too many. */
  take(chunk: Uint8Array): void {
    this.size += chunk.length
    if (this.size > (this.said.size ?? this.size)) throw damaged(this.said, { size: this.size })
    this.hashing.update(chunk)
  }

  /** All have passed; throws `object_damaged`. */
  end(): { id: string; size: number } {
    const seen = { id: this.hashing.digest('hex'), size: this.size }
    requireSame(this.said, seen)
    return seen
  }
}

/** Writes all of a chunk: the system may take less at once. */
export async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) {
    const { bytesWritten } = await handle.write(chunk, at)
    at += bytesWritten
  }
}

function requireSame(said: PayloadAbout, seen: { id: string; size: number }): void {
  if (said.id !== undefined && said.id !== seen.id) throw damaged(said, seen)
  if (said.size !== undefined && said.size !== seen.size) throw damaged(said, seen)
}

function damaged(said: PayloadAbout, seen: { id?: string; size: number }): DaybookError {
  const what = ({ id, size }: PayloadAbout) => [size === undefined ? '' : `${size} bytes`, id ?? ''].join(' ').trim()
  return new DaybookError('object_damaged', `Promised: ${what(said)}; seen: ${what(seen)}.`)
}

function tooLarge(most: number): DaybookError {
  return new DaybookError('too_large', `An object may have at most ${most} bytes.`)
}
