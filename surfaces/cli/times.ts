// Times as people write and read them, in a time zone that is handed in. Pure. Not for: the wire, which has epoch ms.
import { Temporal } from 'temporal-polyfill'
import { DaybookError } from '../../schemas/errors.ts'

/** For help: what `parseTime` takes. */
export const timeForms =
  '2026-11-24, 2026-11-24T18:30, 18:30, 2h or 30m (ago), yesterday, today, now, ISO 8601, epoch ms'

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** Which of two instants a time of day is in the night when the clocks go back. */
export type Twice = 'earlier' | 'later'

/** Epoch ms; what the clocks leave out in spring is as much after their change. Throws `usage` naming the option. */
export function parseTime(
  option: string,
  text: string,
  now: number,
  timeZone: string,
  twice: Twice = 'earlier',
): number {
  const zoned = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timeZone)
  const midnight = zoned.startOfDay()
  const wrong = (why: string) => new DaybookError('usage', `${option} ${text}: ${why}.`)
  if (text === 'now') return now
  if (text === 'today') return midnight.epochMilliseconds
  if (text === 'yesterday') return midnight.subtract({ days: 1 }).epochMilliseconds

  const [, count, unit] = /^(\d+(?:\.\d+)?) ?([smhdw])(?: ago)?$/.exec(text) ?? []
  if (count && unit) return Math.round(now - Number(count) * (UNITS_MS[unit] as number))
  if (/^\d{12,15}$/.test(text)) return Number(text)
  if (/^\d+$/.test(text)) throw wrong('epoch ms have 13 digits; these look like seconds')
  try {
    if (/^\d{1,2}:\d\d(:\d\d)?$/.test(text)) {
      // `compatible` is the earlier one in autumn, and the later one in spring.
      const disambiguation = twice === 'later' ? 'later' : 'compatible'
      const there = zoned.toPlainDate().toPlainDateTime(timeOfDay(text))
      return there.toZonedDateTime(timeZone, { disambiguation }).epochMilliseconds
    }
    if (/[zZ]$|[+-]\d\d:?\d\d$/.test(text.slice(10))) return Temporal.Instant.from(text).epochMilliseconds
    return Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone).epochMilliseconds
  } catch {
    throw wrong(`not a time; write ${timeForms}`)
  }
}

/** What a clock on the wall shows: 9:15, 09:15 and 09:15:00 are the same. Throws RangeError for what it never shows. */
export function timeOfDay(text: string): Temporal.PlainTime {
  return Temporal.PlainTime.from(text.indexOf(':') === 1 ? `0${text}` : text)
}

/** `Tuesday 24 November 2026`. */
export function localDay(timestamp: number, timeZone: string): string {
  const options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric', timeZone } as const
  return new Intl.DateTimeFormat('en-GB', options).format(timestamp)
}

/** `18:30:05`. */
export function localTime(timestamp: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone }).format(timestamp)
}

/** `2 min ago`; what lies ahead is `in 2 min`. */
export function ago(timestamp: number, now: number): string {
  if (Math.abs(now - timestamp) < 5_000) return 'just now'
  const away = span(Math.abs(now - timestamp))
  return timestamp > now ? `in ${away}` : `${away} ago`
}

/** `2 min`, rounded down to the largest unit that fits. */
export function span(ms: number): string {
  const units = [
    ['d', UNITS_MS.d],
    ['h', UNITS_MS.h],
    ['min', UNITS_MS.m],
    ['s', UNITS_MS.s],
  ] as const
  const [name, size = 1] = units.find(([, each = 1]) => ms >= each) ?? ['s', 1_000]
  return `${Math.floor(ms / size)} ${name}`
}
