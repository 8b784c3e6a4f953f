// The pauses of one bridge, remembered through restarts: what happened in one is not made up for afterwards, whenever
// it is found out. Not for: the pauses of the house, which storage keeps as suppressions.
import type { Clock } from '../component.ts'
import type { BridgeState } from './bridge.ts'

const KEY = 'host/pauses'
const KEPT = 100
/** A laptop that slept wakes to a clock that has gone on. */
const LOOK_MS = 5_000

interface Pause {
  /** Epoch ms. */
  since: number
  /** Exclusive, and may lie ahead; null while nobody knows. */
  until: number | null
}

export type Pauses = ReturnType<typeof createPauses>

export function createPauses(state: BridgeState, clock: Clock) {
  let pauses = state.get<Pause[]>(KEY) ?? []
  let timer = new AbortController()
  const covers = ({ since, until }: Pause, timestamp: number) => timestamp >= since && timestamp < (until ?? Infinity)

  /** What is paused at the moment: the last one, if it is not over. */
  function current(): Pause | undefined {
    const last = pauses.at(-1)
    return last && clock.now() < (last.until ?? Infinity) ? last : undefined
  }

  async function wait(until: number, ended: () => void, { signal }: AbortController): Promise<void> {
    while (!signal.aborted && clock.now() < until) await clock.sleep(Math.min(until - clock.now(), LOOK_MS), signal)
    if (!signal.aborted) ended()
  }

  return {
    paused: () => current() !== undefined,
    /** True for a moment within any pause, also a past one. */
    covers: (timestamp: number) => pauses.some((pause) => covers(pause, timestamp)),
    /** Begins a pause, or changes the end of the one that lasts (null: somebody will end it), or ends it (`off`). */
    set(until: number | null | 'off'): void {
      const now = clock.now()
      const lasting = current()
      if (until === 'off' && !lasting) return
      const before = lasting ? pauses.slice(0, -1) : pauses
      pauses = [...before, { since: lasting?.since ?? now, until: until === 'off' ? now : until }].slice(-KEPT)
      state.set(KEY, pauses)
    },
    /** Calls once the pause that lasts is over by itself; in place of what was to be called before. */
    onEnd(ended: () => void): void {
      timer.abort()
      timer = new AbortController()
      const until = current()?.until
      if (typeof until === 'number') void wait(until, ended, timer)
    },
    close: () => timer.abort(),
  }
}
