// Which day an event belongs to: a logical day ends at 04:00 local time, because people's days do. Not for: calendars.
import { Temporal } from 'temporal-polyfill'

const DAY_STARTS_AT = 4

/** A function that names the logical day (YYYY-MM-DD) of an epoch ms in one time zone; days it has met cost a lookup. */
export function logicalDays(timeZone: string): (timestamp: number) => string {
  let known: { from: number; to: number; day: string } | null = null
  return (timestamp) => {
    if (known && timestamp >= known.from && timestamp < known.to) return known.day
    const local = Temporal.Instant.fromEpochMilliseconds(Math.trunc(timestamp)).toZonedDateTimeISO(timeZone)
    const date = local.hour < DAY_STARTS_AT ? local.toPlainDate().subtract({ days: 1 }) : local.toPlainDate()
    const startOf = (plain: Temporal.PlainDate) =>
      plain.toZonedDateTime({ timeZone, plainTime: { hour: DAY_STARTS_AT } }).epochMilliseconds
    known = { from: startOf(date), to: startOf(date.add({ days: 1 })), day: date.toString() }
    return known.day
  }
}
