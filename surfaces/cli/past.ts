// The stretch of time that --day, --from and --to name, in the user's time zone. Pure. Not for: other times (times.ts).
import { DaybookError } from '../../schemas/errors.ts'
import { parseTime } from './times.ts'

export interface Stretch {
  /** Epoch ms. */
  since: number
  /** Epoch ms, exclusive. */
  until: number
}

export interface Given {
  day: string | undefined
  /** HH:MM or HH:MM:SS. */
  from: string
  /** The same; before `from` it is on the next day. Absent: now, or the end of the day that is given. */
  to: string | undefined
}

const TIME_OF_DAY = /^\d{1,2}:\d\d(:\d\d)?$/
const DAY = /^(\d{4}-\d\d-\d\d|today|yesterday)$/
const HOUR_MS = 3_600_000

/** Without a day it is the last one on which `from` has come. Throws `usage`. */
export function stretchOf({ day, from, to }: Given, now: number, timeZone: string): Stretch {
  if (day !== undefined && !DAY.test(day)) {
    throw new DaybookError('usage', `--day ${day}: write a day such as 2026-11-24, today or yesterday.`)
  }
  const at = (option: string, text: string, moment: number) => {
    if (!TIME_OF_DAY.test(text))
      throw new DaybookError('usage', `${option} ${text}: write a time of day such as 18:30.`)
    return parseTime(option, text, moment, timeZone)
  }
  // Noon, so that an hour more or less by a change of the clocks leaves the day.
  const noonOf = (text: string) => parseTime('--day', text, now, timeZone) + 12 * HOUR_MS
  let noon = noonOf(day ?? 'today')
  if (day === undefined && at('--from', from, noon) > now) noon = noonOf('yesterday')
  const since = at('--from', from, noon)
  if (to === undefined) return { since, until: day === undefined ? now : at('--to', '00:00', noon + 24 * HOUR_MS) }
  const until = at('--to', to, noon)
  return { since, until: until > since ? until : at('--to', to, noon + 24 * HOUR_MS) }
}
