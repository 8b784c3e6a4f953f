// How the configured store is, as its calls tell: after a failure it is left alone for a moment, so that not every
// caller waits for the same time-outs. Not for: what is done instead.
import type { Clock, Health, Logger } from '../../component.ts'
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'

export interface StoreState {
  /** Why it is not to be tried at the moment, or null. */
  away(): DaybookError | null
  /** What failed last if nothing has worked since, or null. */
  trouble(): DaybookError | null
  /** Runs something with it and learns from how that ends. */
  tried<T>(work: () => Promise<T>): Promise<T>
  health(): Health
}

/** Left alone for so long, ms. */
const PAUSE_MS = 10_000

/** True for what is wrong with a store and not with what it was asked. */
export function isStoreTrouble({ code }: DaybookError): boolean {
  return code === 'objects_unavailable' || code === 'objects_refused'
}

export function createStoreState({ clock, log }: { clock: Clock; log: Logger }): StoreState {
  let last: { error: DaybookError; until: number } | null = null
  return {
    away: () => (last && clock.now() < last.until ? last.error : null),
    trouble: () => last?.error ?? null,
    async tried(work) {
      try {
        const result = await work()
        if (last) log.info('the object store is back')
        last = null
        return result
      } catch (thrown) {
        const error = asDaybookError(thrown)
        if (isStoreTrouble(error)) {
          if (last?.error.code !== error.code) log.warn({ code: error.code, reason: error.detail }, error.message)
          last = { error, until: clock.now() + PAUSE_MS }
        }
        throw error
      }
    },
    health: () => (last ? { state: 'degraded', code: last.error.code, detail: last.error.message } : { state: 'ok' }),
  }
}
