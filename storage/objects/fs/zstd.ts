// Text at rest is kept as Zstandard (RFC 8878), which `zstd -d` reads too: with the size of the whole in the frame's
// head and a checksum at its end. Not for: choosing where it is kept.
import { Transform, type TransformCallback } from 'node:stream'
import { constants, createZstdCompress, createZstdDecompress, type ZstdCompress, type ZstdDecompress } from 'node:zlib'
import { DaybookError } from '../../../schemas/errors.ts'
import { isText } from '../../../schemas/media-types.ts'
import { systemCode } from '../disk-errors.ts'
import type { ByteRange } from '../object-store.ts'

/** No disk gives out less than this, so nothing is saved below. */
const WORTH_IT = 4096

/** The longest head of a frame that we write: magic, descriptor, window, size. */
export const HEAD_BYTES = 14

const MAGIC = 0xfd2fb528

/** True for text that is long enough. */
export function isCompressible(mediaType: string | undefined, size: number): boolean {
  return mediaType !== undefined && size >= WORTH_IT && isText(mediaType)
}

export function compressor(size: number): ZstdCompress {
  return createZstdCompress({ pledgedSrcSize: size, params: { [constants.ZSTD_c_checksumFlag]: 1 } })
}

export function decompressor(): ZstdDecompress {
  return createZstdDecompress()
}

/** The size of the whole by the head of its frame (RFC 8878, 3.1.1.1), or null if it is none of ours. */
export function wholeSize(head: Buffer): number | null {
  if (head.length < 6 || head.readUInt32LE(0) !== MAGIC) return null
  const descriptor = head.readUInt8(4)
  const single = (descriptor & 0x20) !== 0
  const dictionary = [0, 1, 2, 4][descriptor & 3] ?? 0
  const at = 5 + (single ? 0 : 1) + dictionary
  const bytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  if (bytes === 0 || head.length < at + bytes) return null
  if (bytes === 8) return Number(head.readBigUInt64LE(at))
  // The two-byte form begins at 256.
  return head.readUIntLE(at, bytes) + (bytes === 2 ? 256 : 0)
}

/** Lets a range through of what was decompressed; what cannot be decompressed is `object_damaged`. */
export function cut({ start, end }: ByteRange): Transform {
  let at = 0
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      const wanted = chunk.subarray(Math.max(start - at, 0), Math.max(end + 1 - at, 0))
      at += chunk.length
      done(null, wanted.length > 0 ? wanted : undefined)
    },
    destroy(error, done) {
      const damaged = error && /^Z/.test(systemCode(error))
      done(damaged ? new DaybookError('object_damaged', error.message, { cause: error }) : error)
    },
  })
}
