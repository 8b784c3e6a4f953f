// One batch into `activities`, within the transaction of commit.ts: COPY for what must be new, INSERT ... ON CONFLICT
// for everything else. Not for: accounts, or for choosing what belongs in a batch.
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Appended } from '../activity-store.ts'
import { columnArrays, columns, copyText } from './rows.ts'
import type { Watermarks } from './watermarks.ts'

const names = columns.map(([name]) => `"${name}"`).join(', ')
const copySql = `copy activities (${names}) from stdin`
const insertSql = `insert into activities (${names})
  select * from unnest(${columns.map(([, type], index) => `$${index + 1}::${type}[]`).join(', ')})
  on conflict do nothing returning id`

/** Thrown when a COPY met a known id; the transaction is lost and the batch must run again. */
export class NotFresh extends Error {}

/** Stores what is new. Rows are sorted by id, since overlapping batches in other orders deadlock. */
export async function append(
  client: pg.Client,
  batch: number,
  events: readonly ActivityEvent[],
  marks: Watermarks,
): Promise<Appended> {
  const unique = new Map<string, ActivityEvent>()
  for (const event of events) if (!unique.has(event.id)) unique.set(event.id, event)
  const sorted = [...unique.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  await load(client, marks, sorted)

  const fresh: ActivityEvent[] = []
  const others: ActivityEvent[] = []
  for (const event of sorted) (marks.isFresh(event) ? fresh : others).push(event)

  const stored = new Set(fresh.map((event) => event.id))
  if (fresh.length > 0) await copy(client, batch, fresh, marks)
  if (others.length > 0) {
    const values = columnArrays(others, batch)
    const { rows } = await client.query<{ id: string }>({ name: 'insert activities', text: insertSql, values })
    for (const { id } of rows) stored.add(id)
  }
  return { batch, stored, known: new Set(sorted.map((event) => event.id).filter((id) => !stored.has(id))) }
}

async function copy(client: pg.Client, batch: number, fresh: readonly ActivityEvent[], marks: Watermarks) {
  try {
    await pipeline([Buffer.from(copyText(fresh, batch))], client.query(copyFrom(copySql)))
  } catch (error) {
    if ((error as { code?: string }).code !== '23505') throw error
    marks.distrust(fresh)
    throw new NotFresh()
  }
}

/** Looks up the marks of outboxes that this process has not met before. */
async function load(client: pg.Client, marks: Watermarks, events: readonly ActivityEvent[]): Promise<void> {
  const unknown = marks.unknown(events)
  const space = events[0]?.space
  if (unknown.length === 0 || space === undefined) return
  const { rows } = await client.query<{ producer: string; epoch: string; last_seq: number | null }>(
    `select asked.producer, asked.epoch, s.last_seq from unnest($2::text[], $3::text[]) as asked(producer, epoch)
     left join sequences s on s.space = $1 and s.producer = asked.producer and s.epoch = asked.epoch`,
    [space, unknown.map((each) => each.producer), unknown.map((each) => each.epoch)],
  )
  for (const row of rows) marks.settled(row.producer, row.epoch || undefined, row.last_seq ?? 0, true)
}
