// What doctor finds at a broker that is not ours, with real sockets and brokers whose limits are known.
import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeBroker } from '../../test/mqtt/fake-broker.ts'
import { limitedBroker } from '../../test/mqtt/limited-broker.ts'
import type { CliConfig } from '../cli/verb.ts'
import { checkBroker } from './broker.ts'
import type { Finding } from './finding.ts'

const open: AsyncDisposable[] = []
afterEach(async () => {
  for (const each of open.splice(0)) await each[Symbol.asyncDispose]()
})

function found(broker: CliConfig['broker']): Promise<Finding[]> {
  const config: CliConfig = {
    data: '/nonexistent/daybook',
    space: 'home',
    timezone: 'UTC',
    mqtt: { host: '127.0.0.1', port: 0, prefix: 'daybook' },
    http: { host: '127.0.0.1', port: 0 },
    activitywatch: { host: '127.0.0.1', port: 'off' },
    broker,
    database: { port: 0 },
    objects: { driver: 'fs' },
    bridges: {},
  }
  return checkBroker(config, Date.now(), 200)
}
const layers = (findings: Finding[]) => findings.map(({ layer, state }) => `${layer} ${state}`)

describe('a broker of others', () => {
  test('nothing is said where the broker is the embedded one', async () => {
    expect(await found({})).toEqual([])
  })

  test('one that is well set up is ok in every layer', async () => {
    const broker = await limitedBroker({ window: 5_000, queue: 5_000 })
    open.push(broker)
    const findings = await found({ url: broker.url, version: 4 })
    expect(layers(findings)).toEqual(['dns ok', 'tcp ok', 'auth ok', 'mqtt ok'])
    expect(findings.at(-1)?.detail).toMatch(/as much as we want.* keeps what we have tried, shares/)
  })

  test('what it does that costs something is a warning with the option to change', async () => {
    const broker = await limitedBroker({ says: ['$SYS/broker/version', 'mosquitto version 2.0.11'] })
    open.push(broker)
    const findings = await found({ url: broker.url, version: 4 })
    expect(layers(findings)).toEqual(['dns ok', 'tcp ok', 'auth ok', 'mqtt ok', 'mqtt warn', 'mqtt warn'])
    expect(findings.slice(-2).map(({ fix }) => fix)).toEqual([
      expect.stringContaining('max_inflight_messages'),
      expect.stringContaining('max_queued_messages'),
    ])
  })

  test('a wrong password fails in auth, and names the settings', async () => {
    const broker = await FakeBroker.start({ password: 'secret' })
    open.push(broker)
    const findings = await found({ url: broker.url, user: 'daybook', password: 'wrong' })
    expect(layers(findings)).toEqual(['dns ok', 'tcp ok', 'auth fail'])
    expect(findings.at(-1)?.fix).toContain('broker.password')
  })

  test('what is no broker is told so', async () => {
    const server = createServer((socket) =>
      socket
        .on('error', () => {})
        .resume()
        .end('220 mail.example ESMTP\r\n'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    open.push({ [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())) })
    const address = server.address()
    const findings = await found({ url: `mqtt://127.0.0.1:${typeof address === 'object' && address?.port}` })
    expect(findings.at(-1)).toMatchObject({
      layer: 'auth',
      state: 'fail',
      fix: expect.stringContaining('Is it a broker'),
    })
  })

  test('a CA file that is not there is named', async () => {
    const broker = await FakeBroker.start()
    open.push(broker)
    const url = broker.url.replace('mqtt:', 'mqtts:')
    const findings = await found({ url, ca: '/nonexistent/ca.pem' })
    expect(findings.at(-1)).toMatchObject({
      layer: 'auth',
      state: 'fail',
      detail: expect.stringContaining('broker.ca'),
    })
  })
})
