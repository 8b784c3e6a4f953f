// Reads a file that grows by lines from where it was read last. Not for: what the lines say.
import { type FileHandle, open } from 'node:fs/promises'

/** Where a reading stands: bytes of whole lines, in which file. */
export interface Place {
  /** Inode and device: another file under the same name is read from its beginning. */
  file: string
  offset: number
}

export interface Reading extends Place {
  /** Bytes of the file when it was opened. */
  size: number
  /** Epoch ms. */
  changedAt: number
  /** True: it was read from its beginning, as it is another file or has shrunk. */
  anew: boolean
}

const PIECE = 256 * 1024
/** A longer line is passed over. */
export const LINE_MOST = 8 * 1024 * 1024
const NEWLINE = 10

/**
 * Hands over each whole line behind `from`, or undefined for one that is too long; `begin` is called first, with whether it
 * starts anew. A promise of `take` is waited for. The last line counts once it has an end. Rejects with what the file system says.
 */
export async function readOn(
  path: string,
  from: Place | undefined,
  begin: (anew: boolean) => void,
  take: (line: string | undefined) => void | Promise<void>,
  signal?: AbortSignal,
): Promise<Reading> {
  await using file = await open(path, 'r')
  const { size, ino, dev, mtimeMs } = await file.stat()
  const name = `${dev}/${ino}`
  const goesOn = from !== undefined && from.file === name && from.offset <= size
  begin(!goesOn)
  const start = goesOn ? from.offset : 0
  const offset = await readLines(file, start, size, take, signal)
  return { file: name, offset, size, changedAt: Math.round(mtimeMs), anew: !goesOn }
}

/** Where the last whole line ends. */
async function readLines(
  file: FileHandle,
  start: number,
  size: number,
  take: (line: string | undefined) => void | Promise<void>,
  signal: AbortSignal | undefined,
): Promise<number> {
  let read = start
  let offset = start
  let begun: Buffer[] = []
  let length = 0
  while (read < size && !signal?.aborted) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size - read))
    const { bytesRead } = await file.read(piece, 0, piece.length, read)
    if (bytesRead === 0) break
    const bytes = piece.subarray(0, bytesRead)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const last = bytes.subarray(from, end)
      length += last.length
      const line = length > LINE_MOST ? undefined : Buffer.concat([...begun, last]).toString()
      const taken = line === '' ? undefined : take(line)
      if (taken) await taken
      begun = []
      length = 0
      from = end + 1
      offset = read + from
    }
    length += bytesRead - from
    // What is too long is counted, not held.
    begun = length > LINE_MOST ? [] : [...begun, bytes.subarray(from)]
    read += bytesRead
  }
  return offset
}
