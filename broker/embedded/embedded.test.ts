// The embedded broker beyond the contract: who gets in, and what may be sent.
import { generate, type IPublishPacket, type ISubackPacket } from 'mqtt-packet'
import { describe, expect, it } from 'vitest'
import type { Accounts } from '../access.ts'
import { type Accept, busContract, storeAll, topics } from '../bus.contract.ts'
import { connectPacket, publishPacket } from '../raw-client.ts'
import { credentials, embeddedForTests, heard, startEmbedded, until } from './embedded.harness.ts'

busContract('the embedded broker', (accept) => startEmbedded({ accept }))

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const { started, client, silent, returnCode } = embeddedForTests()

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

  it('ends the connections of a user that was removed, and no others, and lets it in no more', async () => {
    const removed = new Set<string>()
    let tell = (_name: string) => {}
    const others: Accounts = {
      verify: (name, secret) => !removed.has(name) && secret.toString() === `of ${name}`,
      onRevoked(listener) {
        tell = listener
        return () => {}
      },
    }
    const under = await started({ others })
    const as = (username: string) => ({ username, password: `of ${username}` })
    const topic = 'test/laptop/lost'
    const lines = await heard(under, topic)
    const [laptop, again, desk, first] = await Promise.all([
      client(under, { ...as('laptop'), will: { topic, payload: 'will' } }),
      client(under, as('laptop')),
      client(under, as('desk')),
      client(under),
    ])
    removed.add('laptop')
    tell('laptop')
    await Promise.all([laptop.closed, again.closed])
    await Promise.all([desk.ping(), first.ping()])
    await until(() => lines.length > 0)
    expect(lines).toEqual([`${topic} will`])
    expect(await returnCode(under, connectPacket({ port: under.port, ...as('laptop') }))).toBe(4)
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

  it('acknowledges what may not be published, hands it in to be rejected and shows it to nobody', async () => {
    const lines: string[] = []
    const taken: string[] = []
    const accept: Accept = (delivery) => {
      taken.push(delivery.topic)
      storeAll(delivery)
    }
    const under = await started({ lines, accept })
    const shown: string[] = []
    for (const filter of ['#', '$SYS/broker/uptime']) {
      await under.bus.subscribe(filter, ({ topic }) => void shown.push(topic))
    }
    const raw = await client(under, { clientId: 'curious' })
    const refused = ['$SYS/broker/uptime', topics.state('pause'), 'ä'.repeat(257), 'a/'.repeat(16)]
    for (const [index, topic] of refused.entries()) {
      raw.send(publishPacket(topic, '1', { qos: 1, retain: true, messageId: index + 1 }))
    }
    raw.send(publishPacket('home/lamp', 'on', { qos: 1, messageId: 9 }))
    expect((await raw.has('puback', 5)).map((packet) => (packet as { messageId: number }).messageId)).toEqual([
      1, 2, 3, 4, 9,
    ])
    expect(taken).toEqual(refused)
    await expect.poll(() => shown).toEqual(['home/lamp'])
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
