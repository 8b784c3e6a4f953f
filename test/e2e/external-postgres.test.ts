// A house on a PostgreSQL that was there before it, as Debian ships it: start, publish, query, restart; and the
// storage's own contract suite against the same server.
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { brokerUrl, startLoad } from '../../bench/start-load.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { type DebianPostgres, debianPostgres } from '../debian-postgres.ts'
import { daybook, debianPostgresBinaries, journey } from '../journey.ts'

const binaries = debianPostgresBinaries()
const reason = binaries ? null : 'PostgreSQL is not here: apt-get install postgresql'
const root = resolve(import.meta.dirname, '../..')

if (reason) console.warn(`skipped: ${reason}`)

describe.skipIf(binaries === null)("on Debian's PostgreSQL", () => {
  let server: DebianPostgres

  beforeAll(async () => {
    server = await debianPostgres(binaries ?? '')
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  test('a house starts, stores, answers, and knows everything after a restart', async () => {
    await using here = await journey()
    const env = { DAYBOOK__DATABASE__URL: server.url }
    let house = await here.start({ env })
    expect(house.ready.database.url).toBe(server.url)
    expect(existsSync(join(here.data, 'postgres'))).toBe(false)

    const load = startLoad(brokerUrl(house), { count: 2_000, seconds: 60 })
    expect(await load.result).toMatchObject({ sent: 2_000, acked: 2_000 })
    const id = (await daybook(here.data, 'note', 'on the old server')).trim()
    expect(await house.stop()).toBe(0)

    house = await here.start({ env })
    const note = (await (await house.api(`/api/v1/activities/${id}`)).json()) as ActivityEvent
    expect(note).toMatchObject({ id, summary: 'on the old server' })
    const { totals } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
    expect(totals).toMatchObject({ stored: 2_001, rejected: 0, missing: 0 })
    expect(await house.stop()).toBe(0)
  })

  test('the storage keeps its promises there too', async () => {
    await using here = await journey()
    const file = join(here.folder, 'report.json')
    const suite = ['run', '--project', 'unit', 'storage/postgres/postgres.test.ts']
    const words = ['vitest', ...suite, '--reporter', 'json', '--outputFile', file]
    await promisify(execFile)('npx', words, { cwd: root, env: { ...process.env, TEST_POSTGRES_URL: server.url } })
    const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, number>
    console.info(`${report.numPassedTests} tests passed on ${binaries}`)
    expect(report).toMatchObject({ success: true, numFailedTests: 0, numPendingTests: 0 })
    expect(report.numPassedTests).toBeGreaterThan(20)
  })
})
