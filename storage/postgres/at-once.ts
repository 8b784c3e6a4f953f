// A few events that are new by their numbers, and their books, in one statement: one round trip and one flush to disk,
// for the short way from a publish to its acknowledgement. Not for: batches, or events that may be known (commit.ts).
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Settlement } from '../ledger.ts'
import { leavesUnknown } from './connection.ts'
import {
  accountsSql,
  accountValues,
  type Booked,
  bookedOf,
  readBooks,
  type SequenceRow,
  sequencesSql,
  sequenceValues,
  summed,
} from './ledger-writes.ts'
import { columns, placeholders, rowValues } from './rows.ts'
import type { Writer } from './writer.ts'

/** For more than so many there would be too many different statements to prepare. */
const AT_ONCE = 4

export interface AtOnce extends Booked {
  batch: number
}

/** True if `commitAtOnce` takes it. */
export function isForAtOnce(events: readonly ActivityEvent[], settlements: readonly Settlement[]): boolean {
  return events.length <= AT_ONCE && settlements.length === events.length
}

/**
 * Stores and books in one transaction. Fails with 23505 if one of them is known. When the line breaks meanwhile, it
 * learns on a new one whether the events are there.
 */
export async function commitAtOnce(
  writer: Writer,
  space: string,
  events: readonly ActivityEvent[],
  settlements: readonly Settlement[],
): Promise<AtOnce> {
  const client = await writer.line('quick')
  const { accounts, outboxes } = summed(settlements)
  const ids = events.map((event) => event.id)
  try {
    const { rows } = await client.query<SequenceRow & { batch: number }>({
      ...statement(events.length, accounts.length, outboxes.length),
      values: [
        space,
        writer.key,
        ids.length,
        ids[0],
        ids.at(-1),
        ...rowValues(events),
        ...accountValues(space, accounts),
        ...sequenceValues(space, outboxes),
      ],
    })
    return { batch: rows[0]?.batch ?? 0, ...bookedOf(rows) }
  } catch (error) {
    if (!leavesUnknown(error)) {
      // The lock of the numbering is the session's: it outlives a statement that fails right there.
      await client.query('select pg_advisory_unlock_all()').catch(() => writer.drop(client))
      throw error
    }
    writer.drop(client)
    const ended = await writer.learn(async (again): Promise<AtOnce | null> => {
      const { rows: found } = await again.query<{ batch: number }>('select batch from activities where id = any($1)', [
        ids,
      ])
      if (found.length < ids.length) return null
      return { batch: found[0]?.batch ?? 0, ...(await readBooks(again, space, settlements)) }
    })
    if (!ended) throw error
    return ended
  }
}

/** The prepared statement for so many of each. */
function statement(events: number, accounts: number, outboxes: number): { name: string; text: string } {
  const name = `at once ${events} ${accounts} ${outboxes}`
  const text = statements.get(name) ?? statementText(events, accounts, outboxes)
  statements.set(name, text)
  return { name, text }
}

/** Their texts, at most one for each combination of up to four. */
const statements = new Map<string, string>()

/** `taken` comes first, which the outer side of the join sees to: no row is written before the batch has its number. */
function statementText(events: number, accounts: number, outboxes: number): string {
  const first = 6
  const afterEvents = first + events * columns.length
  const afterAccounts = afterEvents + accounts * 7
  const types = columns.map(([name, type]) => `"${name}"::${type}`).join(', ')
  const names = columns.map(([name]) => `"${name}"`).join(', ')
  return `
    with taken as materialized (
      select pg_advisory_xact_lock($2), ${numbering}
    ), added as (
      insert into activities (${names}, batch) select ${types}, number
      from taken, (values ${placeholders(events, columns.length, { from: first })}) as new (${names})
    ), arrived as (
      insert into batches (batch, space, xid, min_id, max_id, rows) select number, $1, xid, $4::uuid, $5::uuid, $3::int from taken
    ), counted as (${accountsSql(placeholders(accounts, 7, { from: afterEvents }))}
    ), settled as (${sequencesSql(placeholders(outboxes, 5, { from: afterAccounts }))}
    )
    select number as batch, settled.* from taken left join settled on true`
}

/**
 * A batch number, taken under a lock that is held only for that (a target list is worked off in order): so numbers and
 * transaction ids ascend together, and a reader that stops below the oldest running transaction passes over no batch.
 */
export const numbering = `
  pg_advisory_lock(hashtext('daybook batch')), pg_current_xact_id() as xid, nextval('batch_numbers') as number,
  pg_advisory_unlock(hashtext('daybook batch'))`
