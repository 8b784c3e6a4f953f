// What doctor finds at peers that are wrong in one layer each, with real servers.
import { createServer as createHttpServer, type RequestListener } from 'node:http'
import { createServer, type Server } from 'node:net'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Enrolment } from '../../schemas/enrolment.ts'
import { testPostgres } from '../../test/postgres.ts'
import type { CliConfig } from '../cli/verb.ts'
import { checkEndpoint } from './endpoint.ts'
import { examine } from './examine.ts'
import type { Finding } from './finding.ts'
import { checkHttp } from './http.ts'
import { checkPostgres } from './postgres.ts'

const servers: Server[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve)))))

function listen(server: Server): Promise<string> {
  servers.push(server)
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(`127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`)
    })
  })
}
const web = (answer: RequestListener) => listen(createHttpServer({ keepAliveTimeout: 1 }, answer))

const config = (fields: Partial<CliConfig>): CliConfig => ({
  data: '/nonexistent/daybook',
  space: 'home',
  timezone: 'UTC',
  mqtt: { host: '127.0.0.1', port: 0, prefix: 'daybook' },
  http: { host: '127.0.0.1', port: 0 },
  activitywatch: { host: '127.0.0.1', port: 'off' },
  broker: {},
  database: { port: 0 },
  objects: { driver: 'fs' },
  bridges: {},
  ...fields,
})

async function found(
  about: string,
  fields: Partial<CliConfig>,
  enrolment: Enrolment | null = null,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of examine({ config: config(fields), enrolment, nodeVersion: '24.0.0', now: Date.now() })) {
    if (finding.about === about) findings.push(finding)
  }
  return findings
}
const layers = (findings: Finding[]) => findings.map(({ layer, state }) => `${layer} ${state}`)

describe('Home Assistant', () => {
  const homeAssistant = (url: string, token = 'good') => ({
    bridges: { homeAssistant: { url: `http://${url}`, token } },
  })
  const answer: RequestListener = ({ headers, url }, response) => {
    const allowed = url !== '/api/' || headers.authorization === 'Bearer good'
    response.writeHead(allowed ? 200 : 401).end()
  }

  test('one that works is ok in every layer, its clock too', async () => {
    expect(layers(await found('Home Assistant', homeAssistant(await web(answer))))).toEqual([
      'dns ok',
      'tcp ok',
      'http ok',
      'auth ok',
      'clock ok',
    ])
  })

  test('a wrong token fails in auth, with the way to a new one', async () => {
    const findings = await found('Home Assistant', homeAssistant(await web(answer), 'bad'))
    expect(findings.find(({ layer }) => layer === 'auth')).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('401'),
      fix: expect.stringContaining('profile page'),
    })
  })

  test('a clock that is off is found', async () => {
    const url = await web((_, response) => response.writeHead(200, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }).end())
    const findings = await found('Home Assistant', homeAssistant(url))
    expect(findings.at(-1)).toMatchObject({ layer: 'clock', state: 'warn', detail: expect.stringContaining('behind') })
  })

  test('the first layer that fails is the last that is asked', async () => {
    const url = await web(answer)
    await new Promise((resolve) => servers.pop()?.close(resolve))
    expect(layers(await found('Home Assistant', homeAssistant(url)))).toEqual(['dns ok', 'tcp fail'])
  })
})

describe('HTTP', () => {
  test('a port that accepts and says nothing is not waited for', async () => {
    const url = await listen(createServer((socket) => setTimeout(() => socket.destroy(), 1_000)))
    expect((await checkHttp(`http://${url}`, {}, 100)).verdict).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('says nothing'),
    })
  })

  test('what is no HTTP is told so', async () => {
    const url = await listen(createServer((socket) => socket.resume().end('220 mail.example ESMTP\r\n')))
    expect((await checkHttp(`http://${url}`)).verdict).toMatchObject({ detail: expect.stringContaining('no HTTP') })
  })

  test('an endpoint with TLS that has none fails in TLS', async () => {
    const url = new URL(`https://${await web((_, response) => response.end())}`)
    expect(layers(await checkEndpoint('x', url, Date.now()))).toEqual(['dns ok', 'tcp ok', 'tls fail'])
  })
})

describe('Postgres', () => {
  let database: Awaited<ReturnType<typeof testPostgres>>
  beforeAll(async () => {
    database = await testPostgres()
    return () => database.stop()
  })
  const changed = (change: (url: URL) => void) => {
    const url = new URL(database.url)
    change(url)
    return url.href
  }

  test('one that lets us in says its version', async () => {
    expect(await checkPostgres(database.url)).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/Postgres \d+.*not used by Daybook yet/),
    })
  })

  test('a wrong password and a missing database are told apart', async () => {
    const password = await checkPostgres(
      changed((url) => {
        url.password = 'wrong'
      }),
    )
    expect(password).toMatchObject({ state: 'fail', detail: expect.stringContaining('password') })
    const missing = await checkPostgres(
      changed((url) => {
        url.pathname = '/nothing'
      }),
    )
    expect(missing).toMatchObject({ state: 'fail', detail: expect.stringContaining('no such database') })
  })

  test('what is no Postgres is told so', async () => {
    const url = await listen(createServer((socket) => socket.resume().end('nonsense')))
    expect(await checkPostgres(`postgres://a:b@${url}/c`)).toMatchObject({ state: 'fail' })
  })
})
