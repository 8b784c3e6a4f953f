// One connection against a broker that refuses, lies, falls silent, sends garbage and hangs up.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IPublishPacket } from 'mqtt-packet'
import { afterEach, expect, test } from 'vitest'
import { topicsUnder } from '../../../schemas/topics.ts'
import { certificate, key } from '../../../test/frigate/certificate.ts'
import { FakeBroker, type FakeBrokerOptions } from '../../../test/mqtt/fake-broker.ts'
import { connect } from './connect.ts'
import type { Connection } from './connection.ts'
import type { ConnectOptions } from './handshake.ts'

const topics = topicsUnder('daybook')
const topic = topics.state('session')
let left = new AsyncDisposableStack()
afterEach(async () => {
  await left.disposeAsync()
  left = new AsyncDisposableStack()
})

/** A broker, and who connects to it; both ended with the test. */
async function world(options: FakeBrokerOptions = {}) {
  const broker = left.use(await FakeBroker.start(options))
  const received: IPublishPacket[] = []
  const enter = async (more: Partial<ConnectOptions> = {}): Promise<Connection> => {
    const connection = await connect({
      url: broker.url,
      clientId: 'one',
      clean: true,
      version: 5,
      keepaliveSeconds: 30,
      received: (message) => received.push(message),
      ...more,
    })
    left.defer(() => connection.end())
    return connection
  }
  return { broker, enter, received }
}

const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'daybook-'))
  left.defer(() => rmSync(path, { recursive: true }))
  return path
}

test.each([4, 5] as const)('publishes and subscribes in version %i', async (version) => {
  const { broker, enter, received } = await world()
  const connection = await enter({ version })
  expect(await connection.subscribe(topics.all, 1)).toBe(1)
  await connection.publish(topic, '{}', { properties: { contentType: 'application/json' } })
  await connection.ping()
  expect(received).toMatchObject([{ topic, payload: Buffer.from('{}'), qos: 1 }])
  const [sent] = broker.last.of('publish')
  expect(sent?.properties?.contentType).toBe(version === 5 ? 'application/json' : undefined)
  await connection.unsubscribe(topics.all)
  expect(connection).toMatchObject({ version, isOpen: true })
})

test('says who it is, what it wants and what is to be said when it is gone', async () => {
  const { broker, enter } = await world()
  const will = { topic: topics.status('laptop'), payload: '{"online":false}' }
  await enter({ clean: false, user: 'u', password: 'p', window: 700, will })
  expect(broker.last.connect).toMatchObject({
    clean: false,
    username: 'u',
    password: Buffer.from('p'),
    keepalive: 30,
    properties: { sessionExpiryInterval: 0xffffffff, receiveMaximum: 700 },
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
  })
})

test('knows what the broker allows', async () => {
  const { enter } = await world({ properties: { receiveMaximum: 5, maximumPacketSize: 300, serverKeepAlive: 7 } })
  expect((await enter()).limits).toMatchObject({ window: 5, packetBytes: 300, keepaliveSeconds: 7, shared: true })
})

test.each([
  { code: 0x86, is: 'broker_refused' },
  { code: 0x88, is: 'bus_unavailable' },
])('CONNACK with $code rejects with $is', async ({ code, is }) => {
  const { enter } = await world({ code })
  await expect(enter()).rejects.toMatchObject({ code: is, detail: `CONNACK says ${code}.` })
})

test('a file that cannot be read is a mistake in the settings', async () => {
  const { enter } = await world()
  const ca = join(folder(), 'none.pem')
  await expect(enter({ ca })).rejects.toMatchObject({ code: 'config_invalid' })
})

test('TLS trusts the authority it is given, and nobody else', async () => {
  const { broker, enter } = await world({ tls: { key, cert: certificate } })
  const ca = join(folder(), 'ca.pem')
  writeFileSync(ca, certificate)
  expect(broker.url).toMatch(/^mqtts:/)
  await (await enter({ ca })).publish(topic, '{}')
  await expect(enter()).rejects.toMatchObject({ code: 'bus_unavailable', detail: expect.stringMatching(/self.signed/) })
})

test('WebSocket carries the same', async () => {
  const { broker, enter } = await world({ webSocket: true })
  const connection = await enter()
  expect(broker.url).toMatch(/^ws:/)
  await connection.publish(topic, Buffer.alloc(200_000, 'x'))
  await connection.end()
  expect(broker.last.of('disconnect')).toHaveLength(1)
})

test('a broker that never answers is given up', async () => {
  const { enter } = await world({ silent: true })
  await expect(enter({ timeoutMs: 50 })).rejects.toMatchObject({ detail: 'It does not answer.' })
})

test('who no longer wants to wait for CONNACK need not', async () => {
  const { broker, enter } = await world({ silent: true })
  const wish = new AbortController()
  const entering = enter({ signal: wish.signal })
  const there = await broker.connection(1)
  wish.abort()
  await expect(entering).rejects.toMatchObject({ code: 'bus_unavailable' })
  await there.closed
  await expect(enter({ signal: wish.signal })).rejects.toMatchObject({ code: 'bus_unavailable' })
})

test('what is unanswered when the line is cut rejects, and so does all that comes later', async () => {
  const { broker, enter } = await world({ holds: true })
  const connection = await enter()
  const publishing = connection.publish(topic, '{}')
  await broker.last.has('publish')
  broker.cut()
  await expect(publishing).rejects.toMatchObject({ code: 'bus_unavailable' })
  expect(await connection.closed).toBe('The broker closed the connection.')
  await expect(connection.publish(topic, '{}')).rejects.toMatchObject({ code: 'bus_unavailable' })
  await expect(connection.publish(topic, '{}', { qos: 0 })).rejects.toMatchObject({ code: 'bus_unavailable' })
  await expect(connection.ping()).rejects.toMatchObject({ code: 'bus_unavailable' })
})

test('an acknowledgement of an old connection never comes on a new one', async () => {
  const { broker, enter, received } = await world()
  const old = await enter({ clean: false })
  const id = broker.last.deliver({ topic, payload: '{}' })
  await expect.poll(() => received).toHaveLength(1)
  broker.cut()
  const next = await enter({ clean: false })
  old.acknowledge([id])
  await next.ping()
  expect(broker.connections.map((each) => each.of('puback'))).toEqual([[], []])
  const again = broker.last.deliver({ topic, payload: '{}', dup: true })
  await expect.poll(() => received).toHaveLength(2)
  next.acknowledge([again])
  await broker.last.has('puback')
})

test('a message of a kept session that comes with CONNACK is acknowledged where it came', async () => {
  const { broker, enter } = await world({
    sessionPresent: true,
    greets: (there) => there.deliver({ topic, payload: '{}' }),
  })
  const connection = await enter({ clean: false, received: ({ messageId = 0 }, on) => on.acknowledge([messageId]) })
  expect(connection.sessionPresent).toBe(true)
  expect(await broker.last.has('puback')).toMatchObject([{ messageId: 1 }])
})

test('acknowledgements go out in the given order', async () => {
  const { broker, enter } = await world()
  ;(await enter()).acknowledge([3, 1, 40_000])
  const acknowledged = await broker.last.has('puback', 3)
  expect(acknowledged.map(({ messageId }) => messageId)).toEqual([3, 1, 40_000])
})

test('a refusal of 5.0 rejects that one message', async () => {
  const { enter, broker } = await world({ reason: 0x87 })
  const connection = await enter()
  await expect(connection.publish(topic, '{}')).rejects.toMatchObject({ code: 'broker_refused' })
  broker.does.reason = 0x10
  await connection.publish(topic, '{}')
})

test('a filter that is refused rejects', async () => {
  const { enter } = await world({ forbidden: [topics.all] })
  await expect((await enter()).subscribe(topics.all, 1)).rejects.toMatchObject({ code: 'broker_refused' })
})

test('what is larger than the broker takes is not sent: it would cost the connection', async () => {
  const { broker, enter } = await world({ properties: { maximumPacketSize: 300 } })
  const connection = await enter()
  await expect(connection.publish(topic, 'x'.repeat(300))).rejects.toMatchObject({ code: 'too_large' })
  await connection.publish(topic, 'x'.repeat(200))
  expect(broker.last.of('publish')).toHaveLength(1)
})

test('a broker that retains nothing is not asked to', async () => {
  const { broker, enter } = await world({ properties: { retainAvailable: false } })
  await (await enter()).publish(topic, '{}', { retain: true })
  expect(broker.last.of('publish')).toMatchObject([{ retain: false }])
})

test('a broker that has fallen silent is left after the keepalive', async () => {
  const { broker, enter } = await world()
  const connection = await enter({ keepaliveSeconds: 1 })
  broker.does.silent = true
  expect(await connection.closed).toBe('It has fallen silent.')
  expect(broker.last.of('pingreq').length).toBeGreaterThan(0)
})

test('a line on which nothing happens is kept up', async () => {
  const { broker, enter } = await world()
  const connection = await enter({ keepaliveSeconds: 1 })
  await broker.last.has('pingreq', 2)
  expect(connection.isOpen).toBe(true)
})

test('who does not read takes silence for nothing', async () => {
  const { broker, enter, received } = await world()
  const connection = await enter({ keepaliveSeconds: 1 })
  connection.pause()
  await broker.last.has('pingreq', 4)
  broker.last.deliver({ topic, payload: '{}' })
  expect(connection.isOpen).toBe(true)
  expect(received).toEqual([])
  connection.resume()
  await expect.poll(() => received).toHaveLength(1)
  await broker.last.has('pingreq', 6)
  expect(connection.isOpen).toBe(true)
})

test.each([
  { sent: 'bytes that are no MQTT', bytes: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') },
  { sent: 'an endless length', bytes: Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff]) },
])('$sent end the connection', async ({ bytes }) => {
  const { broker, enter } = await world()
  const connection = await enter()
  broker.last.write(bytes)
  await connection.closed
  expect(connection.isOpen).toBe(false)
})

test('a server that is no broker is none', async () => {
  const server = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')).listen(0, '127.0.0.1')
  left.defer(() => void server.close())
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  const { enter } = await world()
  await expect(enter({ url: `mqtt://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'bus_unavailable' })
})

test('a DISCONNECT of the broker says why', async () => {
  const { broker, enter } = await world()
  const connection = await enter()
  broker.last.send({ cmd: 'disconnect', reasonCode: 0x8e })
  expect(await connection.closed).toContain('another client uses our client id')
})

test('an end in order says DISCONNECT, and takes nothing more', async () => {
  const { broker, enter } = await world()
  const connection = await enter()
  const ended = connection.end()
  expect(connection.isOpen).toBe(false)
  await expect(connection.publish(topic, '{}')).rejects.toMatchObject({ code: 'bus_unavailable' })
  await ended
  expect(broker.last.packets.map(({ cmd }) => cmd)).toEqual(['connect', 'disconnect'])
  await connection.end()
})

test('who does not read can end as well, and takes no message any more', async () => {
  const { broker, enter, received } = await world()
  const connection = await enter()
  connection.pause()
  for (let i = 0; i < 100; i++) broker.last.deliver({ topic, payload: Buffer.alloc(10_000) })
  await connection.end()
  await broker.last.has('disconnect')
  expect(received).toEqual([])
})

test('a cut line says no DISCONNECT', async () => {
  const { broker, enter } = await world()
  const connection = await enter()
  connection.destroy('Enough.')
  expect(connection.isOpen).toBe(false)
  expect(await connection.closed).toBe('Enough.')
  await broker.last.closed
  expect(broker.last.of('disconnect')).toEqual([])
})
