// The reading half of the books, and the writes that belong to no batch. Not for: what a batch books (ledger-writes.ts).
import { type Kysely, sql } from 'kysely'
import type { Account, Accounting, Receipt } from '../../schemas/delivery.ts'
import type { Ledger, Suppression } from '../ledger.ts'
import type { Commit } from './commit.ts'
import { addReceipt } from './ledger-writes.ts'
import { parseMultirange, receiptOf } from './multirange.ts'
import type { Tables } from './tables.ts'

export function postgresLedger(db: Kysely<Tables>, commit: Commit, space: string): Ledger {
  let known: { mark: string; rules: readonly Suppression[] } | undefined
  return {
    settle: async (settlements) => (await commit([], () => ({ settlements, rejected: [] }))).receipts,
    keepRejected: async (rejected) => void (await commit([], () => ({ settlements: [], rejected }))),

    async giveUpBelow(producer, epoch, oldestSeq) {
      const below = sql`int8multirange(int8range(1, ${oldestSeq}))`
      const { rows } = await sql<{ done: string }>`
        insert into sequences as s (space, producer, epoch, given_up, last_seq)
        select ${space}, ${producer}, ${epoch ?? ''}, ${below}, ${oldestSeq - 1}
        where ${oldestSeq} > 1
        on conflict (space, producer, epoch) do update set
          given_up = s.given_up + (${below} - s.settled), last_seq = greatest(s.last_seq, excluded.last_seq)
        returning (settled + given_up)::text as done`.execute(db)
      const row = rows[0]
      return row ? receiptOf(epoch, row.done) : null
    },

    async receipts() {
      const rows = await db
        .selectFrom('sequences')
        .where('space', '=', space)
        .select(['producer', 'epoch', sql<string>`(settled + given_up)::text`.as('done')])
        .orderBy('updated_at')
        .execute()
      const receipts = new Map<string, Receipt[]>()
      for (const { producer, epoch, done } of rows) addReceipt(receipts, producer, receiptOf(epoch || undefined, done))
      return receipts
    },

    async rejected(limit = 100) {
      const rows = await db
        .selectFrom('rejected')
        .where('space', '=', space)
        .selectAll()
        .orderBy('rejected_id', 'desc')
        .limit(limit)
        .execute()
      return rows.map(({ rejected_id, received_at, space: _, epoch, seq, id, ...row }) => ({
        ...row,
        rejectedId: rejected_id,
        receivedAt: received_at,
        epoch: epoch ?? undefined,
        seq: seq ?? undefined,
        id: id ?? undefined,
      }))
    },

    async suppress({ kind, source, entity, since, until, idHash }) {
      await db
        .insertInto('suppressed')
        .values({
          space,
          kind,
          source: source ?? null,
          entity: entity ?? null,
          from: new Date(since).toISOString(),
          to: until === null ? null : new Date(until).toISOString(),
          id_hash: idHash ?? null,
        })
        .execute()
    },

    async pause({ since, until }) {
      const [from, to] = [new Date(since).toISOString(), until === null ? null : new Date(until).toISOString()]
      await db.transaction().execute(async (transaction) => {
        await sql`delete from suppressed where space = ${space} and kind = 'pause' and "from" = ${from}`.execute(
          transaction,
        )
        if (until !== null && until <= since) return
        const rule = { space, kind: 'pause' as const, source: null, entity: null, from, to, id_hash: null }
        await transaction.insertInto('suppressed').values(rule).execute()
      })
    },

    async suppressions() {
      // Rules come and go and never change, so these two tell whether any has.
      const { rows: marks } = await sql<{ mark: string }>`
        select coalesce(max(rule), 0) || ' ' || count(*) as mark from suppressed where space = ${space}`.execute(db)
      const mark = marks[0]?.mark ?? ''
      if (known?.mark !== mark) {
        const rows = await db.selectFrom('suppressed').where('space', '=', space).selectAll().execute()
        const rules = rows.map((row) => ({
          kind: row.kind,
          source: row.source ?? undefined,
          entity: row.entity ?? undefined,
          since: row.from,
          until: row.to,
          idHash: row.id_hash ?? undefined,
        }))
        known = { mark, rules }
      }
      return known.rules
    },

    accounting: () => accounting(db, space),
  }
}

/** A producer with several sources has several accounts; its missing numbers stand in the first of them. */
async function accounting(db: Kysely<Tables>, space: string): Promise<Accounting> {
  const rows = await db
    .selectFrom('accounts')
    .where('space', '=', space)
    .selectAll()
    .orderBy('producer')
    .orderBy('source')
    .execute()
  const outboxes = await db
    .selectFrom('sequences')
    .where('space', '=', space)
    .select([
      'producer',
      'last_seq',
      sql<string>`(int8multirange(int8range(1, last_seq + 1)) - settled)::text`.as('missing'),
    ])
    .orderBy('updated_at')
    .execute()
  const seen = new Set<string>()
  const producers = rows.map((row): Account => {
    const mine = seen.has(row.producer) ? [] : outboxes.filter((outbox) => outbox.producer === row.producer)
    seen.add(row.producer)
    const gaps = mine.flatMap((outbox) => parseMultirange(outbox.missing))
    const { stored, duplicates, rejected, suppressed } = row
    return {
      producer: row.producer,
      source: row.source,
      received: stored + duplicates + rejected + suppressed,
      stored,
      duplicates,
      rejected,
      suppressed,
      missing: gaps.reduce((sum, [from, to]) => sum + to - from + 1, 0),
      gaps,
      lastSeq: outboxes.findLast((outbox) => outbox.producer === row.producer)?.last_seq ?? null,
      lastSeenAt: row.last_seen_at,
    }
  })
  const total = (key: 'received' | 'stored' | 'duplicates' | 'rejected' | 'suppressed' | 'missing') =>
    producers.reduce((sum, producer) => sum + producer[key], 0)
  const totals = {
    received: total('received'),
    stored: total('stored'),
    duplicates: total('duplicates'),
    rejected: total('rejected'),
    suppressed: total('suppressed'),
    missing: total('missing'),
  }
  return { producers, totals }
}
