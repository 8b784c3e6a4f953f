// The rules of what must stay away as the write path has them: those of the database, read again from time to time, and
// pauses that were begun or ended here, which count at once. Not for: what a rule means (suppression.ts).
import type { Component, Logger } from '../component.ts'
import type { Suppression } from '../storage/ledger.ts'
import type { Storage } from '../storage/storage.ts'
import { type Suppressor, suppressorOf } from './suppression.ts'

export interface Suppressions extends Component, Suppressor {
  /**
   * Counts from now on, whatever the database has; in place of an earlier one of the same beginning. What ends at its
   * beginning covers nothing.
   */
  put(pause: Pause): void
  /** All there are, as last read. */
  all(): readonly Suppression[]
}

/** A pause as a rule; epoch ms, `until` exclusive, null while it lasts. */
export interface Pause {
  since: number
  until: number | null
}

export interface SuppressionsOptions {
  storage: Pick<Storage, 'ledger'>
  /** Secret of the id hashes. */
  hashKey: string
  log: Logger
}

const EVERY_MS = 5_000

export function createSuppressions({ storage, hashKey, log }: SuppressionsOptions): Suppressions {
  /** What was put here, by its beginning. */
  const own = new Map<number, Pause>()
  let kept: readonly Suppression[] = []
  let suppressor = suppressorOf([], hashKey)
  let timer: NodeJS.Timeout | null = null

  const all = (): Suppression[] => [
    ...kept.filter(({ kind, since }) => kind !== 'pause' || !own.has(since)),
    ...[...own.values()].map((pause): Suppression => ({ kind: 'pause', ...pause })),
  ]
  const renew = () => {
    suppressor = suppressorOf(all(), hashKey)
  }

  async function read(): Promise<void> {
    const now = await storage.ledger.suppressions()
    if (now === kept) return
    kept = now
    renew()
  }

  async function readAgain(): Promise<void> {
    try {
      await read()
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'suppressions not read, the last ones stand')
    }
  }

  return {
    name: 'suppressions',
    covers: (event) => suppressor.covers(event),
    closes: (event) => suppressor.closes(event),
    pausedAt: (timestamp) => suppressor.pausedAt(timestamp),
    all,
    put(pause) {
      own.set(pause.since, pause)
      renew()
    },
    async start() {
      await read()
      timer ??= setInterval(() => void readAgain(), EVERY_MS)
      timer.unref()
    },
    async stop() {
      if (timer) clearInterval(timer)
      timer = null
    },
    // That they cannot be read is said by the storage.
    health: () => ({ state: 'ok', figures: { rules: kept.length } }),
  }
}
