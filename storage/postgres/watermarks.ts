// Which rows may go in by COPY: those above the highest number settled of their outbox, since nothing that came before
// can be among them. A guess that makes ingest fast; the unique key stays the truth. Not for: accounts.
import type { ActivityEvent } from '../../schemas/activity.ts'

interface Mark {
  highest: number
  /** After an aborted COPY the outbox stays on ON CONFLICT until its gap closes (aborted COPYs leave dead rows). */
  careful: boolean
}

const outbox = (producer: string, epoch: string | undefined) => `${epoch ?? ''} ${producer}`

export class Watermarks {
  #marks = new Map<string, Mark>()

  /** The outboxes among these events that have no mark yet. */
  unknown(events: readonly ActivityEvent[]): { producer: string; epoch: string }[] {
    const found = new Map<string, { producer: string; epoch: string }>()
    for (const { producer, epoch, seq } of events) {
      const key = outbox(producer, epoch)
      if (seq !== undefined && !this.#marks.has(key)) found.set(key, { producer, epoch: epoch ?? '' })
    }
    return [...found.values()]
  }

  isFresh({ producer, epoch, seq }: ActivityEvent): boolean {
    if (seq === undefined) return false
    const mark = this.#marks.get(outbox(producer, epoch))
    return mark !== undefined && !mark.careful && seq > mark.highest
  }

  /** After COMMIT, or when loaded; `whole` says that nothing is missing below. */
  settled(producer: string, epoch: string | undefined, highest: number, whole: boolean): void {
    const key = outbox(producer, epoch)
    const careful = (this.#marks.get(key)?.careful ?? false) && !whole
    this.#marks.set(key, { highest, careful })
  }

  /** A COPY of these met a row that was there: they were not fresh after all. */
  distrust(events: readonly ActivityEvent[]): void {
    for (const { producer, epoch } of events) {
      const mark = this.#marks.get(outbox(producer, epoch))
      if (mark) mark.careful = true
    }
  }
}
