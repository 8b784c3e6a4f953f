// The errands of live capture: pictures of a review that has ended are fetched until they are here, through restarts and
// however Frigate misbehaves; then they are told. The end itself was told long before. Not for: the fetching of one.
import type { Clock, Logger } from '../../component.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { Known } from './known.ts'
import type { Errand, Memory } from './memory.ts'
import { type Fetched, fetchOnce, type PicturesParts, refsOf, wanted } from './pictures.ts'
import { refsAtFrigate } from './tell.ts'

/** Frigate writes them around the end, and its database a moment later: what is missing is asked for again. */
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000, 60_000]
const MISSING_TRIES = 5
const LONGEST_PAUSE_MS = 120_000
/** After that references are told, and copies when it is back. */
const REFER_AFTER_MS = 600_000
const PAUSED_MS = 2000
/** At a time, so that one that drips does not keep the others waiting. */
const AT_A_TIME = 4

export interface ErrandsParts extends PicturesParts {
  memory: Memory
  clock: Clock
  log: Logger
  signal: AbortSignal
  /** Frigate keeps nothing longer, epoch ms from the end. */
  keptMs: number
  /** While true nothing is fetched, as nothing could be told. */
  paused(): boolean
  /** Tells what became of it; throws what `emit` throws. */
  tell(known: Known, what: 'pictures' | 'references'): void
}

export type Errands = ReturnType<typeof createErrands>

export function createErrands(parts: ErrandsParts) {
  const { memory, clock, log, signal } = parts
  const running = new Map<string, Promise<void>>()
  const queue: (() => void)[] = []
  let busy = 0
  const figures = { copied: 0, missing: 0 }
  for (const id of memory.errands().keys()) go(id)

  function go(id: string): void {
    if (running.has(id)) return
    const ended = run(id)
      .catch((error) => log.error({ review: id, err: error }, 'an errand failed'))
      .finally(() => running.delete(id))
    running.set(id, ended)
  }

  async function run(id: string): Promise<void> {
    let fetched: Fetched = {}
    let missed = 0
    for (let tries = 0; !signal.aborted; tries++) {
      while (parts.paused() && !signal.aborted) {
        fetched = {}
        await clock.sleep(PAUSED_MS, signal)
      }
      const known = memory.known(id)
      const errand = memory.errands().get(id)
      if (!known || !errand) return memory.endErrand(id)
      try {
        const missing = await inTurn(() => fetchOnce(parts, known, fetched))
        // What is told in a pause is lost.
        if (parts.paused()) continue
        if (missing > 0) missed++
        if (missing === 0 || missed > MISSING_TRIES) return finish(id, fetched, missing)
      } catch (thrown) {
        if (signal.aborted) return
        const { code, message } = asDaybookError(thrown)
        log.debug({ review: id, code, tries }, message)
        if (clock.now() - errand.since > parts.keptMs) return memory.endErrand(id)
        refer(known, errand)
        // The outbox lets go of bytes that nothing refers to for long.
        if (clock.now() - errand.since > REFER_AFTER_MS) fetched = {}
      }
      await clock.sleep(PAUSES_MS[tries] ?? LONGEST_PAUSE_MS, signal)
    }
  }

  function finish(id: string, fetched: Fetched, missing: number): void {
    // As known now: a description may have come meanwhile.
    const known = memory.known(id)
    const refs = refsOf(fetched)
    if (known && refs) parts.tell({ ...known, refs }, 'pictures')
    if (refs) figures.copied++
    if (missing > 0) figures.missing++
    memory.endErrand(id)
  }

  /** Frigate is away: references after a while. */
  function refer(known: Known, errand: Errand): void {
    if (clock.now() - errand.since < REFER_AFTER_MS || errand.referred) return
    try {
      parts.tell({ ...known, refs: refsAtFrigate(known) }, 'references')
      memory.setErrand(known.review.id, { ...errand, referred: true })
    } catch (thrown) {
      log.debug({ review: known.review.id, reason: asDaybookError(thrown).message }, 'references are told later')
    }
  }

  async function inTurn<T>(act: () => Promise<T>): Promise<T> {
    if (busy >= AT_A_TIME) await new Promise<void>((resolve) => queue.push(resolve))
    else busy++
    try {
      return await act()
    } finally {
      const next = queue.shift()
      if (next) next()
      else busy--
    }
  }

  return {
    figures: () => ({ pictures: figures.copied, picturesMissing: figures.missing, picturesWaiting: running.size }),
    /** The review has ended. */
    begin(known: Known) {
      if (wanted(parts, known).length === 0) return
      memory.setErrand(known.review.id, { since: clock.now() })
      go(known.review.id)
    },
    /** Resolves when none runs any more, after the signal. */
    async ended() {
      await Promise.all(running.values())
    },
  }
}
