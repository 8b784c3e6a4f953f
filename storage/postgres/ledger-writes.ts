// The writing half of the books, inside the transaction of a batch. Not for: reading them (ledger.ts).
import type pg from 'pg'
import type { Receipt } from '../../schemas/delivery.ts'
import type { RejectedMessage, Settlement } from '../ledger.ts'
import { contiguous, multirangeOf, parseMultirange } from './multirange.ts'

/** An outbox after a batch: its highest number, and whether nothing is missing below. */
interface Outbox {
  producer: string
  epoch: string | undefined
  lastSeq: number
  whole: boolean
}

interface Sums {
  producer: string
  source: string
  stored: number
  duplicate: number
  rejected: number
  suppressed: number
}

export interface Booked {
  receipts: Map<string, Receipt[]>
  outboxes: Outbox[]
}

const bookSql = `
  with counted as (
    insert into accounts as a (space, producer, source, stored, duplicates, rejected, suppressed)
    select $1, * from unnest($2::text[], $3::text[], $4::int8[], $5::int8[], $6::int8[], $7::int8[])
    on conflict (space, producer, source) do update set
      stored = a.stored + excluded.stored, duplicates = a.duplicates + excluded.duplicates,
      rejected = a.rejected + excluded.rejected, suppressed = a.suppressed + excluded.suppressed, last_seen_at = now()
  ), arrived as (
    insert into batches (batch, space, min_id, max_id, rows) values (currval('batch_numbers'), $1, $12, $13, $14)
  )
  insert into sequences as s (space, producer, epoch, settled, last_seq)
  select $1, producer, epoch, settled::int8multirange, last_seq
  from unnest($8::text[], $9::text[], $10::text[], $11::int8[]) as new(producer, epoch, settled, last_seq)
  on conflict (space, producer, epoch) do update set
    settled = s.settled + excluded.settled, given_up = s.given_up - excluded.settled,
    last_seq = greatest(s.last_seq, excluded.last_seq), updated_at = now()
  returning producer, epoch, (settled + given_up)::text as done, last_seq`

/**
 * Books a batch: its row for the arrival cursor, the accounts and the settled numbers, in one statement. Accounts and
 * outboxes are in key order, so that two workers cannot deadlock.
 */
export async function bookBatch(
  client: pg.Client,
  space: string,
  settlements: readonly Settlement[],
  stored: ReadonlySet<string>,
): Promise<Booked> {
  const { accounts, outboxes } = summed(settlements)
  const ids = [...stored].sort()
  const { rows } = await client.query<{ producer: string; epoch: string; done: string; last_seq: number }>({
    name: 'book batch',
    text: bookSql,
    values: [
      space,
      ...(['producer', 'source', 'stored', 'duplicate', 'rejected', 'suppressed'] as const).map((key) =>
        accounts.map((account) => account[key]),
      ),
      outboxes.map((outbox) => outbox.producer),
      outboxes.map((outbox) => outbox.epoch),
      outboxes.map((outbox) => multirangeOf(outbox.seqs)),
      outboxes.map((outbox) => outbox.seqs.reduce((highest, seq) => Math.max(highest, seq), 0)),
      ids[0] ?? null,
      ids.at(-1) ?? null,
      ids.length,
    ],
  })
  const receipts = new Map<string, Receipt[]>()
  const after = rows.map((row) => {
    const { upTo, above } = contiguous(parseMultirange(row.done))
    const epoch = row.epoch || undefined
    addReceipt(receipts, row.producer, { ...(epoch && { epoch }), upTo, settled: above })
    return { producer: row.producer, epoch, lastSeq: row.last_seq, whole: above.length === 0 }
  })
  return { receipts, outboxes: after }
}

/** The settlements by account and by outbox. */
function summed(settlements: readonly Settlement[]) {
  const sums = new Map<string, Sums>()
  const numbers = new Map<string, { producer: string; epoch: string; seqs: number[] }>()
  for (const { producer, source, epoch = '', seq, outcome } of settlements) {
    const account = sums.get(`${producer} ${source}`)
    if (account) account[outcome]++
    else {
      const fresh = { producer, source, stored: 0, duplicate: 0, rejected: 0, suppressed: 0 }
      fresh[outcome]++
      sums.set(`${producer} ${source}`, fresh)
    }
    if (seq === undefined) continue
    const outbox = numbers.get(`${producer} ${epoch}`)
    if (outbox) outbox.seqs.push(seq)
    else numbers.set(`${producer} ${epoch}`, { producer, epoch, seqs: [seq] })
  }
  return { accounts: inKeyOrder(sums), outboxes: inKeyOrder(numbers) }
}

/** Files a receipt under its producer. */
export function addReceipt(receipts: Map<string, Receipt[]>, producer: string, receipt: Receipt): void {
  receipts.set(producer, [...(receipts.get(producer) ?? []), receipt])
}

export async function keepRejected(
  client: pg.Client,
  space: string,
  messages: readonly RejectedMessage[],
): Promise<void> {
  const inserting = messages.map((message) => {
    const { rejectedId, topic, producer, code, reason, payload, receivedAt, epoch, seq, id } = message
    return client.query({
      name: 'insert rejected',
      text: `insert into rejected (rejected_id, space, topic, producer, code, reason, payload, received_at, epoch, seq, id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing`,
      values: [
        rejectedId,
        space,
        // NUL is the one character that Postgres text cannot hold.
        topic.replaceAll('\0', '\ufffd'),
        producer,
        code,
        reason.replaceAll('\0', '\ufffd'),
        payload,
        new Date(receivedAt).toISOString(),
        epoch ?? null,
        seq ?? null,
        id?.replaceAll('\0', '\ufffd') ?? null,
      ],
    })
  })
  await Promise.all(inserting)
}

function inKeyOrder<T>(map: Map<string, T>): T[] {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
