// The embedded broker beyond the contract: wills, takeovers, kept sessions, restarts and the end.
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Packet } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import { storeAll, topics } from '../bus.contract.ts'
import type { Delivery } from '../bus.ts'
import { connectPacket, publishPacket } from '../raw-client.ts'
import { credentials, embeddedForTests, heard, memoryStore, startEmbedded, until } from './embedded.harness.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const { atEnd, started, client, silent, returnCode } = embeddedForTests()

describe('wills and takeover', () => {
  it('does not wait at stop for those who fed on wills and have left', async () => {
    const house = new AbortController()
    const under = await started({ signal: house.signal, config: { stopTimeoutMs: 600_000 } })
    const off = await under.bus.feed('cameras', ['cameras/#'], () => {})
    await client(under, { will: { topic: 'cameras/available', payload: 'offline', qos: 1, retain: true } })
    house.abort()
    off()
    await under.bus.stop()
    expect(under.bus.health().state).toBe('stopped')
  })

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

  it('owes a kept session no more than its backlog, and shows everything again once it has taken that', async () => {
    const under = await started({ config: { backlogBytes: 10_000 } })
    const session = { clientId: 'gone', clean: false }
    const before = await client(under, session)
    before.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 1 }] })
    await before.has('suback')
    before.send({ cmd: 'disconnect' })
    await before.closed
    const publish = (n: number) => under.bus.publish(activity, `${n} `.padEnd(1_000, '.'))
    for (let n = 1; n <= 15; n++) await publish(n)
    const after = await client(under, session)
    const missed = await after.has('publish', 10)
    for (const { messageId } of missed) after.send({ cmd: 'puback', messageId: messageId ?? 0 })
    const numbers = () =>
      after.packets.flatMap((packet) => (packet.cmd === 'publish' ? [Number.parseInt(`${packet.payload}`, 10)] : []))
    await publish(16)
    await after.has('publish', 11)
    expect(numbers()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16])
    expect(under.bus.health().figures?.notShown).toBe(5)
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
    atEnd(() => taken.close())
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    await expect(startEmbedded({ config: { port } })).rejects.toMatchObject({
      code: 'port_taken',
      detail: expect.stringContaining(`127.0.0.1:${port}`),
    })
  })

  it('runs without a listener when the port is off', async () => {
    const under = await started({ config: { port: 'off' } })
    expect(under.bus.door.address()).toBeNull()
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
    expect(under.bus.door.address()).toBeNull()
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
