// Sums of time as WakaTime counts them: all heartbeats of the account in one row, the time to the next one is each one's,
// nothing where the next is further than the timeout; and the answer's form. Pure. Not for: activities, which are told by
// machine (stretch.ts).
import type { Day } from './days.ts'
import type { Heartbeat } from './heartbeat.ts'

const DIMENSIONS = {
  projects: ({ project }: Heartbeat) => project || 'Unknown Project',
  languages: ({ language }: Heartbeat) => language || 'Other',
  editors: ({ source, more }: Heartbeat) => (typeof more.program === 'string' ? more.program : source),
  categories: ({ category }: Heartbeat) => capital(category || 'coding'),
  machines: ({ machine }: Heartbeat) => machine || 'Unknown',
  operating_systems: ({ more }: Heartbeat) => (typeof more.os === 'string' ? capital(more.os) : 'Unknown'),
  branches: ({ branch }: Heartbeat) => branch || 'Unknown',
  entities: ({ entity }: Heartbeat) => entity,
}

/** Lists are cut here, the longest times first. */
const MOST_ENTRIES = 100

export interface Sums {
  /** Seconds. */
  total: number
  by: Record<keyof typeof DIMENSIONS, Map<string, number>>
}

/** A stretch of one project, as `durations` lists them. */
export interface Duration {
  project: string
  /** Epoch s. */
  time: number
  /** s. */
  duration: number
}

/** Takes heartbeats in order of time; `timeout` in µs. */
export function createSums(timeout: number): {
  add(beat: Heartbeat): void
  readonly sums: Sums
  durations: Duration[]
} {
  const by = Object.fromEntries(Object.keys(DIMENSIONS).map((key) => [key, new Map()])) as unknown as Sums['by']
  const sums: Sums = { total: 0, by }
  const durations: Duration[] = []
  let last: Heartbeat | undefined
  return {
    sums,
    durations,
    add(beat) {
      const gap = last ? beat.time - last.time : Infinity
      const joined = gap <= timeout
      if (last && joined) {
        sums.total += gap / 1e6
        for (const key of Object.keys(DIMENSIONS) as (keyof typeof DIMENSIONS)[]) {
          const name = DIMENSIONS[key](last)
          by[key].set(name, (by[key].get(name) ?? 0) + gap / 1e6)
        }
        const open = durations.at(-1)
        if (open) open.duration += gap / 1e6
      }
      if (!joined || last?.project !== beat.project)
        durations.push({ project: DIMENSIONS.projects(beat), time: beat.time / 1e6, duration: 0 })
      last = beat
    },
  }
}

/** A day as WakaTime's `summaries` and `status_bar` answer it. */
export function summaryOf({ total, by }: Sums, { date, since, until, timezone }: Day, isToday: boolean) {
  const lists = Object.entries(by).map(([key, times]) => [key, entriesOf(times, total)] as const)
  return {
    ...Object.fromEntries(lists),
    dependencies: [],
    grand_total: timeOf(total),
    range: {
      date,
      start: new Date(since / 1000).toISOString(),
      end: new Date(until / 1000 - 1000).toISOString(),
      text: isToday ? 'Today' : date,
      timezone,
    },
  }
}

/** Seconds in all the forms that WakaTime's answers bear. */
export function timeOf(seconds: number) {
  const whole = Math.floor(seconds)
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)]
  return {
    hours,
    minutes,
    digital: `${hours}:${String(minutes).padStart(2, '0')}`,
    decimal: (seconds / 3600).toFixed(2),
    text: textOf(whole),
    total_seconds: Math.round(seconds * 1000) / 1000,
  }
}

export function textOf(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)]
  if (hours > 0) return `${many(hours, 'hr')} ${many(minutes, 'min')}`
  return minutes > 0 ? many(minutes, 'min') : many(Math.floor(seconds), 'sec')
}

function entriesOf(times: ReadonlyMap<string, number>, total: number) {
  return [...times]
    .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .slice(0, MOST_ENTRIES)
    .map(([name, seconds]) => ({
      name,
      ...timeOf(seconds),
      seconds: Math.floor(seconds % 60),
      percent: total > 0 ? Math.round((seconds / total) * 10_000) / 100 : 0,
    }))
}

function many(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1)
}
