// A commit that Postgres had not written down when it was killed. Its transaction number is given out again to whoever
// comes first after the restart, so that the number says nothing about what became of the commit.
import pg from 'pg'
import { expect, test } from 'vitest'
import { eventId } from '../../schemas/ids.ts'
import { debianPostgres } from '../debian-postgres.ts'
import { proxyTo } from '../home-assistant/proxy.ts'
import { debianPostgresBinaries } from '../journey.ts'
import { storageOn } from '../storage.ts'

const binaries = debianPostgresBinaries()
if (!binaries) console.warn('skipped: PostgreSQL is not here: apt-get install postgresql')

test.skipIf(!binaries)('is not taken for done because another transaction has its number', async () => {
  await using postgres = await debianPostgres(binaries ?? '')
  await ask(postgres.url, "alter system set wal_writer_delay = '10s'")
  await postgres.kill()
  await postgres.start()
  const url = new URL(postgres.url)
  const line = await proxyTo(Number(url.port))
  url.port = String(line.port)
  const storage = await storageOn(url.href)
  try {
    const timestamp = Date.now()
    const id = eventId({ space: 'home', source: 'iot', key: 'a', timestamp })
    const named = { source: 'iot', producer: 'plug', summary: 'on', sessionId: 's' }
    const event = { id, space: 'home', eventType: 'device_state_change', timestamp, receivedAt: timestamp, ...named }
    const commit = () =>
      storage.commit([event], () => ({
        settlements: [{ producer: 'plug', source: 'iot', outcome: 'stored' }],
        rejected: [],
      }))
    await ask(postgres.url, 'checkpoint')
    const holder = new pg.Client({ connectionString: postgres.url })
    holder.on('error', () => {})
    await holder.connect()
    await holder.query('begin; lock table accounts in exclusive mode')
    const outcome = commit().then(
      () => 'stored',
      (error) => error.code,
    )
    const waits = 'select from pg_locks where not granted'
    await expect.poll(async () => (await holder.query(waits)).rowCount, { interval: 5 }).toBeGreaterThan(0)
    line.cut()
    await postgres.kill()
    await postgres.start()
    for (let n = 0; n < 20; n++) await ask(postgres.url, `create table taken_${n} (n int)`)
    line.mend()
    const said = await outcome
    const { rowCount } = await ask(postgres.url, 'select from activities')
    expect([said, rowCount]).toEqual(['database_unavailable', 0])
  } finally {
    await storage.stop()
    await line.close()
  }
})

async function ask(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}
