// When things happened, as the first channel said that told of them: hooks, transcripts and telemetry disagree by some
// milliseconds, and the time is part of an event's id. Not for: what things are called (keys.ts).
import type { BridgeState } from '../bridge.ts'

export interface Known {
  /**
   * The time of this event, epoch ms: what it was first said to be, else `time`, which is remembered. One `phase` of a
   * thing happens once unless `time` is part of `key`.
   */
  at(key: string, phase: string, time: number): number
  /** The time that is remembered, without remembering anything. */
  when(key: string, phase: string): number | undefined
  /** A known key with this beginning whose first time is at most `within` ms from `time`: the nearest. */
  nearby(prefix: string, phase: string, time: number, within: number): string | undefined
  /** What is known below this key, itself included, by time. */
  all(key: string, phase: string): { key: string; at: number }[]
  /** Forgets what happened from `since` to `until`, exclusive; how many things that were. */
  forget(since: number, until: number): number
}

const PREFIX = 'when/'

/** Kept in the bridge's state. */
export function createKnown(state: BridgeState): Known {
  const nameOf = (key: string, phase: string) => `${PREFIX}${key}#${phase}`
  const when = (key: string, phase: string) => state.get<number>(nameOf(key, phase))
  return {
    when,
    at(key, phase, time) {
      const known = when(key, phase)
      if (known !== undefined) return known
      state.set(nameOf(key, phase), time)
      return time
    },
    nearby(prefix, phase, time, within) {
      const end = `#${phase}`
      let nearest: { key: string; far: number } | undefined
      for (const name of state.keys(PREFIX + prefix)) {
        if (!name.endsWith(end)) continue
        const key = name.slice(PREFIX.length, -end.length)
        const far = Math.abs((when(key, phase) ?? Number.POSITIVE_INFINITY) - time)
        if (far <= within && far < (nearest?.far ?? Number.POSITIVE_INFINITY)) nearest = { key, far }
      }
      return nearest?.key
    },
    all(key, phase) {
      const names = state.keys(PREFIX + key).filter((name) => name.endsWith(`#${phase}`))
      const known = names.map((name) => ({
        key: name.slice(PREFIX.length, -phase.length - 1),
        at: state.get<number>(name) ?? 0,
      }))
      const below = known.filter((each) => each.key === key || each.key.startsWith(`${key}/`))
      return below.sort((a, b) => a.at - b.at)
    },
    forget(since, until) {
      const gone = state.keys(PREFIX).filter((name) => {
        const time = state.get<number>(name) ?? 0
        return time >= since && time < until
      })
      for (const name of gone) state.delete(name)
      return gone.length
    },
  }
}
