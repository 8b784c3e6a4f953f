// What may be stored in a bucket at all: nothing private, nothing of a pause, and no secrets. Asked for everything that
// comes in, from watchers, from a followed server and from imports. Not for: what becomes of it (live.ts).
import type { Clock, Logger } from '../../component.ts'
import { isYes, type Privacy } from '../../schemas/privacy.ts'
import type { BridgeState } from '../bridge.ts'
import { isPath } from './meanings.ts'
import type { Draft } from './store/buckets.ts'
import { isTooLong, isTooOld } from './translate.ts'

interface Pause {
  /** µs; `until` is exclusive, null while it lasts. */
  since: number
  until: number | null
}

const KEY = 'pauses'
const KEPT = 100

export type Gate = ReturnType<typeof createGate>

export interface GateOptions {
  privacy: Privacy
  state: BridgeState
  clock: Clock
  log: Logger
}

export function createGate({ privacy, state, clock, log }: GateOptions) {
  let pauses = state.get<Pause[]>(KEY) ?? []
  const paused = () => pauses.at(-1)?.until === null
  /** Buckets in which something came since the last pause. */
  const looked = new Set<string>()
  let notKept = 0
  const odd = { tooOld: 0, tooLong: 0 }

  function note(what: keyof typeof odd, sentence: string): void {
    if (odd[what] === 0) log.warn(`${sentence}; this is said once, and counted as ${what}`)
    odd[what]++
  }

  const isIn = ({ start }: Draft) => pauses.some(({ since, until }) => start >= since && start < (until ?? Infinity))

  function look<Event extends Draft>(event: Event): Event | null {
    if (isIn(event)) return null
    const end = event.start + event.duration
    const of = pauses.find(({ since, until }) => event.start < (until ?? Infinity) && end > since)
    const { url, title, app, file, projectPath, project, incognito } = event.data
    // Of a repository or a chat `private` says something else.
    const isWindow = url !== undefined || title !== undefined || app !== undefined
    const isPrivate = isYes(incognito) || (isWindow && isYes(event.data.private))
    const path = [file, projectPath, project].find(isPath)
    const seen = { url: text(url), title: text(title), app: text(app), path: text(path), isPrivate }
    if (!privacy.allows(seen)) return null
    const data = privacy.clean(event.data)
    if (!of && data === event.data) return event
    return { ...event, data, ...(of && { duration: of.since - event.start }) }
  }

  return {
    paused,
    pause(pause: boolean): void {
      if (pause === paused()) return
      const now = clock.now() * 1000
      pauses = pause
        ? [...pauses.slice(1 - KEPT), { since: now, until: null }]
        : pauses.map((one) => ({ ...one, until: one.until ?? now }))
      state.set(KEY, pauses)
      looked.clear()
    },

    /** The same as `admit`, for what was counted before or may come again. */
    look,

    /** The event as it may be kept; null: not at all. What reaches into a pause ends where that began. */
    admit<Event extends Draft>(event: Event): Event | null {
      if (isIn(event)) notKept++
      const kept = look(event)
      if (kept && isTooOld(kept)) note('tooOld', 'an event of before 1970 is kept in its bucket and not told')
      else if (kept && isTooLong(kept)) note('tooLong', 'an event of more than 31 years is told as one of 31 years')
      return kept
    },

    /** How many events were told otherwise than they are, or not at all. */
    odd: () => ({ ...odd }),

    /** How many events were not kept because they are of a pause. */
    notKept: () => notKept,

    /** True if a pause began between the last event and this heartbeat, which must not make that event longer. */
    isApart(bucket: string, start: number, last: () => Draft | undefined): boolean {
      const latest = pauses.at(-1)
      if (!latest) return false
      const isAfter = start >= latest.since
      if (isAfter && looked.has(bucket)) return false
      // What is late becomes the last event: the next heartbeat comes after the pause again.
      if (isAfter) looked.add(bucket)
      else looked.delete(bucket)
      const before = last()
      return before !== undefined && pauses.some(({ since }) => since >= before.start && since < start)
    },
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
