// Which bytes of an object are asked for, and whether any need to be sent (RFC 9110, 13 and 14). Pure. Not for: sending.
import type { ByteRange } from '../../../storage/objects/object-store.ts'

/** `whole`: all of it, 200. `none`: not one of the bytes asked for is there, 416. */
export type Asked = ByteRange | 'whole' | 'none'

/** A strong validator: the same hash is the same bytes. */
export function entityTag(hash: string): string {
  return `"${hash}"`
}

/** True unless the caller wants another version than this (RFC 9110, 13.1.1): strong comparison, `*` is any. */
export function isWanted(ifMatch: string | undefined, tag: string): boolean {
  if (ifMatch === undefined || ifMatch.trim() === '*') return true
  return [...ifMatch.matchAll(/(W\/)?("[^"]*")/g)].some(([, weak, known]) => weak === undefined && known === tag)
}

/** True if the caller has it already (RFC 9110, 13.1.2): weak comparison with any of the list, `*` is everything. */
export function isKnown(ifNoneMatch: string | undefined, tag: string): boolean {
  if (ifNoneMatch === undefined) return false
  if (ifNoneMatch.trim() === '*') return true
  return [...ifNoneMatch.matchAll(/"[^"]*"/g)].some(([known]) => known === tag)
}

/**
 * A single range in bytes (RFC 9110, 14.1.2). Ignored, as if all were asked for: other units, several ranges, what is
 * malformed, and a range of another version than this one (If-Range, 13.1.5; a date never matches: we send none).
 */
export function askedRange(range: string | undefined, ifRange: string | undefined, tag: string, size: number): Asked {
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== tag)) return 'whole'
  const [, list = ''] = /^bytes=(.*)$/i.exec(range.trim()) ?? []
  // 5.6.1.2: empty elements of a list do not count.
  const specs = list.split(',').flatMap((spec) => spec.trim() || [])
  const [, first = '', last = ''] = /^(\d*)-(\d*)$/.exec(specs[0] ?? '') ?? []
  if (specs.length !== 1 || (first === '' && last === '')) return 'whole'
  if (first === '') return suffix(Number(last), size)
  if (last !== '' && Number(last) < Number(first)) return 'whole'
  if (Number(first) >= size) return 'none'
  return { start: Number(first), end: Math.min(last === '' ? size : Number(last), size - 1) }
}

/** The last `length` bytes. Of an empty object that is all of it, which Content-Range cannot say. */
function suffix(length: number, size: number): Asked {
  if (length === 0) return 'none'
  return size === 0 ? 'whole' : { start: Math.max(0, size - length), end: size - 1 }
}
