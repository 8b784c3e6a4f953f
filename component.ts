// What every part of the house is: one lifecycle, and the one Context it is built from. Not for: knowing any part;
// app.ts puts them together.
import type { Logger } from 'pino'

export type { Logger } from 'pino'

/** How a part is. `stopped` parts do not count; `degraded` works with a loss that `detail` names. */
export interface Health {
  state: 'ok' | 'degraded' | 'failed' | 'stopped'
  /** For people: what is wrong and what helps. */
  detail?: string
  /** A code of schemas/errors.ts. */
  code?: string
  /** Figures worth showing, by name. */
  figures?: Record<string, number | string | boolean | null>
}

/** A part with a life. Parts start in the order of app.ts and stop in the reverse one. */
export interface Component {
  readonly name: string
  /** Resolves when the part serves; a rejection means that nothing of it is left running. */
  start(): Promise<void>
  /** Flushes what was accepted, then ends. Safe before start, safe twice, resolves within the drain time. */
  stop(): Promise<void>
  /** Cheap and synchronous: asked by /readyz, status and doctor. */
  health(): Health
}

/** Stops these, one after the other; one that fails to is logged, and holds up no other. */
export async function stopAll(parts: readonly Component[], log: Logger): Promise<void> {
  for (const part of parts) {
    await part.stop().catch((error) => log.error({ part: part.name, reason: error.message }, 'did not stop cleanly'))
  }
}

/** Time, handed in so that a test or a replay can be at any moment. */
export interface Clock {
  /** Epoch ms. */
  now(): number
  /** Resolves after `ms`, at once when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** Random names, handed in so that a test can foretell them. Events have deterministic ids (schemas/ids.ts) instead. */
export interface Ids {
  /** 128 random bits, 32 lower-case hex digits: epochs, requests. */
  random(): string
}

/** What a part is given: its piece of the configuration and the four things that reach outside. */
export interface Context<Config> {
  readonly config: Config
  readonly log: Logger
  readonly clock: Clock
  readonly ids: Ids
  /** Aborts when the house stops. */
  readonly signal: AbortSignal
}

export const wallClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal?.addEventListener('abort', done, { once: true })
    }),
}

export const randomIds: Ids = { random: () => crypto.randomUUID().replaceAll('-', '') }
