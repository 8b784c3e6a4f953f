// Looks for pieces of many secrets in much data at once. Not for: what the secrets are (corpus.ts).
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import type { Secret } from './corpus.ts'

/** Bytes that must not stand anywhere in a row. */
const PIECE = 10

export type Search = (bytes: Buffer) => Set<string>

/** Returns a search for any ten characters of a secret in a row, as they are or as a URL has them; it names the kinds. */
export function searchFor(secrets: readonly Pick<Secret, 'core' | 'kind'>[]): Search {
  const pieces = new Map<string, string>()
  for (const { core, kind } of secrets)
    for (const form of new Set([core, encodeURIComponent(core)]))
      for (let at = 0; at + PIECE <= form.length; at++) pieces.set(form.slice(at, at + PIECE), kind)
  /** Whether any piece begins with such four bytes: most places need no second look. */
  const begins = new Uint8Array(1 << 24)
  const slot = (four: number) => Math.imul(four, 2_654_435_761) >>> 8
  for (const piece of pieces.keys()) begins[slot(Buffer.from(piece, 'latin1').readInt32LE(0))] = 1
  return (bytes) => {
    const found = new Set<string>()
    for (let at = 0; at + PIECE <= bytes.length; at++) {
      if (begins[slot(bytes.readInt32LE(at))] === 0) continue
      const kind = pieces.get(bytes.toString('latin1', at, at + PIECE))
      if (kind !== undefined) found.add(kind)
    }
    return found
  }
}

/** Every file below a folder, with its bytes; what is compressed as it is and unpacked. */
export function* filesBelow(folder: string): Generator<{ path: string; bytes: Buffer }> {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || statSync(path).size === 0) continue
    const bytes = readFileSync(path)
    yield { path, bytes }
    const unpacked = unpack(bytes)
    if (unpacked) yield { path: `${path} (unpacked)`, bytes: unpacked }
  }
}

function unpack(bytes: Buffer): Buffer | null {
  try {
    if (bytes.length > 4 && bytes.readUInt32LE(0) === 0xfd2fb528) return zstdDecompressSync(bytes)
    if (bytes.length > 2 && bytes.readUInt16LE(0) === 0x8b1f) return gunzipSync(bytes)
  } catch {
    return null
  }
  return null
}
