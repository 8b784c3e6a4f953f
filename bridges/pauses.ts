// The pauses of one bridge, remembered through restarts: what happened in one is not made up for afterwards, whenever
// it is found out. Not for: the pauses of the house, which storage keeps as suppressions.
import type { BridgeState } from './bridge.ts'

const KEY = 'host/pauses'
const KEPT = 100

interface Pause {
  /** Epoch ms. */
  since: number
  /** Exclusive; null while it lasts. */
  until: number | null
}

export type Pauses = ReturnType<typeof createPauses>

export function createPauses(state: BridgeState) {
  let pauses = state.get<Pause[]>(KEY) ?? []
  const paused = () => pauses.at(-1)?.until === null
  return {
    paused,
    /** True for a moment within any pause, also a past one. */
    covers: (timestamp: number) => pauses.some((p) => timestamp >= p.since && timestamp < (p.until ?? Infinity)),
    /** Begins or ends a pause at `now`; false if that is how it was. */
    set(pause: boolean, now: number): boolean {
      if (pause === paused()) return false
      pauses = pause
        ? [...pauses.slice(1 - KEPT), { since: now, until: null }]
        : pauses.map((p) => ({ ...p, until: p.until ?? now }))
      state.set(KEY, pauses)
      return true
    },
  }
}
