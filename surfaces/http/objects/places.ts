// Places for what may be under way at once: whoever finds none waits for one, first come, first served. Not for: what is
// done there.
import type { Clock } from '../../../component.ts'

export interface Places {
  /** Resolves with the way to leave the place, which is called once; undefined: none became free in time. */
  take(): Promise<(() => void) | undefined>
}

/** As many places as `most`; one is waited for up to `waitMs`. */
export function createPlaces({ most, waitMs, clock }: { most: number; waitMs: number; clock: Clock }): Places {
  const waiting = new Set<() => void>()
  let taken = 0

  /** Whoever waits longest gets the place before anyone else can see it free. */
  function leave(): void {
    const [next] = waiting
    if (!next) taken--
    else next()
  }

  return {
    async take() {
      if (taken < most) {
        taken++
        return leave
      }
      const come = new AbortController()
      const next = () => {
        waiting.delete(next)
        come.abort()
      }
      waiting.add(next)
      await clock.sleep(waitMs, come.signal)
      if (come.signal.aborted) return leave
      waiting.delete(next)
      return undefined
    },
  }
}
