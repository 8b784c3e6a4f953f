// Which rows may go in by COPY: those above the highest number settled of their outbox, since nothing that came before
// can be among them. A guess that makes ingest fast; the unique key stays the truth. Not for: accounts.
import type pg from 'pg'
import type { ActivityEvent } from '../../schemas/activity.ts'

interface Mark {
  highest: number
  /** After an aborted COPY the outbox stays on ON CONFLICT until its gap closes (aborted COPYs leave dead rows). */
  careful: boolean
}

const outbox = (producer: string, epoch: string | undefined) => `${epoch ?? ''} ${producer}`

export class Watermarks {
  #marks = new Map<string, Mark>()

  /** Looks up the marks of outboxes that this process has not met before. */
  async load(client: pg.Client, space: string, events: readonly ActivityEvent[]): Promise<void> {
    const unknown = this.#unknown(events)
    if (unknown.length === 0) return
    const { rows } = await client.query<{ producer: string; epoch: string; last_seq: number | null }>(
      `select asked.producer, asked.epoch, s.last_seq from unnest($2::text[], $3::text[]) as asked(producer, epoch)
       left join sequences s on s.space = $1 and s.producer = asked.producer and s.epoch = asked.epoch`,
      [space, unknown.map((each) => each.producer), unknown.map((each) => each.epoch)],
    )
    for (const row of rows) this.settled(row.producer, row.epoch || undefined, row.last_seq ?? 0, true)
  }

  #unknown(events: readonly ActivityEvent[]): { producer: string; epoch: string }[] {
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
