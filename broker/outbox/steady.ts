// Time for waiting. Not for: the time of events.
import type { Clock } from '../../component.ts'

/** Time for waiting: it stands still when the wall clock is set back, or an answer would be awaited for that long. */
export function steady(clock: Clock): Clock {
  let before = clock.now()
  let time = before
  const now = () => {
    const wall = clock.now()
    time += Math.max(0, wall - before)
    before = wall
    return time
  }
  return { now, sleep: (ms, signal) => clock.sleep(ms, signal) }
}
