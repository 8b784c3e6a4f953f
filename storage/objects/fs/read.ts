// Reading a file that holds an object as it is. Not for: finding it, or compressed ones (zstd.ts).
import type { FileHandle } from 'node:fs/promises'
import { DaybookError } from '../../../schemas/errors.ts'
import type { ByteRange, StoredObject } from '../object-store.ts'
import { streamOf } from '../stream-of.ts'

/** Up to here a read is one chunk and holds no file open. */
const AT_ONCE = 1024 * 1024
/** Up to here all of a file is read sooner than its size is asked for. */
const SMALL = 64 * 1024

/** All of a file, or the range. Closes it when that has been read, or the stream has ended. */
export async function readFile(handle: FileHandle, range?: ByteRange): Promise<StoredObject> {
  let isStreaming = false
  try {
    const beginning = range ? null : await readUpTo(handle, SMALL + 1)
    if (beginning && beginning.length <= SMALL) return { size: beginning.length, bytes: streamOf(beginning) }
    const { size } = await handle.stat()
    const { start, end } = range ?? { start: 0, end: size - 1 }
    isStreaming = end - start >= AT_ONCE
    if (isStreaming) return { size, bytes: handle.createReadStream({ start, end, highWaterMark: AT_ONCE }) }
    const bytes = await readUpTo(handle, end - start + 1, start)
    if (bytes.length <= end - start)
      throw new DaybookError('object_damaged', `It ends at byte ${start + bytes.length}.`)
    return { size, bytes: streamOf(bytes) }
  } finally {
    // Nobody has to wait for this.
    if (!isStreaming) handle.close().catch(() => {})
  }
}

/** Less if the file ends before. */
async function readUpTo(handle: FileHandle, length: number, position = 0): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}
