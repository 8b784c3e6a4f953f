// Short gaps between events filled, since watchers look once in a while and nobody knows what was in between. Not for:
// merging heartbeats, which the store does.
import type { Budget } from '../budget.ts'
import { QueryCrash, Unfit } from '../failures.ts'
import type { Scope } from '../function.ts'
import { halfEven, microseconds } from '../instants.ts'
import { copyEvents, equal, events, type QueryEvent, type Value } from '../values.ts'

/** Overlaps smaller than this are trimmed like gaps, µs. */
const TRIMMED = 100_000

/**
 * Gaps of up to `pulsetime` seconds: events of equal data become one, others meet in the middle. What overlaps after that
 * is cut, the later event being right, so that no time is counted twice.
 */
export function flood({ budget }: Scope, list: Value[], pulsetime: Value = 5): Value {
  const flooded = copyEvents(events(list, budget), budget).sort((a, b) => a.start - b.start || a.duration - b.duration)
  if (typeof pulsetime === 'object' || typeof pulsetime === 'string') {
    if (flooded.length > 1) throw new Unfit()
    return normalized(flooded, budget)
  }
  const pulse = microseconds(Number(pulsetime))
  if (pulse > LONGEST_SPAN) throw new QueryCrash('OverflowError', 'The pulsetime of flood is too long')
  for (const [i, earlier] of flooded.entries()) {
    const later = flooded[i + 1]
    if (later) fill(earlier, later, pulse, budget)
  }
  return normalized(flooded, budget)
}

/** 999,999,999 days in µs. */
const LONGEST_SPAN = 86_399_999_999_913_600_000

function fill(a: QueryEvent, b: QueryEvent, pulse: number, budget: Budget): void {
  const gap = b.start - a.end
  if (gap === 0) return
  if (gap < 0 && equal(a.data, b.data, budget)) {
    const [start, end] = [Math.min(a.start, b.start), Math.max(a.end, b.end)]
    a.start = start
    a.duration = end - start
    b.start = end
    b.duration = 0
  } else if (gap > -TRIMMED && gap <= pulse) {
    if (equal(a.data, b.data, budget)) joinAcross(a, b)
    else meetInTheMiddle(a, b, gap)
  }
}

/** The longer one takes all of it. */
function joinAcross(a: QueryEvent, b: QueryEvent): void {
  const end = b.end
  if (a.duration >= b.duration) {
    a.duration = end - a.start
    b.start = end
    b.duration = 0
  } else {
    b.start = a.start
    b.duration = end - b.start
    a.duration = 0
  }
}

function meetInTheMiddle(a: QueryEvent, b: QueryEvent, gap: number): void {
  const end = b.end
  const middle = a.end + halfEven(gap / 2)
  a.duration = middle - a.start
  b.start = middle
  b.duration = end - middle
}

function normalized(list: QueryEvent[], budget: Budget): QueryEvent[] {
  const kept: QueryEvent[] = []
  for (const event of list) {
    if (event.duration > 0) place(event, kept, budget)
  }
  return kept
}

function place(event: QueryEvent, kept: QueryEvent[], budget: Budget): void {
  for (let last = kept.at(-1); last && last.end > event.start; last = kept.at(-1)) {
    if (equal(last.data, event.data, budget)) {
      last.duration = Math.max(last.end, event.end) - last.start
      return
    }
    last.duration = event.start - last.start
    if (last.duration > 0) break
    kept.pop()
  }
  kept.push(event)
}
