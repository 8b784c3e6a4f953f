// ISO 8601 as the library of aw-server reads and prints it, in microseconds. Not for: watchers' timestamps on events,
// which the server reads (../server/).

/** A moment with the offset it was written in. */
export interface Instant {
  /** µs since 1970. */
  us: number
  /** Minutes east of UTC. */
  offset: number
}

const form =
  /^(\d{4})(?:(?:-(\d{1,2})|(\d\d)(?!$))(?:(?:-(\d{1,2})|(\d\d))(?:[ T](\d\d)(?::?(\d\d))?(?::?(\d{1,2})(?:[.,](\d+))?)?(Z|([-+])(\d\d):?(\d\d)?)?)?)?)?$/

/** Undefined for what is no date. What has no offset is UTC. */
export function readInstant(text: string): Instant | undefined {
  const parts = form.exec(text)
  if (!parts) return undefined
  const at = (i: number, otherwise: number) => (parts[i] === undefined ? otherwise : Number(parts[i]))
  const [year, month, day] = [at(1, 0), at(2, at(3, 1)), at(4, at(5, 1))]
  const [hour, minute, second] = [at(6, 0), at(7, 0), at(8, 0)]
  const offset = (parts[11] === '-' ? -1 : 1) * (60 * at(12, 0) + at(13, 0))
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const real = year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
  if (!real || hour > 23 || minute > 59 || second > 59 || Math.abs(offset) >= 24 * 60) return undefined
  const fraction = Number((parts[9] ?? '').slice(0, 6).padEnd(6, '0'))
  const seconds = date.getTime() / 1000 + hour * 3600 + (minute - offset) * 60 + second
  return { us: seconds * 1_000_000 + fraction, offset }
}

/** `2018-01-01T01:01:01+00:00`, with six digits of fraction if there is one; undefined beyond the years 1 to 9999. */
export function printInstant({ us, offset }: Instant): string | undefined {
  const ms = Math.floor(us / 1000)
  const date = new Date(ms + offset * 60_000)
  if (!(date.getUTCFullYear() >= 1 && date.getUTCFullYear() <= 9999)) return undefined
  const fraction = us - Math.floor(us / 1_000_000) * 1_000_000
  const [sign, away] = [offset < 0 ? '-' : '+', Math.abs(offset)]
  const zone = `${sign}${two(Math.floor(away / 60))}:${two(away % 60)}`
  return `${date.toISOString().slice(0, 19)}${fraction ? `.${String(fraction).padStart(6, '0')}` : ''}${zone}`
}

/** Seconds to µs, a half to the even one. */
export function microseconds(seconds: number): number {
  const whole = Math.trunc(seconds)
  return whole * 1_000_000 + halfEven((seconds - whole) * 1_000_000)
}

export function halfEven(value: number): number {
  const below = Math.floor(value)
  const rest = value - below
  if (rest !== 0.5) return Math.round(value)
  return below % 2 === 0 ? below : below + 1
}

const two = (value: number) => String(value).padStart(2, '0')
