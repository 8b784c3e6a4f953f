// How often something is tried, and when nobody is asked any more: a server that is away costs the first callers their
// patience and the others none. Not for: what one try is (wire.ts), or what its failure means (errors.ts).
import type { Clock } from '../../../component.ts'
import { asDaybookError, DaybookError } from '../../../schemas/errors.ts'
import type { Verdict } from './errors.ts'

/** All ms but `tries`. */
export interface Patience {
  tries: number
  /** No try begins later than this after the first: of a server that is silent each costs the whole time-out. */
  triesMs: number
  /** Before the second try at most; doubles with each. Half of it is random, so that callers do not come in step. */
  pauseMs: number
  /** How long nobody asks after all tries failed; doubles while that stays so, up to `longestRestMs`. */
  restMs: number
  longestRestMs: number
}

export interface Tries {
  /**
   * Runs `work` until it succeeds, fails for good, or has failed too often; rejects with the last verdict's error.
   * During a rest it rejects at once; after one a single caller looks, once, and the others go on waiting for it.
   */
  run<T>(work: () => Promise<T>): Promise<T>
}

export interface TriesOptions {
  patience: Patience
  clock: Clock
  /** Of the store's life. */
  signal: AbortSignal
  judge(failure: unknown): Verdict
  /** Called when a rest begins, and with null once the server answers again. */
  onRest(error: DaybookError | null): void
}

export function makeTries({ patience, clock, signal, judge, onRest }: TriesOptions): Tries {
  let rest: { until: number; ms: number; error: DaybookError; looking: boolean } | null = null

  function answered(): void {
    if (rest) onRest(null)
    rest = null
  }

  function beginRest(error: DaybookError): void {
    const ms = rest ? Math.min(rest.ms * 2, patience.longestRestMs) : patience.restMs
    if (!rest) onRest(error)
    rest = { until: clock.now() + ms, ms, error, looking: false }
  }

  /** How many tries this caller has. */
  function admit(): number {
    if (!rest) return patience.tries
    const wait = rest.until - clock.now()
    if (wait > 0 || rest.looking)
      throw new DaybookError(
        'objects_unavailable',
        `${rest.error.detail} Asked again in ${Math.ceil(Math.max(wait, 0) / 1000)} s.`,
      )
    rest.looking = true
    return 1
  }

  return {
    async run(work) {
      const most = admit()
      const began = clock.now()
      for (let count = 1; ; count++) {
        try {
          const result = await work()
          answered()
          return result
        } catch (failure) {
          const { error, again, away } = judge(failure)
          if (!away) answered()
          if (!again || signal.aborted) throw error
          if (count >= most || clock.now() - began >= patience.triesMs) {
            if (away) beginRest(asDaybookError(error))
            throw error
          }
          await clock.sleep(patience.pauseMs * 2 ** (count - 1) * (0.5 + Math.random() / 2), signal)
          // Another caller's last try may have failed meanwhile.
          if (rest && most > 1) throw error
        }
      }
    },
  }
}
