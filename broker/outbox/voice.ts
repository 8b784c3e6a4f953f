// Publishes the status of a producer, and the last word on its ended epochs. Not for: when that is due
// (status.ts), or what else is sent.
import type { BridgeStatus } from '../../schemas/delivery.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Entries } from './entries.ts'
import type { Numbering } from './numbering.ts'
import { LastWords, statusDue, type Told } from './status.ts'
import type { OutboxTransport } from './transport.ts'

/** What a status says besides numbers; `at` is wall time, `health` is `ok` or an error code. */
export interface About {
  online: boolean
  version: string | undefined
  source: string
  timeZone: string | undefined
  at: number
  health: string
}

export interface VoiceParts {
  entries: Entries
  numbering: Numbering
  transport: OutboxTransport
  topics: Topics
  producer: string
  about: () => About
  /** Called when the transport did not take it. */
  refused: () => void
}

export class Voice {
  readonly #parts: VoiceParts
  readonly #lastWords = new LastWords()
  #told: Told | undefined
  /** The time of the entry that waits longest, which is read once. */
  #oldest: { n: number; at: number | undefined } | undefined

  constructor(parts: VoiceParts) {
    this.#parts = parts
  }

  /** Publishes what is due and returns when something will be, epoch ms. */
  speak(now: number): number {
    let next = Number.POSITIVE_INFINITY
    let interrupted = false
    for (const ended of this.#parts.numbering.ended()) {
      const due = this.#lastWords.next(ended, now)
      if (due === 'dismiss') this.#parts.numbering.dismiss(ended.epoch)
      else if (due !== 'close') next = Math.min(next, due)
      else {
        const { epoch, last } = ended
        void this.#publish({ ...this.#status(), epoch, oldestSeq: last + 1, lastSeq: last })
        interrupted = true
      }
    }
    const status = this.#status()
    const { receipt } = this.#parts.numbering
    const due = interrupted ? 0 : statusDue(this.#told, status, receipt)
    if (due > now) return Math.min(next, due)
    const again = this.#told?.status.oldestSeq === status.oldestSeq
    this.#told = { status, at: now, repeats: again ? (this.#told?.repeats ?? 0) + 1 : 0, receipt }
    void this.#publish(status)
    return next
  }

  /** The status as it is now, whatever was said; resolves when it is published or refused. */
  sayNow(): Promise<void> {
    return this.#publish(this.#status())
  }

  /** What was said may be lost, or overwritten by a will: it is said again. */
  forget(): void {
    this.#told = undefined
  }

  #status(): BridgeStatus {
    const { entries, about } = this.#parts
    const { online, version, source, timeZone, at, health } = about()
    const { current, bound, held } = entries
    const oldest = Math.min(entries.next(current.base) ?? bound + 1, bound + 1)
    const numbers = { oldestSeq: oldest - current.base, lastSeq: bound - current.base, outboxDepth: held }
    const epoch = current.epoch
    const oldestAt = this.#oldestAt()
    return { online, version, source, timeZone, epoch, ...numbers, oldestAt, at, health } as BridgeStatus
  }

  #oldestAt(): number | undefined {
    const { entries } = this.#parts
    const n = entries.next(0)
    if (n === undefined) return undefined
    if (this.#oldest?.n !== n) this.#oldest = { n, at: entries.timeOf(n) }
    return this.#oldest.at
  }

  async #publish(status: BridgeStatus): Promise<void> {
    const { transport, topics, producer, refused } = this.#parts
    try {
      const will = JSON.stringify({ ...this.#status(), online: false })
      await transport.publish(topics.status(producer), JSON.stringify(status), { qos: 1, retain: true, will })
    } catch {
      this.#told = undefined
      refused()
    }
  }
}
