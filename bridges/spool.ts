// A folder that hooks write into without waiting for us: we look when something changes there, and now and then, as
// notices get lost and folders may lie on a network. Not for: what the files say, or removing them.
import { type FSWatcher, mkdirSync, watch } from 'node:fs'
import type { Clock, Logger } from '../component.ts'
import { asDaybookError } from '../schemas/errors.ts'

export interface SpoolOptions {
  /** Absolute; made with 0700 if it is not there. */
  folder: string
  /**
   * Reads what is there, emits it, and only then removes it. Never runs twice at once; what it throws is logged, and it is
   * tried again later.
   */
  look(): void | Promise<void>
  clock: Clock
  signal: AbortSignal
  log: Logger
}

const EACH_MS = 1000
/** So that many files written at once are one look. */
const GATHER_MS = 20

/** Looks at once, then until the signal aborts. Resolves when the last look has ended. */
export async function watchSpool({ folder, look, clock, signal, log }: SpoolOptions): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  let wake = new AbortController()
  const watcher = watching(folder, () => wake.abort())
  signal.addEventListener('abort', () => wake.abort(), { once: true })
  let failing = ''
  while (!signal.aborted) {
    wake = new AbortController()
    try {
      await look()
      failing = ''
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      if (message !== failing) log.warn({ code, folder }, `what hooks wrote waits: ${message}`)
      failing = message
    }
    await clock.sleep(EACH_MS, AbortSignal.any([signal, wake.signal]))
    if (wake.signal.aborted) await clock.sleep(GATHER_MS, signal)
  }
  watcher?.close()
}

/** Undefined where the system gives no notices; then looking now and then must do. */
function watching(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, changed)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return undefined
  }
}
