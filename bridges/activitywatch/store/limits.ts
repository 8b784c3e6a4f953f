// What may be stored: sizes, depths and ranges, checked before anything waits for a sync, so that a bad event spoils no
// other's. Pure. Not for: the JSON of the API (../server/wire.ts).
import { DaybookError } from '../../../schemas/errors.ts'
import type { Data, Draft, Json } from './buckets.ts'

export const MOST_BUCKETS = 10_000
export const MOST_SETTINGS = 1000
/** Characters; as long as aw-server-rust allows a key to be. */
const LONGEST_KEY = 127
const LONGEST_ID = 256
const LONGEST_FIELD = 1024
/** Characters of JSON. */
const LARGEST_DATA = 1024 * 1024
const DEEPEST = 64
/** µs: beyond a century nobody sat at a desk. */
const LONGEST = 100 * 366 * 86_400 * 1e6

const UNPRINTABLE = /\p{Cc}|\//u

/** Throws `invalid` for what is no name of a bucket. */
export function checkId(id: string): void {
  if (id.length === 0 || id.length > LONGEST_ID || UNPRINTABLE.test(id)) {
    throw new DaybookError(
      'invalid',
      `A bucket's id has 1 to ${LONGEST_ID} characters, no slash, no control characters.`,
    )
  }
}

/** Throws `too_large` for a text of a bucket that no watcher has. */
export function checkField(name: string, text: string | null | undefined): void {
  if (text && text.length > LONGEST_FIELD) {
    throw new DaybookError('too_large', `${name} has more than ${LONGEST_FIELD} characters.`)
  }
}

/** Throws `invalid` for a key that settings do not take. */
export function checkKey(key: string): void {
  if (key.length === 0 || key.length > LONGEST_KEY) {
    throw new DaybookError('invalid', `A setting's key has 1 to ${LONGEST_KEY} characters.`)
  }
}

/** JSON of it. Throws `too_large` or, for what is nested too deeply to be compared, `invalid`. */
export function textOf(value: Json | Data): string {
  if (deeperThan(value, DEEPEST)) throw new DaybookError('invalid', `It is nested more than ${DEEPEST} deep.`)
  const text = JSON.stringify(value)
  if (text.length > LARGEST_DATA) throw new DaybookError('too_large', `${text.length} characters of data.`)
  return text
}

/** Throws `invalid` for times that cannot be kept to the microsecond. */
export function checkTimes({ start, duration }: Draft): void {
  const kept = Number.isSafeInteger(start) && Number.isSafeInteger(start + duration)
  if (!kept || Math.abs(duration) > LONGEST) {
    throw new DaybookError('invalid', 'An event lies between 1685 and 2255 and lasts at most a century.')
  }
}

function deeperThan(value: Json, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => deeperThan(inner, levels - 1))
}
