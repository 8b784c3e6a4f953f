// A house for one bench, with nothing in it. Not for: journeys, which look after theirs themselves (test/house.ts).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { type House, removeData, startHouse, temporaryData } from '../test/house.ts'

/**
 * Stopped, and its folder removed, when the bench ends. `commitTimes`: its Postgres can be asked for them
 * (`pg_xact_commit_timestamp`).
 */
export async function freshHouse(
  cleanup: AsyncDisposableStack,
  env: Record<string, string> = {},
  { commitTimes = false } = {},
): Promise<House> {
  const data = await temporaryData()
  cleanup.defer(() => removeData(data))
  const start = () => startHouse({ data, env: { DAYBOOK__LOG__LEVEL: 'warn', ...env } })
  let house = await start()
  cleanup.defer(async () => void (await house.stop()))
  if (commitTimes) {
    const client = new pg.Client({ connectionString: house.credentials.database.url })
    await client.connect()
    await client.query('alter system set track_commit_timestamp = on')
    await client.end()
    await house.stop()
    house = await start()
  }
  return house
}

/** A connection of the bench's own. */
export async function connection(cleanup: AsyncDisposableStack, url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url })
  // The server may end before we do.
  client.on('error', () => {})
  await client.connect()
  cleanup.defer(() => client.end().catch(() => {}))
  return client
}

/** Connections of the bench's own. */
export function pool(cleanup: AsyncDisposableStack, url: string): pg.Pool {
  const connections = new pg.Pool({ connectionString: url })
  connections.on('error', () => {})
  cleanup.defer(() => connections.end())
  return connections
}

/** An empty folder. */
export async function temporaryFolder(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The first row of an answer. */
export async function row(client: pg.Client, sql: string, values: unknown[] = []): Promise<Record<string, number>> {
  const { rows } = await client.query(sql, values)
  return Object.fromEntries(Object.entries(rows[0] ?? {}).map(([name, value]) => [name, Number(value)]))
}
