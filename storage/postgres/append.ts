// The two ways of a batch into `activities`, within the transaction of commit.ts: COPY for what must be new, INSERT ...
// ON CONFLICT for everything else. Not for: choosing the way (watermarks.ts) or the books (ledger-writes.ts).
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { columnArrays, columns, copyText, placeholders, rowValues } from './rows.ts'

const names = columns.map(([name]) => `"${name}"`).join(', ')
const copySql = `copy activities (${names}, batch) from stdin`
const into = `insert into activities (${names}, batch)`
const numbered = { more: `, currval('batch_numbers')` }
const unnested = `select *, currval('batch_numbers')
  from unnest(${columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')})`

/** From so many on COPY is faster than INSERT, and `unnest` than VALUES. */
export const FEW = 24

/** Each id once, in id order: overlapping batches in other orders deadlock. */
export function sortedUnique(events: readonly ActivityEvent[]): ActivityEvent[] {
  const unique = new Map<string, ActivityEvent>()
  for (const event of events) if (!unique.has(event.id)) unique.set(event.id, event)
  return [...unique.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** Fails with 23505 as soon as one of them is known, which loses the transaction. */
export async function copy(client: pg.Client, batch: number, events: readonly ActivityEvent[]): Promise<void> {
  await pipeline([Buffer.from(copyText(events, batch))], client.query(copyFrom(copySql)))
}

/** Inserts what is new and returns its ids. For few rows VALUES are faster than `unnest`. */
export async function insertNew(client: pg.Client, events: readonly ActivityEvent[]): Promise<string[]> {
  const count = events.length
  const [name, given, values] =
    count < FEW
      ? [`insert ${count}`, `values ${placeholders(count, columns.length, numbered)}`, rowValues(events)]
      : ['insert many', unnested, columnArrays(events)]
  const text = `${into} ${given} on conflict do nothing returning id`
  const { rows } = await client.query<{ id: string }>({ name, text, values })
  return rows.map((row) => row.id)
}
