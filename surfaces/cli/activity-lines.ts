// Activities as lines for people: one a line, a heading a day. Pure. Not for: fetching them.
import type { ActivityEvent } from '../../schemas/activity.ts'
import { columns, plain } from './text.ts'
import { localDay, localTime } from './times.ts'

type Shown = Pick<ActivityEvent, 'timestamp' | 'source' | 'eventType' | 'summary'>

/** Turns pages into lines and remembers between them which day was the last. */
export function activityLines(timeZone: string): (activities: readonly Shown[]) => string[] {
  let day = ''
  return (activities) => {
    const lines = columns(
      activities.map(({ timestamp, source, eventType, summary }) => [
        localTime(timestamp, timeZone),
        plain(source),
        plain(eventType),
        plain(summary),
      ]),
      '  ',
    )
    return activities.flatMap(({ timestamp }, index) => {
      const line = lines[index] as string
      const today = localDay(timestamp, timeZone)
      if (today === day) return [line]
      const heading = day === '' ? [today] : ['', today]
      day = today
      return [...heading, line]
    })
  }
}
