// The embedded broker beyond the contract: who gets in, what is refused, wills, sessions, restarts.
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { generate, type IPublishPacket, type ISubackPacket, type Packet } from 'mqtt-packet'
import { afterEach, describe, expect, it } from 'vitest'
import { busContract, storeAll, topics } from './bus.contract.ts'
import type { Delivery, Message } from './bus.ts'
import { credentials, type Embedded, type HarnessOptions, memoryStore, startEmbedded } from './embedded.harness.ts'
import { connectPacket, publishPacket, RawClient, type RawOptions } from './raw-client.ts'

busContract('the embedded broker', (accept) => startEmbedded({ accept }))

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function started(options: HarnessOptions = {}): Promise<Embedded> {
  const under = await startEmbedded(options)
  ends.push(() => under.bus.stop())
  return under
}

async function client(under: Embedded, options: Partial<RawOptions> = {}): Promise<RawClient> {
  const raw = await RawClient.connect({ port: under.port, ...credentials, ...options })
  ends.push(() => raw.destroy())
  return raw
}

function silent(under: Embedded): RawClient {
  const raw = new RawClient(under.port)
  ends.push(() => raw.destroy())
  return raw
}

async function returnCode(under: Embedded, packet: Packet): Promise<number | undefined> {
  const raw = silent(under)
  raw.send(packet)
  const [answer] = await raw.has('connack')
  await raw.closed
  return (answer as { returnCode?: number }).returnCode
}

async function heard(under: Embedded, filter: string): Promise<string[]> {
  const lines: string[] = []
  await under.bus.subscribe(filter, ({ topic, payload }: Message) => lines.push(`${topic} ${payload}`))
  return lines
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

describe('getting in', () => {
  it('refuses no credentials with 5 and wrong ones with 4', async () => {
    const under = await started()
    const { username, password } = credentials
    const { port } = under
    expect(await returnCode(under, connectPacket({ port }))).toBe(5)
    expect(await returnCode(under, connectPacket({ port, username }))).toBe(5)
    expect(await returnCode(under, connectPacket({ port, username, password: `${password}x` }))).toBe(4)
    expect(await returnCode(under, connectPacket({ port, username: 'nobody', password }))).toBe(4)
    expect(await returnCode(under, connectPacket({ port, username: '__proto__', password }))).toBe(4)
  })

  it('refuses MQTT 5 with 1, and client ids that are empty with a kept session, too long or unprintable with 2', async () => {
    const under = await started()
    const options = { port: under.port, ...credentials }
    expect(await returnCode(under, { ...connectPacket(options), protocolVersion: 5 })).toBe(1)
    expect(await returnCode(under, connectPacket({ ...options, clientId: 'x'.repeat(257) }))).toBe(2)
    expect(await returnCode(under, connectPacket({ ...options, clientId: 'bell\u0007' }))).toBe(2)
    const empty = generate(connectPacket({ ...options, clientId: '' }))
    const flags = empty.indexOf('MQTT') + 5
    empty[flags] = (empty[flags] as number) & ~2
    const raw = silent(under)
    raw.socket.write(empty)
    expect(await raw.has('connack')).toMatchObject([{ returnCode: 2 }])
  })

  it('takes empty client ids with clean sessions, and ids that are names of prototypes', async () => {
    const under = await started()
    const ids = ['', '', '__proto__', 'constructor', 'toString']
    const clients = await Promise.all(ids.map((clientId) => client(under, { clientId })))
    for (const raw of clients) {
      expect(raw.packets).toMatchObject([{ returnCode: 0 }])
      raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '__proto__/constructor', qos: 1 }] })
      await raw.has('suback')
    }
    clients[0]?.send(publishPacket('__proto__/constructor', 'x'))
    for (const raw of clients) await raw.has('publish')
    expect(under.bus.health().figures).toMatchObject({ connections: 5 })
  })

  it('processes what was sent before CONNACK after it', async () => {
    const under = await started()
    const raw = silent(under)
    raw.send(
      connectPacket({ port: under.port, ...credentials }),
      publishPacket(activity, '{}', { qos: 1, messageId: 1 }),
      { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: 'a/b', qos: 0 }] },
      { cmd: 'pingreq' },
    )
    await Promise.all([raw.has('puback'), raw.has('suback'), raw.has('pingresp')])
    expect(raw.packets[0]?.cmd).toBe('connack')
  })

  it('ends a connection that does not say CONNECT in time, or says something else first', async () => {
    const under = await started({ config: { connectTimeoutMs: 100 } })
    const [slow, other] = [silent(under), silent(under)]
    other.send({ cmd: 'pingreq' })
    await other.closed
    await slow.closed
  })

  it('closes at once when a stranger declares 256 MB, and keeps nothing', async () => {
    const under = await started()
    const raw = silent(under)
    raw.socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
    await raw.closed
    const small = silent(under)
    small.socket.write(Buffer.from([0x10, 0x81, 0x40])) // 8 KiB + 1
    await small.closed
    expect(under.bus.health().figures).toMatchObject({ connections: 0, waitingBytes: 0 })
  })
})

describe('what may be sent', () => {
  it('passes a foreign retained message of 0.8 MB and refuses 4 MiB + 1', async () => {
    const under = await started()
    const [viewer, publisher] = [await client(under), await client(under)]
    const list = Buffer.alloc(800_000, 'x')
    publisher.send(publishPacket('zigbee2mqtt/bridge/definitions', list, { qos: 1, messageId: 1, retain: true }))
    await publisher.has('puback')
    viewer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'zigbee2mqtt/#', qos: 0 }] })
    const [shown] = await viewer.has('publish')
    expect(shown).toMatchObject({ retain: true })
    expect((shown as IPublishPacket).payload.length).toBe(list.length)
    publisher.socket.write(Buffer.from([0x32, 0x81, 0x80, 0x80, 0x02]))
    await publisher.closed
  })

  it.each([
    ['a wildcard', 'a/+/b'],
    ['too many levels', 'a/'.repeat(16)],
    ['too many bytes', 'ä'.repeat(257)],
    ['U+0000', 'a\0b'],
  ])('closes on a topic with %s', async (_what, topic) => {
    const under = await started()
    const raw = await client(under)
    const frame = generate(publishPacket('x'.repeat(Buffer.byteLength(topic)), ''))
    frame.write(topic, frame.length - Buffer.byteLength(topic))
    raw.socket.write(frame)
    await raw.closed
  })

  it('closes on invalid UTF-8, packet id 0, QoS 3 and a second CONNECT', async () => {
    const under = await started()
    const wrong = [
      Buffer.from([0x30, 4, 0, 2, 0xc3, 0x28]),
      Buffer.from([0x32, 5, 0, 1, 0x61, 0, 0]),
      Buffer.from([0x36, 5, 0, 1, 0x61, 0, 1]),
      generate(connectPacket({ port: under.port, ...credentials })),
    ]
    for (const bytes of wrong) {
      const raw = await client(under)
      raw.socket.write(bytes)
      await raw.closed
    }
  })

  it('closes on a publish under $SYS, with a log line that names client and topic', async () => {
    const lines: string[] = []
    const under = await started({ lines })
    const raw = await client(under, { clientId: 'curious' })
    raw.send(publishPacket('$SYS/broker/uptime', '1'))
    await raw.closed
    const line = lines.map((text) => JSON.parse(text)).find(({ topic }) => topic)
    expect(line).toMatchObject({ level: 40, client: 'curious', topic: '$SYS/broker/uptime' })
  })

  it('refuses shared subscriptions and over-long filters with 0x80, and grants the rest of the packet', async () => {
    const under = await started()
    const raw = await client(under)
    const wanted = ['$share/g/a', '$queue/a', 'a/'.repeat(16), '$SYS/#', 'a/#']
    raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: wanted.map((topic) => ({ topic, qos: 1 })) })
    const [suback] = (await raw.has('suback')) as ISubackPacket[]
    expect(suback?.granted).toEqual([0x80, 0x80, 0x80, 1, 1])
  })

  it('closes on filters that are none', async () => {
    const under = await started()
    for (const topic of ['a/#/b', 'a#', 'a+/b', '+a']) {
      const raw = await client(under)
      raw.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] })
      await raw.closed
    }
  })
})

describe('wills and takeover', () => {
  const will = { topic: topics.status('laptop'), payload: '{"online":false}', retain: true, qos: 1 as const }

  it('publishes the will when the socket is lost, but not after DISCONNECT', async () => {
    const under = await started()
    const lines = await heard(under, topics.statuses)
    const polite = await client(under, { will })
    polite.send({ cmd: 'disconnect' })
    await polite.closed
    const lost = await client(under, { will: { ...will, topic: topics.status('phone') } })
    lost.destroy()
    await until(() => lines.length > 0)
    await sleep(50)
    expect(lines).toEqual([`${topics.status('phone')} {"online":false}`])
  })

  it('publishes the will of a client that is silent for one and a half keepalives, not earlier', async () => {
    const under = await started()
    const lines = await heard(under, topics.statuses)
    const raw = await client(under, { will, keepalive: 1 })
    await sleep(1_000)
    raw.send({ cmd: 'pingreq' })
    await sleep(1_200)
    expect(lines).toEqual([])
    await raw.closed
    await until(() => lines.length === 1)
  })

  it('publishes wills after a protocol error, a takeover and our own stop, and keeps them', async () => {
    const retained = memoryStore()
    const under = await started({ retained })
    const willOf = (name: string) => ({ ...will, topic: topics.status(name) })
    const broken = await client(under, { will: willOf('broken') })
    broken.socket.write(Buffer.from([0xf0, 0]))
    await broken.closed
    const first = await client(under, { clientId: 'same', will: willOf('first') })
    const second = await client(under, { clientId: 'same', will: willOf('second') })
    await first.closed
    await second.ping()
    await until(() => retained.kept.size === 2)
    await under.bus.stop()
    const named = ['broken', 'first', 'second'].map(topics.status)
    expect([...retained.kept.keys()].sort()).toEqual(named.sort())
  })

  it('takes an activity as a will through the one write path, and refuses a will that may not be published', async () => {
    const deliveries: Delivery[] = []
    const under = await started({
      accept: (delivery) => {
        deliveries.push(delivery)
        storeAll(delivery)
      },
    })
    const raw = await client(under, { will: { topic: activity, payload: 'gone', qos: 2, retain: true } })
    raw.destroy()
    await until(() => deliveries.length === 1)
    expect(deliveries[0]).toMatchObject({ topic: activity, retain: false, from: credentials.username })
    const evil = { ...connectPacket({ port: under.port, ...credentials }), will: { topic: '$SYS/x', payload: '1' } }
    expect(await returnCode(under, { ...evil, will: { ...evil.will, qos: 0, retain: false } } as Packet)).toBe(5)
  })

  it('survives many takeovers at once: one client remains and is served', async () => {
    const under = await started()
    const all = Array.from({ length: 20 }, () => silent(under))
    for (const raw of all) raw.send(connectPacket({ port: under.port, ...credentials, clientId: 'contested' }))
    await until(() => all.filter(({ socket }) => !socket.destroyed).length === 1)
    const [last] = all.filter(({ socket }) => !socket.destroyed)
    await last?.ping()
    expect(under.bus.health().figures).toMatchObject({ connections: 1 })
  })
})

describe('sessions and restarts', () => {
  it('gives a kept session what was stored while it was away', async () => {
    const under = await started()
    const session = { clientId: 'worker', clean: false }
    const before = await client(under, session)
    before.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 1 }] })
    await before.has('suback')
    before.send({ cmd: 'disconnect' })
    await before.closed
    for (const n of [1, 2, 3]) await under.bus.publish(activity, `${n}`)
    const after = await client(under, session)
    expect(after.packets[0]).toMatchObject({ cmd: 'connack', sessionPresent: true })
    const missed = (await after.has('publish', 3)) as (Packet & { payload: Buffer })[]
    expect(missed.map(({ payload }) => `${payload}`)).toEqual(['1', '2', '3'])
  })

  it('remembers QoS 2 messages of a kept session through a reconnect', async () => {
    const deliveries: Delivery[] = []
    const under = await started({
      accept: (delivery) => {
        deliveries.push(delivery)
        storeAll(delivery)
      },
    })
    const session = { clientId: 'careful', clean: false }
    const message = publishPacket(activity, 'once', { qos: 2, messageId: 11 })
    const before = await client(under, session)
    before.send(message)
    await before.has('pubrec')
    before.destroy()
    const after = await client(under, session)
    after.send({ ...message, dup: true })
    await after.has('pubrec')
    after.send({ cmd: 'pubrel', messageId: 11 })
    await after.has('pubcomp')
    expect(deliveries).toHaveLength(1)
  })

  it('keeps retained messages through a restart, except volatile ones, and shows bridges as offline', async () => {
    const retained = memoryStore()
    const first = await started({ retained })
    const raw = await client(first)
    raw.send(publishPacket('home/lamp', 'on', { qos: 1, messageId: 1, retain: true }))
    await raw.has('puback')
    await first.bus.publish(topics.status('laptop'), '{"online":true,"version":"1"}', { retain: true })
    await first.bus.publish(topics.state('today'), 'x', { retain: true, volatile: true })
    await first.bus.stop()
    const second = await started({ retained })
    expect(await heard(second, '#')).toEqual([
      'home/lamp on',
      `${topics.status('laptop')} {"online":false,"version":"1"}`,
    ])
    const viewer = await client(second)
    viewer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'home/#', qos: 0 }] })
    expect(await viewer.has('publish')).toMatchObject([{ topic: 'home/lamp', retain: true }])
  })

  it('names host and port when the port is taken, and leaves nothing running', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    ends.push(() => taken.close())
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    await expect(startEmbedded({ config: { port } })).rejects.toMatchObject({
      code: 'port_taken',
      detail: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('runs without a listener when the port is off', async () => {
    const under = await started({ config: { port: 'off' } })
    expect(under.bus.address()).toBeNull()
    expect(await under.bus.publish(activity, '{}')).toMatchObject({ status: 'stored' })
  })

  it('takes nothing new once the house begins to stop, but still acknowledges', async () => {
    const deliveries: Delivery[] = []
    const stopping = new AbortController()
    const under = await started({ accept: (delivery) => deliveries.push(delivery), signal: stopping.signal })
    const raw = await client(under)
    raw.send(publishPacket(activity, 'in time', { qos: 1, messageId: 1 }))
    await until(() => deliveries.length === 1)
    stopping.abort()
    raw.send(publishPacket(activity, 'too late', { qos: 1, messageId: 2 }))
    await sleep(50)
    storeAll(deliveries[0] as Delivery)
    await raw.has('puback')
    expect(deliveries).toHaveLength(1)
    expect(under.bus.address()).toBeNull()
  })

  it('waits at stop for what is unsettled, acknowledges it, and gives up after its time', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const raw = await client(under)
    raw.send(publishPacket(activity, 'late', { qos: 1, messageId: 1 }))
    await until(() => deliveries.length === 1)
    const stopped = under.bus.stop()
    await sleep(100)
    storeAll(deliveries[0] as Delivery)
    await stopped
    expect(raw.of('puback')).toHaveLength(1)
    const stuck = await started({ accept: () => {} })
    const never = expect(stuck.bus.publish(activity, '{}')).rejects.toMatchObject({ code: 'shutting_down' })
    await stuck.bus.stop()
    await never
  })
})

it('gives retained messages no more QoS than was granted, and keeps nothing for a refused filter', async () => {
  const under = await started()
  await under.bus.publish('home/lamp', 'on', { qos: 1, retain: true })
  const raw = await client(under, { clientId: 'viewer', clean: false })
  raw.send({
    cmd: 'subscribe',
    messageId: 1,
    subscriptions: [
      { topic: 'home/+', qos: 0 },
      { topic: '$share/g/home/+', qos: 1 },
    ],
  })
  expect(await raw.has('publish')).toMatchObject([{ topic: 'home/lamp', qos: 0, retain: true }])
  raw.destroy()
  await raw.closed
  await under.bus.publish('$share/g/home/lamp', 'queued for nobody')
  const again = await client(under, { clientId: 'viewer', clean: false })
  await again.ping()
  expect(again.of('publish')).toEqual([])
})
