// That the databases the tests run on are fresh, apart from each other, and end with their process.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access } from 'node:fs/promises'
import pg from 'pg'
import { expect, test } from 'vitest'
import { testPostgres } from './postgres.ts'

test('each call gives an empty database of its own', async () => {
  const [a, b] = await Promise.all([testPostgres(), testPostgres()])
  await query(a.url, 'create table t (x int)')
  await expect(query(b.url, 'select * from t')).rejects.toThrow('does not exist')
  await a.stop()
  await a.stop()
  await expect(query(a.url, 'select 1')).rejects.toThrow('does not exist')
  await b.stop()
})

test.skipIf(process.env.TEST_POSTGRES_URL)(
  'the shared server and its folder go when the worker is killed',
  async () => {
    const module = new URL('postgres.ts', import.meta.url).href
    const script = `const { testPostgres } = await import(${JSON.stringify(module)})
    console.log((await testPostgres()).url)
    setInterval(() => {}, 1000)`
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script])
    const [line] = await once(worker.stdout, 'data')
    const url = String(line).trim()
    const folder = await query(url, 'show data_directory')
    worker.kill('SIGKILL')
    await expect.poll(() => access(folder).catch((error) => error.code), { timeout: 20_000 }).toBe('ENOENT')
    await expect(query(url, 'select 1')).rejects.toThrow('ECONNREFUSED')
  },
)

async function query(url: string, sql: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  try {
    await client.connect()
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end()
  }
}
