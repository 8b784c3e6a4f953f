// The monthly partitions of `activities`: bounds are the lowest ids of a month (UTC), made ahead at start and on demand
// for old events. Not for: dropping them, which retention does.
import type pg from 'pg'
import { lowestId } from '../../schemas/ids.ts'

/** Names the month of an epoch ms: `activities_2026_11`. */
export function partitionOf(timestamp: number): string {
  const date = new Date(timestamp)
  return `activities_${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, '0')}`
}

/** The ids of a partition's month: from inclusive, to exclusive. */
export function bounds(partition: string): { from: string; to: string } {
  const [, year, month] = partition.split('_').map(Number)
  if (!year || !month) throw new RangeError(`no month in ${partition}`)
  return { from: lowestId(Date.UTC(year, month - 1)), to: lowestId(Date.UTC(year, month)) }
}

/** Remembers which partitions exist, so that a batch in a known month costs nothing. */
export class Partitions {
  #known = new Set<string>()

  /** Makes what is missing for these times. Needs a client that is in no transaction. */
  async ensure(client: pg.Client | pg.PoolClient, timestamps: Iterable<number>): Promise<void> {
    const missing = new Set<string>()
    for (const timestamp of timestamps) {
      const name = partitionOf(timestamp)
      if (!this.#known.has(name)) missing.add(name)
    }
    for (const name of [...missing].sort()) {
      await create(client, name)
      this.#known.add(name)
    }
  }

  /** This month and the next two, made at start and once a day. */
  async ensureAhead(client: pg.Client | pg.PoolClient, now: number): Promise<void> {
    const date = new Date(now)
    const months = [0, 1, 2].map((ahead) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + ahead))
    await this.ensure(client, months)
  }

  /** For when a partition turns out to be gone. */
  forget(): void {
    this.#known.clear()
  }

  /** All that exist, oldest first. */
  async list(client: pg.Pool): Promise<string[]> {
    const { rows } = await client.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
       where i.inhparent = 'activities'::regclass order by c.relname`,
    )
    return rows.map((row) => row.name)
  }
}

/** LIKE and ATTACH instead of PARTITION OF: readers and writers of other months go on meanwhile. */
async function create(client: pg.Client | pg.PoolClient, name: string): Promise<void> {
  const { from, to } = bounds(name)
  await client.query('begin')
  try {
    await client.query(`select pg_advisory_xact_lock(hashtext('daybook partitions'))`)
    const { rows } = await client.query('select to_regclass($1) as found', [name])
    if (rows[0]?.found === null) {
      await client.query(`create table ${name} (like activities including defaults)`)
      await client.query(`alter table activities attach partition ${name} for values from ('${from}') to ('${to}')`)
    }
    await client.query('commit')
  } catch (error) {
    await client.query('rollback').catch(() => {})
    throw error
  }
}
