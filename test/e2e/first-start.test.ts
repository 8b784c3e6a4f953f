// A house as somebody meets it: the first start and the second, how it ends, and what it says when it cannot start.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { brokerUrl, startLoad } from '../../bench/start-load.ts'
import { credentialsFile } from '../../credentials.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { daybook, journey } from '../journey.ts'

/** What SIGTERM gives it. */
const DRAIN_MS = 10_000

test('the first start makes everything, the second finds it again', { timeout: 60_000 }, async () => {
  await using here = await journey()
  let house = await here.start()
  expect(house.ready).toMatchObject({ ready: true, data: here.data, pid: house.child.pid, objects: { driver: 'fs' } })
  expect(Object.keys(house.ready)).toEqual(
    'ready version startMs data pid mqtt http activitywatch database objects'.split(' '),
  )
  expect(statSync(credentialsFile(here.data)).mode & 0o777).toBe(0o600)
  const { secrets: _, ...credentials } = house.credentials
  expect(credentials).toEqual({
    http: { token: expect.stringMatching(/\S{16,}/) },
    mqtt: { username: 'daybook', password: expect.stringMatching(/\S{16,}/) },
    database: { url: house.ready.database.url, readonlyUrl: expect.stringMatching(/^postgres:/) },
  })
  expect((await fetch(`${house.ready.http.url}/api/v1/activities`)).status).toBe(401)
  const id = (await daybook(here.data, 'note', 'moved in')).trim()
  expect(await house.stop()).toBe(0)

  house = await here.start()
  expect(house.credentials.http).toEqual(credentials.http)
  expect(house.credentials.mqtt).toEqual(credentials.mqtt)
  expect(house.ready.database.url).toBe(credentials.database.url)
  expect(await (await house.api(`/api/v1/activities/${id}`)).json()).toMatchObject({ id, summary: 'moved in' })
  expect(house.log()).not.toContain('made the database')
  expect(await house.stop()).toBe(0)
})

test('SIGTERM to npm alone, which does not pass it on, ends the house too', { timeout: 60_000 }, async () => {
  await using here = await journey()
  const any = { DAYBOOK__MQTT__PORT: '0', DAYBOOK__HTTP__PORT: '0', DAYBOOK__DATABASE__PORT: '0' }
  const npm = spawn('npm', ['start', '--silent', '--', '--json'], {
    cwd: join(import.meta.dirname, '../..'),
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...any, DAYBOOK__DATA: here.data },
  })
  const [line] = (await once(createInterface({ input: npm.stdout }), 'line')) as [string]
  const { pid } = JSON.parse(line) as { pid: number }
  npm.kill('SIGTERM')
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: DRAIN_MS }).toBe(false)
  // It let go of its folder: the next one can start.
  const house = await here.start()
  expect(await house.stop()).toBe(0)
})

test('SIGTERM under load ends it in time; what it had not acknowledged comes again', { timeout: 120_000 }, async () => {
  await using here = await journey()
  await using cleanup = new AsyncDisposableStack()
  let house = await here.start()
  const acked = join(here.folder, 'acked')
  writeFileSync(acked, '')
  const load = startLoad(brokerUrl(house), { rate: 5_000, count: 1_000_000, acked, seconds: 100 })
  cleanup.defer(() => load.kill())
  await expect.poll(() => statSync(acked).size, { timeout: 30_000 }).toBeGreaterThan(37 * 2_000)
  const begin = performance.now()
  expect(await house.stop()).toBe(0)
  expect(performance.now() - begin).toBeLessThan(DRAIN_MS)

  house = await here.start()
  await sleep(500)
  const result = await load.finish()
  const { totals } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  expect(result).toMatchObject({ acked: result.sent })
  expect(totals).toMatchObject({ stored: result.sent, rejected: 0, missing: 0 })
  expect(new Set(readFileSync(acked, 'utf8').trimEnd().split('\n')).size).toBe(result.sent)
})

test('a second house in the same folder says who has it', { timeout: 60_000 }, async () => {
  await using here = await journey()
  const house = await here.start()
  const second = here.start({ ports: {} })
  await expect(second).rejects.toThrow(/ended with 1 .*already_running.*Another Daybook uses this data folder/s)
  await expect(second).rejects.toThrow(`process ${house.child.pid}`)
  expect((await house.api('/readyz')).status).toBe(200)
})

test('a port that is taken is named, whoever wanted it', { timeout: 60_000 }, async () => {
  await using cleanup = new AsyncDisposableStack()
  const other = createServer().listen(0, '127.0.0.1')
  cleanup.defer(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await using here = await journey()
  for (const ports of [{ mqtt: port }, { http: port }]) {
    const starting = here.start({ ports })
    await expect(starting).rejects.toThrow(/ended with 1 .*port_taken.*A port is in use by another program/s)
    await expect(starting).rejects.toThrow(`127.0.0.1:${port}`)
  }
  const house = await here.start()
  expect((await house.api('/readyz')).status).toBe(200)
})

test('every mistake in the configuration is named by its path, at once', { timeout: 60_000 }, async () => {
  await using here = await journey()
  const file = join(here.folder, 'daybook.yaml')
  writeFileSync(file, 'mqtt:\n  prefix: My House\n  prot: 1883\ntimezone: Mars/Olympus\nsapce: home\n')
  const env = {
    DAYBOOK__CONFIG: file,
    DAYBOOK__HTTP__PORT: 'eighty',
    DAYBOOK__DATABASE__URL: 'mysql://127.0.0.1/daybook',
    DAYBOOK__BRIDGES__HOME_ASSISTANT__URL: 'http://127.0.0.1:8123',
  }
  const starting = here.start({ env })
  await expect(starting).rejects.toThrow('ended with 2')
  const mistakes = ['mqtt.prefix', 'mqtt.prot', 'timezone', 'sapce', 'http.port', 'database.url']
  for (const path of [...mistakes, 'bridges.homeAssistant.token']) {
    await expect(starting, path).rejects.toThrow(`${path}: `)
  }
})
