// Fills a gap: what happened while the line was down, or while we were. The entities that changed are read from Home
// Assistant's own history and taken like live states, so that they get the ids they would have had. Not for: live events.
import type { Clock, Logger } from '../../component.ts'
import type { Memory } from './memory.ts'
import { type RestOptions, readHistory, readLogbook } from './rest.ts'
import { eventOf } from './routines.ts'
import type { Taker } from './taker.ts'
import { step, stepState } from './translate.ts'
import { type HomeState, micros } from './wire.ts'

const SECOND = 1e6
const WINDOW = 6 * 3600 * SECOND
/** Fits a URL, and keeps an answer small. */
const GROUP = 40
/** What is sent in order may have times that are a little out of it. Taking states twice tells nothing twice. */
const SLACK = { states: 2 * SECOND, events: 0.05 * SECOND }
/** The recorder writes every five seconds by default: what is younger may not be in history yet. */
const LAG = 60 * SECOND
const TRIES = 10

export interface CatchUpParts {
  taker: Taker
  memory: Memory
  rest: RestOptions
  clock: Clock
  log: Logger
  catchUpDays: number
  /** Entities that Home Assistant does not record; learned here, so that nobody waits for them twice. */
  unrecorded: Set<string>
}

/** Takes in what changed since the last time, up to `states`, the present. Rejects if the line fails meanwhile. */
export async function catchUp(states: readonly HomeState[], parts: CatchUpParts): Promise<void> {
  const { memory, taker, log, rest, catchUpDays } = parts
  const seen = memory.seen()
  if (seen === undefined || catchUpDays === 0) return
  const present = new Map(states.map((state) => [state.entity_id, micros(state.last_updated)]))
  const newest = Math.max(seen, ...present.values())
  const from = Math.max(seen - SLACK.states, newest - catchUpDays * 86_400 * SECOND)
  const gone = memory.ids().filter((id) => !present.has(id))
  const changed = [...present].filter(([id, at]) => at > from && wanted(id, taker)).map(([id]) => id)
  const ids = [...changed, ...gone]
  for (let start = from; start < newest; start += WINDOW) {
    const until = Math.min(start + WINDOW, newest + SECOND)
    for (let i = 0; i < ids.length; i += GROUP) {
      const { items, refused } = await readHistory(ids.slice(i, i + GROUP), start, until, rest)
      if (refused) {
        log.warn({ status: refused }, 'Home Assistant gives no history: of the gap only the present is taken')
        return
      }
      taker.take(items, stepState, { mark: false })
    }
    if (until >= newest) await takeLate(changed, present, start, until, parts)
    const { items } = await readLogbook(Math.max(start, seen - SLACK.events), until, rest)
    taker.take(
      items.flatMap((entry) => eventOf(entry) ?? []),
      step,
      { mark: false },
    )
    if (until < newest) memory.advance(until)
  }
}

/** Reads again until history has what the present shows. */
async function takeLate(
  changed: readonly string[],
  present: ReadonlyMap<string, number>,
  start: number,
  until: number,
  { taker, memory, rest, clock, log, unrecorded }: CatchUpParts,
): Promise<void> {
  const late = (now: number) =>
    changed.filter((id) => {
      const at = present.get(id) ?? 0
      return at > now - LAG && (memory.get(id)?.at ?? 0) < at && !unrecorded.has(id)
    })
  let now = until
  for (let tries = 0; tries < TRIES; tries++) {
    const ids = late(now)
    if (ids.length === 0) return
    await clock.sleep(1000, rest.signal)
    for (let i = 0; i < ids.length; i += GROUP) {
      const past = await readHistory(ids.slice(i, i + GROUP), start, until, rest)
      taker.take(past.items, stepState, { mark: false })
      if (!Number.isNaN(past.now)) now = past.now
    }
  }
  const never = late(now)
  if (never.length > 0)
    log.info({ entities: never }, 'Home Assistant does not record these; their gaps cannot be filled')
  for (const id of never) unrecorded.add(id)
}

function wanted(id: string, { context }: Taker): boolean {
  return context.wanted(id, context.place(id)) && !context.isOwnedTracker(id)
}
