// The life of the embedded Postgres: first start, later starts, crashes of either side, and what it refuses.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { ask, makeFolder, started, temporaryFolder } from '../../../test/embedded-postgres.ts'
import { freePort } from './port.ts'
import { embeddedPostgres } from './server.ts'
import { asUser, ownerOf } from './user.ts'

/** Other work on the machine may slow everything down. */
const PATIENT = { timeout: 20_000 }

/** For the tests that need no first start of their own: one after the other they start and end its server. */
const house = await makeFolder()
afterAll(() => house[Symbol.asyncDispose]())

test('a first start makes a database as the design asks, and a restart keeps its rows and its port', async () => {
  const { options, path } = await temporaryFolder()
  const server = await started(options)
  const url = server.url()
  expect(await ask(url, 'show server_encoding')).toBe('UTF8')
  expect(await ask(url, `select datlocprovider::text || datlocale from pg_database where datname = 'daybook'`)).toBe(
    'bC.UTF-8',
  )
  expect(await ask(url, 'show fsync')).toBe('on')
  expect(await ask(url, 'show listen_addresses')).toBe('127.0.0.1')
  expect(await ask(url, 'show unix_socket_directories')).toBe('')
  expect(await ask(url, 'select rolpassword from pg_authid where rolname = current_user')).toMatch(/^SCRAM-SHA-256\$/)
  await expect(ask(url.replace('secret', 'wrong'), 'select 1')).rejects.toThrow('password authentication failed')
  await ask(url, 'create table kept as select 42 as n')
  await server.stop()

  expect((await readdir(join(path, 'data'))).filter((name) => name.includes('password'))).toEqual([])
  const again = await started(options)
  expect(again.url()).toBe(url)
  expect(await ask(url, 'select n from kept')).toBe(42)
})

test('stopping is clean with clients connected, safe before the start and safe twice', async () => {
  const { options, path } = house
  const server = embeddedPostgres(options)
  await server.stop()
  expect(server.health().state).toBe('stopped')
  await server.start()
  const sleeper = ask(server.url(), 'select pg_sleep(60)').catch((error) => error.code)
  await ask(server.url(), 'select 1')
  await Promise.all([server.stop(), server.stop()])
  expect(await sleeper).toMatch(/57P01|ECONNRESET/)
  const [log] = await readdir(join(path, 'data/postgres/log'))
  const lines = (await readFile(join(path, 'data/postgres/log', log ?? ''), 'utf8')).trim().split('\n')
  expect(lines.at(-1)).toContain('database system is shut down')
})

test('a Postgres whose Daybook and process group were killed lives on and is taken over', async () => {
  const { options } = house
  const first = house.startElsewhere()
  const { url, pid } = await first.ready
  await ask(url, 'create table outliving as select 42 as n')
  process.kill(-(first.process.pid ?? 0), 'SIGKILL')
  await once(first.process, 'exit')

  const server = await started(options)
  expect(server.health().figures).toMatchObject({ pid, adopted: true })
  expect(server.url()).toBe(url)
  expect(await ask(url, 'select n from outliving')).toBe(42)
  process.kill(pid, 'SIGKILL')
  await expect.poll(() => server.health(), PATIENT).toMatchObject({ state: 'ok', figures: { restarts: 1 } })
  expect(await ask(url, 'select n from outliving')).toBe(42)
  await server.stop()
  await expect(ask(url, 'select 1')).rejects.toThrow('ECONNREFUSED')
})

test('a killed postmaster comes back under its port with every committed row, even from amid writes', async () => {
  const { options } = house
  const server = await started(options)
  const url = server.url()
  await ask(url, 'create table written (n int)')
  let committed = 0
  const writing = (async () => {
    for (;;) {
      await ask(url, `insert into written values (${committed + 1})`)
      committed++
    }
  })().catch(() => undefined)
  await expect.poll(() => committed, PATIENT).toBeGreaterThan(5)
  const pid = Number(server.health().figures?.pid)
  process.kill(pid, 'SIGKILL')
  await writing
  await expect.poll(() => server.health().figures?.restarts, PATIENT).toBe(1)
  expect(server.health()).toMatchObject({ state: 'ok' })
  expect(server.url()).toBe(url)
  expect(Number(await ask(url, `select count(distinct n) from written where n <= ${committed}`))).toBe(committed)
})

test('a backend that computes on after its postmaster was killed does not hinder the next one', async () => {
  const { options } = house
  const server = await started(options)
  const computing = `select count(*) from generate_series(1, 1e12::bigint)`
  const lost = ask(server.url(), computing).catch((error: Error) => error)
  const find = `select pid from pg_stat_activity where query like '%1e12%' and pid <> pg_backend_pid()`
  await expect.poll(() => ask(server.url(), find), PATIENT).toBeTypeOf('number')
  process.kill(Number(server.health().figures?.pid), 'SIGKILL')
  await expect.poll(() => server.health().figures?.restarts, PATIENT).toBe(1)
  expect(await lost).toBeInstanceOf(Error)
  expect(await ask(server.url(), 'select 1')).toBe(1)
})

test('a killed backend ends in a recovery by Postgres itself', async () => {
  const { options } = house
  const server = await started(options)
  const before = server.health().figures?.pid
  await ask(server.url(), 'create table recovered as select 42 as n')
  const killed = ask(server.url(), 'select pg_sleep(60)').catch((error: Error) => error)
  const find = `select pid from pg_stat_activity where query like '%pg_sleep(60)' and pid <> pg_backend_pid()`
  await expect.poll(() => ask(server.url(), find), PATIENT).toBeTypeOf('number')
  process.kill(Number(await ask(server.url(), find)), 'SIGKILL')
  expect(await killed).toBeInstanceOf(Error)
  await expect.poll(() => ask(server.url(), 'select n from recovered').catch(() => null), PATIENT).toBe(42)
  expect(server.health()).toMatchObject({ state: 'ok', figures: { pid: before, restarts: 0 } })
})

test('a pid file that names a living stranger does not keep Postgres from starting', async () => {
  const { options, path } = house
  const server = await started(options)
  await ask(server.url(), 'create table unhindered as select 42 as n')
  const pidFile = join(path, 'data/postgres/postmaster.pid')
  const content = await readFile(pidFile, 'utf8')
  await server.stop()
  const owner = process.getuid?.() === 0 ? await ownerOf(join(path, 'data/postgres')) : null
  const stranger = spawn('sleep', ['60'], asUser(owner))
  onTestFinished(() => void stranger.kill())
  await writeFile(pidFile, content.replace(/^\d+/, String(stranger.pid)))
  const again = await started(options)
  expect(again.health().figures).toMatchObject({ adopted: false })
  expect(await ask(again.url(), 'select n from unhindered')).toBe(42)
})

test('a second Daybook on the same folder is refused and the first goes on', async () => {
  const { options } = house
  const server = await started(options)
  await expect(embeddedPostgres(options).start()).rejects.toMatchObject({ code: 'already_running' })
  const other = house.startElsewhere()
  expect(await other.ready).toMatchObject({
    code: 'already_running',
    message: expect.stringContaining(`${process.pid}`),
  })
  await other.end()
  expect(await ask(server.url(), 'select 1')).toBe(1)
})

test('a port taken at the first start is evaded for good, one taken later is an error that names it', async () => {
  const { options, said } = await temporaryFolder()
  const blocker = await listen(await freePort())
  const wanted = { ...options, port: blocker.port }
  const server = await started(wanted)
  const { port } = new URL(server.url())
  expect(Number(port)).not.toBe(blocker.port)
  expect(said).toContainEqual(expect.stringContaining('taken'))
  await server.stop()
  await blocker.close()

  const again = await started(wanted)
  expect(new URL(again.url()).port).toBe(port)
  await again.stop()

  const other = await listen(Number(port))
  const refused = embeddedPostgres(wanted).start()
  await expect(refused).rejects.toMatchObject({ code: 'port_taken', detail: expect.stringContaining(port) })
  await expect(refused).rejects.toThrow('database.port')
  await other.close()

  const elsewhere = await freePort()
  const moved = await started({ ...options, port: elsewhere })
  expect(Number(new URL(moved.url()).port)).toBe(elsewhere)
})

test('a lost password is set anew for whoever owns the files', async () => {
  const { options } = house
  const server = await started(options)
  await ask(server.url(), 'create table unlocked as select 42 as n')
  await server.stop()
  const again = await started({ ...options, password: `new 'one' @/` })
  expect(await ask(again.url(), 'select n from unlocked')).toBe(42)
})

test('a cluster of another major version is left alone with a sentence that says the way', async () => {
  const { options, path } = house
  const server = await started(options)
  await server.stop()
  const version = join(path, 'data/postgres/PG_VERSION')
  await writeFile(version, '17\n')
  onTestFinished(() => writeFile(version, '18\n'))
  const refused = embeddedPostgres(options).start()
  await expect(refused).rejects.toMatchObject({
    code: 'database_version',
    detail: expect.stringMatching(/17.*18.*Export/),
  })
})

test('a first start killed amid initdb does not hinder the next', async () => {
  const { options, path, startElsewhere } = await temporaryFolder()
  const killed = startElsewhere()
  killed.ready.catch(() => undefined)
  const data = join(path, 'data')
  const beside = async () => (await readdir(data).catch(() => [])).filter((name) => name.includes('partial'))
  await expect.poll(beside, { ...PATIENT, interval: 5 }).not.toEqual([])
  killed.process.kill('SIGKILL')
  await once(killed.process, 'exit')
  expect(await readdir(data)).not.toContain('postgres')

  const server = await started(options)
  expect(await ask(server.url(), 'select 1')).toBe(1)
  await server.stop()
  await expect
    .poll(async () => {
      await (await started(options)).stop()
      return beside()
    }, PATIENT)
    .toEqual([])
})

test('a data folder that cannot be made says so', async () => {
  const { options, path } = await temporaryFolder()
  await writeFile(join(path, 'data'), 'a file')
  await expect(embeddedPostgres(options).start()).rejects.toMatchObject({ code: 'data_unwritable' })
})

async function listen(port: number) {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return { port, close: () => new Promise((resolve) => server.close(resolve)) }
}
