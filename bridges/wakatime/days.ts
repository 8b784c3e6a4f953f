// Local days as WakaTime's API asks for them. Pure. Not for: the logical days of the house, which end at 04:00.
import { Temporal } from 'temporal-polyfill'

/** Epoch µs, `until` exclusive. */
export interface Day {
  date: string
  since: number
  until: number
  timezone: string
}

/** The most that one answer covers. */
const MOST_DAYS = 400

/** The first of these that is a time zone. */
export function zoneOf(...names: readonly (string | null | undefined)[]): string {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone
  return names.find((name): name is string => typeof name === 'string' && isZone(name)) ?? here
}

export function dayAt(now: number, timezone: string, offset = 0): Day {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(timezone).toPlainDate()
  return dayOf(today.add({ days: offset }), timezone)
}

/** Undefined for what is no day. `today` and `yesterday` are days too. */
export function dayNamed(text: string | undefined, now: number, timezone: string): Day | undefined {
  if (text === 'today' || text === 'yesterday') return dayAt(now, timezone, text === 'today' ? 0 : -1)
  try {
    return dayOf(Temporal.PlainDate.from(/^\d{4}-\d\d-\d\d/.exec(text ?? '')?.[0] ?? ''), timezone)
  } catch {
    return undefined
  }
}

/** Every day from one to another, both in it; undefined for what is no range. */
export function daysBetween(first: Day, last: Day): Day[] | undefined {
  const start = Temporal.PlainDate.from(first.date)
  const { days } = start.until(Temporal.PlainDate.from(last.date), { largestUnit: 'days' })
  if (days < 0 || days >= MOST_DAYS) return undefined
  return Array.from({ length: days + 1 }, (_, index) => dayOf(start.add({ days: index }), first.timezone))
}

/** The ranges that WakaTime's summaries know by name; undefined for others. */
export function rangeNamed(name: string, now: number, timezone: string): Day[] | undefined {
  const word = name.toLowerCase().replace(/[_\s]+/g, ' ')
  const back = /^last (\d+) days(?: from yesterday)?$/.exec(word)
  const to = word.endsWith('from yesterday') || word === 'yesterday' ? -1 : 0
  const from = word === 'today' ? 0 : word === 'yesterday' ? -1 : back ? to + 1 - Number(back[1]) : undefined
  return from === undefined
    ? undefined
    : daysBetween(dayAt(now, timezone, Math.max(from, -MOST_DAYS)), dayAt(now, timezone, to))
}

function dayOf(date: Temporal.PlainDate, timezone: string): Day {
  const micros = (day: Temporal.PlainDate) => day.toZonedDateTime(timezone).epochMilliseconds * 1000
  return { date: date.toString(), since: micros(date), until: micros(date.add({ days: 1 })), timezone }
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
