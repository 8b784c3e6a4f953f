// A moment of the made day as it is written down in house-day.ts and desk-day.ts, and the few words they are written
// with. Pure. Not for: what it becomes on the wire (day.ts).
import type { ActivityNotification } from '../../../schemas/activity.ts'

/** Payloads that a moment may refer to; day.ts makes them. */
export type PayloadName = 'courier-snapshot' | 'courier-thumbnail' | 'mira-snapshot' | 'mira-thumbnail' | 'transcript'

export interface Moment extends Pick<ActivityNotification, 'source' | 'type' | 'summary' | 'data' | 'phase' | 'cause'> {
  /** Local time of day, HH:MM:SS. */
  at: string
  /** Seconds that it took. */
  seconds?: number
  /** Names the thing that starts, updates and ends, unique in the day. */
  activity?: string
  /** A login, a Claude Code session, a boot. */
  session?: string
  contentRef?: PayloadName
  attachments?: readonly PayloadName[]
}

type More = Omit<Partial<Moment>, 'at' | 'source' | 'type' | 'summary' | 'data'>

/** A word of one source: `say('07:00:00', 'note', 'Slept well', { ... })`. */
export function speaker(source: string, always: More = {}) {
  return (at: string, type: string, summary: string, data: Record<string, unknown> = {}, more: More = {}): Moment => ({
    at,
    source,
    type,
    summary,
    data,
    ...always,
    ...more,
  })
}

/** Something that starts and ends: two moments of one activity, the second with the duration. */
export function lasting(activity: string, begin: Moment, end: Partial<Moment> & { at: string }): Moment[] {
  const seconds = secondsOf(end.at) - secondsOf(begin.at)
  return [
    { ...begin, activity, phase: 'start' },
    { ...begin, ...end, data: { ...begin.data, ...end.data }, activity, phase: 'end', seconds },
  ]
}

/** Of a time of day since midnight. */
export function secondsOf(time: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = time.split(':').map(Number)
  return hours * 3600 + minutes * 60 + seconds
}
