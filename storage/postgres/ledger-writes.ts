// The writing half of the books, inside the transaction of a batch. Not for: reading them (ledger.ts).
import type pg from 'pg'
import type { Receipt } from '../../schemas/delivery.ts'
import type { RejectedMessage, Settlement } from '../ledger.ts'
import { onLine } from './connection.ts'
import { multirangeOf, receiptOf } from './multirange.ts'
import { placeholders } from './rows.ts'

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

interface Numbers {
  producer: string
  epoch: string
  seqs: number[]
}

export interface SequenceRow {
  producer: string
  epoch: string
  /** Multirange of what is settled or given up. */
  done: string
  last_seq: number
}

export interface Booked {
  receipts: Map<string, Receipt[]>
  outboxes: Outbox[]
}

/**
 * Books a batch: its row for the arrival cursor, the accounts and the settled numbers. Outboxes come first and
 * each in key order, as in at-once.ts, so that two workers cannot deadlock.
 */
export async function bookBatch(
  client: pg.Client,
  space: string,
  settlements: readonly Settlement[],
  stored: ReadonlySet<string>,
): Promise<Booked> {
  const { accounts, outboxes } = summed(settlements)
  const [, rows] = await onLine(client, [
    () => noteArrival(client, space, stored),
    () => addToSequences(client, space, outboxes),
    () => addToAccounts(client, space, accounts),
  ])
  return bookedOf(rows)
}

/** The books of a batch as they stand now, for when the answer of `bookBatch` was lost. */
export async function readBooks(client: pg.Client, space: string, settlements: readonly Settlement[]): Promise<Booked> {
  const { outboxes } = summed(settlements)
  const { rows } = await client.query<SequenceRow>(
    `select ${sequenceColumns} from sequences join unnest($2::text[], $3::text[]) as asked(producer, epoch)
     using (producer, epoch) where space = $1`,
    [space, outboxes.map((outbox) => outbox.producer), outboxes.map((outbox) => outbox.epoch)],
  )
  return bookedOf(rows)
}

/** Receipts and marks of the outboxes just written. */
export function bookedOf(rows: readonly SequenceRow[]): Booked {
  const receipts = new Map<string, Receipt[]>()
  const after = rows.map((row) => {
    const epoch = row.epoch || undefined
    const receipt = receiptOf(epoch, row.done)
    addReceipt(receipts, row.producer, receipt)
    return { producer: row.producer, epoch, lastSeq: row.last_seq, whole: receipt.settled.length === 0 }
  })
  return { receipts, outboxes: after }
}

async function noteArrival(client: pg.Client, space: string, stored: ReadonlySet<string>): Promise<void> {
  const ids = [...stored].sort()
  await client.query({
    name: 'note arrival',
    text: `insert into batches (batch, space, min_id, max_id, rows) values (currval('batch_numbers'), $1, $2, $3, $4)`,
    values: [space, ids[0] ?? null, ids.at(-1) ?? null, ids.length],
  })
}

async function addToAccounts(client: pg.Client, space: string, accounts: readonly Sums[]): Promise<void> {
  if (accounts.length === 0) return
  await client.query({
    ...named('add to accounts', accounts.length),
    text: accountsSql(placeholders(accounts.length, 7)),
    values: accountValues(space, accounts),
  })
}

async function addToSequences(client: pg.Client, space: string, outboxes: readonly Numbers[]): Promise<SequenceRow[]> {
  if (outboxes.length === 0) return []
  const { rows } = await client.query<SequenceRow>({
    ...named('add to sequences', outboxes.length),
    text: sequencesSql(placeholders(outboxes.length, 5)),
    values: sequenceValues(space, outboxes),
  })
  return rows
}

/** Adds rows of (space, producer, source, stored, duplicates, rejected, suppressed). */
export const accountsSql = (rows: string) => `
  insert into accounts as a (space, producer, source, stored, duplicates, rejected, suppressed) values ${rows}
  on conflict (space, producer, source) do update set
    stored = a.stored + excluded.stored, duplicates = a.duplicates + excluded.duplicates,
    rejected = a.rejected + excluded.rejected, suppressed = a.suppressed + excluded.suppressed, last_seen_at = now()`

export function accountValues(space: string, accounts: readonly Sums[]): unknown[] {
  return accounts.flatMap(({ producer, source, stored, duplicate, rejected, suppressed }) => [
    space,
    producer,
    source,
    stored,
    duplicate,
    rejected,
    suppressed,
  ])
}

/** Adds rows of (space, producer, epoch, settled, last_seq); returns `SequenceRow`s. */
export const sequencesSql = (rows: string) => `
  insert into sequences as s (space, producer, epoch, settled, last_seq) values ${rows}
  on conflict (space, producer, epoch) do update set
    settled = s.settled + excluded.settled, given_up = s.given_up - excluded.settled,
    last_seq = greatest(s.last_seq, excluded.last_seq), updated_at = now()
  returning ${sequenceColumns}`

/** What a `SequenceRow` is made of. */
const sequenceColumns = 'producer, epoch, (settled + given_up)::text as done, last_seq'

export function sequenceValues(space: string, outboxes: readonly Numbers[]): unknown[] {
  return outboxes.flatMap(({ producer, epoch, seqs }) => [
    space,
    producer,
    epoch,
    multirangeOf(seqs),
    seqs.reduce((highest, seq) => Math.max(highest, seq), 0),
  ])
}

/** Statements for few rows are prepared, one for each number of rows; others would fill the server with them. */
function named(name: string, rows: number): { name?: string } {
  return rows <= 16 ? { name: `${name} ${rows}` } : {}
}

/** The settlements by account and by outbox. */
export function summed(settlements: readonly Settlement[]) {
  const sums = new Map<string, Sums>()
  const numbers = new Map<string, Numbers>()
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
  const insert = ({
    rejectedId,
    topic,
    producer,
    code,
    reason,
    payload,
    receivedAt,
    epoch,
    seq,
    id,
  }: RejectedMessage) =>
    client.query({
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
  await onLine(
    client,
    messages.map((message) => () => insert(message)),
  )
}

function inKeyOrder<T>(map: Map<string, T>): T[] {
  return [...map.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
}
