// Stores that payloads went to before another was configured: whether what they hold can still be opened, so that people
// hear of a missing setting before they miss a picture. Not for: the configured store (store-state.ts).
import type { Clock, Health } from '../../component.ts'
import type { OwnStorage } from '../../schemas/content-ref.ts'
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'
import type { OpenStores } from './open-stores.ts'
import type { Usage } from './usage.ts'

export interface FormerStores {
  /** Looks now, without anyone waiting for it, and every few minutes. */
  start(): void
  stop(): void
  /** `ok`, or how many payloads cannot be opened and why. */
  health(): Health
}

const EVERY_MS = 5 * 60_000
/** Asked for: it need not be there. */
const SOME_ID = '0'.repeat(64)

export function createFormerStores(options: {
  driver: OwnStorage
  stores: OpenStores
  usage: Usage
  clock: Clock
}): FormerStores {
  const { driver, stores, usage, clock } = options
  const closed = new Map<OwnStorage, DaybookError>()
  const end = new AbortController()

  async function look(name: OwnStorage): Promise<void> {
    try {
      await (await stores.get(name)).has(SOME_ID)
      closed.delete(name)
    } catch (thrown) {
      closed.set(name, asDaybookError(thrown))
    }
  }

  async function repeat(): Promise<void> {
    while (!end.signal.aborted) {
      for (const name of stores.names) if (name !== driver && usage.of(name).objects > 0) await look(name)
      await clock.sleep(EVERY_MS, end.signal)
    }
  }

  return {
    start: () => void repeat(),
    stop: () => end.abort(),
    health() {
      for (const [name, { code, message }] of closed) {
        const detail = `${usage.of(name).objects} payloads in ${name} cannot be opened. ${message}`
        return { state: 'degraded', code, detail }
      }
      return { state: 'ok' }
    },
  }
}
