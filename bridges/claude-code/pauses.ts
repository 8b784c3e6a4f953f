// When this bridge was paused, so that what hooks wrote meanwhile leaves no trace in its memory, whenever it is found. Not
// for: keeping it from the bus, which the host does.
import type { BridgeState } from '../bridge.ts'

const KEY = 'hooks/pauses'
const KEPT = 50

interface Pause {
  /** Epoch ms. */
  since: number
  /** Exclusive; null while it lasts. */
  until: number | null
}

export function pausesIn(state: BridgeState) {
  let all = state.get<Pause[]>(KEY) ?? []
  const lasting = () => all.at(-1)?.until === null
  return {
    lasting,
    covers: (at: number) => all.some(({ since, until }) => at >= since && at < (until ?? Number.POSITIVE_INFINITY)),
    set(paused: boolean, now: number): void {
      if (paused === lasting()) return
      all = paused
        ? [...all, { since: now, until: null }].slice(-KEPT)
        : all.map(({ since, until }) => ({ since, until: until ?? now }))
      state.set(KEY, all)
    },
  }
}
