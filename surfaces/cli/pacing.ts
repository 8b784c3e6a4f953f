// When a message of the past is due now: spaced as it was, divided by a speed. Counted from the beginning and never from
// the message before, so that it does not drift. Pure but for the clock, which is handed in. Not for: publishing.
import type { Clock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'

export interface Pace {
  /** Ms until what happened at this time (epoch ms) is due; 0 if it is, or is late. The first one asked about is due. */
  until(at: number): number
}

/** `speed` is a factor of real time, `Infinity` for as fast as it goes. */
export function createPace(clock: Clock, speed: number): Pace {
  let origin: { at: number; now: number } | undefined
  return {
    until(at) {
      const now = clock.now()
      origin ??= { at, now }
      if (speed === Number.POSITIVE_INFINITY) return 0
      return Math.max(0, origin.now + (at - origin.at) / speed - now)
    },
  }
}

/** A factor or `max`; throws `usage`. */
export function parseSpeed(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY
  const speed = Number(text.replace(/x$/, ''))
  if (text.trim() !== '' && speed > 0 && Number.isFinite(speed)) return speed
  throw new DaybookError('usage', `--speed ${text}: write a number above 0, such as 10 or 0.5, or max.`)
}
