// The stretch of time that --day, --from and --to name, in the user's time zone. Pure. Not for: other times (times.ts).
import { Temporal } from 'temporal-polyfill'
import { DaybookError } from '../../schemas/errors.ts'
import { parseTime, type Twice, timeOfDay } from './times.ts'

export interface Stretch {
  /** Epoch ms. */
  since: number
  /** Epoch ms, exclusive; never before `since`. */
  until: number
}

export interface Given {
  day: string | undefined
  /** HH:MM or HH:MM:SS. */
  from: string
  /** The same; by the clock not after `from` it is on the next day. Absent: now, or the end of the day that is given. */
  to: string | undefined
}

const TIME_OF_DAY = /^\d{1,2}:\d\d(:\d\d)?$/
const DAY = /^(\d{4}-\d\d-\d\d|today|yesterday)$/
const HOUR_MS = 3_600_000

/**
 * Without a day it is the last one on which `from` has come. A time that is there twice when the clocks go back is the
 * earlier one as `from`, the later one as `to`: all that could be meant. Throws `usage`.
 */
export function stretchOf({ day, from, to }: Given, now: number, timeZone: string): Stretch {
  if (day !== undefined && !DAY.test(day)) {
    throw new DaybookError('usage', `--day ${day}: write a day such as 2026-11-24, today or yesterday.`)
  }
  const at = (option: string, text: string, moment: number, twice?: Twice) => {
    if (!TIME_OF_DAY.test(text))
      throw new DaybookError('usage', `${option} ${text}: write a time of day such as 18:30.`)
    return parseTime(option, text, moment, timeZone, twice)
  }
  // Noon, so that an hour more or less by a change of the clocks leaves the day.
  const noonOf = (text: string) => parseTime('--day', text, now, timeZone) + 12 * HOUR_MS
  let noon = noonOf(day ?? 'today')
  if (day === undefined && at('--from', from, noon) > now) noon = noonOf('yesterday')
  const since = at('--from', from, noon)
  if (to === undefined) return { since, until: day === undefined ? now : at('--to', '00:00', noon + 24 * HOUR_MS) }
  const sameDay = at('--to', to, noon, 'later')
  // Instants cannot tell: of an hour that the clocks leave out in spring, both ends are one.
  const isNextDay = Temporal.PlainTime.compare(timeOfDay(to), timeOfDay(from)) <= 0
  return { since, until: isNextDay ? at('--to', to, noon + 24 * HOUR_MS, 'later') : Math.max(since, sameDay) }
}
