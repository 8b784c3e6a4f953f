// When an outbox says something about itself. The status is also how a loss is told: what lies below `oldestSeq` and
// never came is missing. Pure but for a memory of what was said. Not for: publishing it (voice.ts).
import type { BridgeStatus, Receipt } from '../../schemas/delivery.ts'
import { patience } from './window.ts'

/** The last status published. */
export interface Told {
  status: BridgeStatus
  /** Epoch ms. */
  at: number
  /** How often this `oldestSeq` was told without effect. */
  repeats: number
  /** The receipt known at that time. */
  receipt: Receipt | undefined
}

const ROUTINE_MS = 10_000
const URGENT_MS = 1_000
/** How often an ended epoch is spoken of before it is left alone. */
const LAST_WORDS = 5

/**
 * When the status is to be published, epoch ms; Infinity: it says what was said.
 * Changes of note (online, epoch, health) at once, numbers at most every 10 s. If a receipt stays below `oldestSeq`,
 * what lies between will never come: that is told within a second, and again at growing distance while receipts that
 * arrive since then still do not know it.
 */
export function statusDue(told: Told | undefined, status: BridgeStatus, receipt: Receipt | undefined): number {
  if (!told) return 0
  const { status: before, at, repeats } = told
  if (before.online !== status.online || before.epoch !== status.epoch || before.health !== status.health) return 0
  const unknownLoss = receipt !== undefined && receipt.upTo < (status.oldestSeq ?? 1) - 1
  if (unknownLoss && before.oldestSeq !== status.oldestSeq) return at + URGENT_MS
  const routine = sameNumbers(before, status) ? Number.POSITIVE_INFINITY : at + ROUTINE_MS
  return unknownLoss && receipt !== told.receipt ? Math.min(routine, at + patience(repeats + 1)) : routine
}

function sameNumbers(a: BridgeStatus, b: BridgeStatus): boolean {
  return a.oldestSeq === b.oldestSeq && a.lastSeq === b.lastSeq && a.outboxDepth === b.outboxDepth
}

/** An ended epoch whose last word is due: all its entries are gone, so what has not come by `last` never will. */
export interface Ended {
  epoch: string
  last: number
  receipt: Receipt | undefined
}

/** Keeps track of which ended epochs were spoken of. */
export class LastWords {
  readonly #said = new Map<string, { times: number; at: number; last: number }>()

  /** `close`: say it now; `dismiss`: it is known, or was said often enough; else when to say it again, epoch ms. */
  next({ epoch, last, receipt }: Ended, now: number): 'close' | 'dismiss' | number {
    if (receipt && receipt.upTo >= last) return 'dismiss'
    const said = this.#said.get(epoch)
    if (!said || said.last < last) {
      this.#said.set(epoch, { times: 1, at: now, last })
      return 'close'
    }
    if (said.times >= LAST_WORDS) return 'dismiss'
    const due = said.at + patience(said.times)
    if (now < due) return due
    this.#said.set(epoch, { times: said.times + 1, at: now, last })
    return 'close'
  }
}
