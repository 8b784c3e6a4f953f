// Bytes that are here as the stream that readers of objects are handed. Not for: bytes that have still to come.
import { Readable } from 'node:stream'

/** Cheaper than Readable.from: no iterator stands behind it. */
export function streamOf(bytes: Uint8Array): Readable {
  const stream = new Readable({ read() {} })
  if (bytes.length > 0) stream.push(bytes)
  stream.push(null)
  return stream
}
