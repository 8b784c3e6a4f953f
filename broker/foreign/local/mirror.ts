// Shows on a broker that is not ours what was stored here without it, for those who watch there: in order, at least once,
// later if the broker is away. Bounded: when too much waits, the oldest is not shown. Not for: what must not be lost,
// which is stored already.
import { asDaybookError } from '../../../schemas/errors.ts'
import type { Talker } from '../talker/talker.ts'

interface Shown {
  /** Counts up. */
  n: number
  topic: string
  payload: Buffer
}

const MOST_BYTES = 16 * 1024 * 1024
/** Unanswered at once. */
const WINDOW = 500

export class Mirror {
  readonly #talker: Pick<Talker, 'isOpen' | 'publish'>
  readonly #before: (topic: string, payload: Buffer) => void
  /** In the order of `n`. */
  #waiting: Shown[] = []
  #bytes = 0
  #last = 0
  #unanswered = 0
  #idle: (() => void)[] = []
  /** Dropped so far. */
  notShown = 0

  /** `before` is called before each is published. */
  constructor(talker: Pick<Talker, 'isOpen' | 'publish'>, before: (topic: string, payload: Buffer) => void) {
    this.#talker = talker
    this.#before = before
  }

  get waiting(): number {
    return this.#waiting.length + this.#unanswered
  }

  show(topic: string, payload: Buffer): void {
    this.#wait({ n: ++this.#last, topic, payload })
    this.go()
  }

  /** There may be a connection again. */
  go(): void {
    while (this.#talker.isOpen && this.#unanswered < WINDOW) {
      const next = this.#waiting.shift()
      if (!next) return
      this.#bytes -= next.payload.length
      void this.#publish(next)
    }
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    if (this.#unanswered > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async #publish(shown: Shown): Promise<void> {
    this.#unanswered++
    this.#before(shown.topic, shown.payload)
    const why = await this.#talker.publish(shown.topic, shown.payload).then(() => undefined, asDaybookError)
    this.#unanswered--
    // It may have come; whoever watches has it twice rather than not at all. The next connection goes on, or the next to show.
    if (why?.code === 'bus_unavailable') this.#wait(shown)
    else {
      if (why) this.notShown++
      this.go()
    }
    if (this.#unanswered === 0) for (const wake of this.#idle.splice(0)) wake()
  }

  #wait(shown: Shown): void {
    const before = this.#waiting.findLastIndex(({ n }) => n < shown.n)
    this.#waiting.splice(before + 1, 0, shown)
    this.#bytes += shown.payload.length
    while (this.#bytes > MOST_BYTES) {
      this.#bytes -= this.#waiting.shift()?.payload.length ?? 0
      this.notShown++
    }
  }
}
