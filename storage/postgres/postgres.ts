// Postgres as the Storage of the house: opens the database, brings its schema up to date, hands out the interfaces. Not
// for: running a server (server.ts); this takes the URL of one.
import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import type { Clock, Health, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Storage } from '../storage.ts'
import { postgresActivities } from './activities.ts'
import { postgresCatalogue } from './catalogue.ts'
import { type Commit, createCommit } from './commit.ts'
import { createPool, translateError } from './connection.ts'
import { postgresLedger } from './ledger.ts'
import { migrate } from './migrations.ts'
import { ObjectLocks } from './object-locks.ts'
import { Partitions } from './partitions.ts'
import { postgresQueue } from './queue.ts'
import { grantReader } from './reader.ts'
import { postgresRetained } from './retained.ts'
import type { Tables } from './tables.ts'
import { Watch } from './watch.ts'
import { Watermarks } from './watermarks.ts'
import { Writer } from './writer.ts'

export interface PostgresOptions {
  /** postgres://user:password@host:port/database; called at start, when an embedded server knows its port. */
  url: () => string
  /** For the read-only account. */
  readerPassword: string
  space: string
  log: Logger
  clock: Clock
  signal: AbortSignal
}

const OLDEST_MAJOR = 15
const AHEAD_EVERY_MS = 24 * 3_600_000

export function postgresStorage(options: PostgresOptions): Storage {
  const { space, log, clock, signal } = options
  let opened: Opened | null = null
  let lastError: string | null = null
  let ahead: NodeJS.Timeout | null = null

  const open = (): Opened => {
    if (!opened) throw new DaybookError('database_unavailable', 'it is not open')
    return opened
  }

  return {
    name: 'storage',

    async start() {
      const url = options.url()
      const pool = createPool(url, 'daybook', (error) => {
        lastError = error.message
      })
      pool.on('connect', () => {
        lastError = null
      })
      const partitions = new Partitions()
      const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) })
      const watch = new Watch({ url, clock, log, signal })
      try {
        await checkVersion(pool)
        const ran = await migrate(db, log)
        if (ran.length > 0) log.info({ migrations: ran }, 'the database is up to date')
        const makeAhead = () => onClient(pool, (client) => partitions.ensureAhead(client, clock.now()))
        await makeAhead()
        ahead = setInterval(
          () => void makeAhead().catch((error) => log.warn({ reason: error.message }, 'no partitions made ahead')),
          AHEAD_EVERY_MS,
        )
        ahead.unref()
        const readonlyUrl = await grantReader(pool, url, options.readerPassword, log)
        await watch.open()
        const writer = new Writer({ url, log, clock, signal })
        const commit = createCommit({ writer, space, partitions, marks: new Watermarks(), log })
        const activities = postgresActivities({ db, commit, space, partitions: () => partitions.list(pool) })
        const ledger = postgresLedger(db, commit, space)
        const meaning = { queue: postgresQueue(db, space) }
        const retained = postgresRetained(db, space)
        const locks = new ObjectLocks({ url, log, clock, signal })
        const catalogue = postgresCatalogue({ db, pool, locks, space, signal })
        const parts = { activities, ledger, meaning, retained, catalogue }
        opened = { url, readonlyUrl, pool, db, writer, locks, commit, watch, ...parts }
      } catch (error) {
        if (ahead) clearInterval(ahead)
        await watch.close()
        await db.destroy()
        throw translateError(error)
      }
    },

    async stop() {
      if (ahead) clearInterval(ahead)
      const closing = opened
      opened = null
      await closing?.writer.close()
      await closing?.locks.close()
      await closing?.watch.close()
      await closing?.db.destroy()
    },

    health(): Health {
      if (!opened) return { state: 'stopped' }
      return lastError ? { state: 'degraded', code: 'database_unavailable', detail: lastError } : { state: 'ok' }
    },

    async commit(events, book, payloads) {
      const { commit, watch } = open()
      try {
        const { receipts } = await commit(events, book, payloads)
        lastError = null
        watch.committed()
        return receipts
      } catch (error) {
        const known = translateError(error)
        if (known.code === 'database_unavailable') lastError = known.detail
        throw known
      }
    },

    get activities() {
      return open().activities
    },
    get ledger() {
      return open().ledger
    },
    get meaning() {
      return open().meaning
    },
    get retained() {
      return open().retained
    },
    get catalogue() {
      return open().catalogue
    },
    pool: () => open().pool,
    watch: (listener) => open().watch.add(listener),
    urls: () => ({ url: open().url, readonlyUrl: open().readonlyUrl }),
  }
}

interface Opened extends Pick<Storage, 'activities' | 'ledger' | 'meaning' | 'retained' | 'catalogue'> {
  url: string
  readonlyUrl: string | null
  pool: pg.Pool
  db: Kysely<Tables>
  writer: Writer
  locks: ObjectLocks
  commit: Commit
  watch: Watch
}

async function checkVersion(pool: pg.Pool): Promise<void> {
  const { rows } = await pool.query<{ version: string }>(`select current_setting('server_version_num') as version`)
  const major = Math.floor(Number(rows[0]?.version) / 10_000)
  if (major < OLDEST_MAJOR) {
    throw new DaybookError('database_version', `The server is Postgres ${major}, ${OLDEST_MAJOR} or later is needed.`)
  }
}

async function onClient<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  try {
    return await work(client)
  } finally {
    client.release()
  }
}
