// What the embedded broker promises those who publish to it, packet by packet: when they are answered, in which order, and
// what watchers see. No other broker lets us promise that. Not for: what every bus does (bus.contract.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { describe, expect, it } from 'vitest'
import { storeAll, topics } from '../bus.contract.ts'
import type { Delivery } from '../bus.ts'
import { publishPacket } from '../raw-client.ts'
import { credentials, type Embedded, embeddedForTests } from './embedded.harness.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const { atEnd, started, client: raw } = embeddedForTests()

async function mqtt({ port }: Embedded, keepalive = 60): Promise<MqttClient> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { ...credentials, keepalive })
  atEnd(() => client.endAsync(true))
  return client
}

describe('publishing to the embedded broker', () => {
  it('an activity is acknowledged only when it is settled, whatever became of it', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const client = await raw(under)
    for (const messageId of [1, 2, 3, 4]) client.send(publishPacket(activity, `${messageId}`, { qos: 1, messageId }))
    await client.ping()
    expect(client.of('puback')).toEqual([])
    const statuses = ['stored', 'duplicate', 'suppressed', 'rejected'] as const
    for (const [i, status] of statuses.entries()) deliveries[i]?.settle({ status })
    expect((await client.has('puback', 4)).map((packet) => packet.messageId)).toEqual([1, 2, 3, 4])
  })

  it('acknowledgements leave in the order of arrival, in whatever order messages are settled', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const client = await raw(under)
    client.send(
      publishPacket(activity, 'first', { qos: 1, messageId: 9 }),
      publishPacket(activity, 'second', { qos: 2, messageId: 4 }),
      publishPacket(topics.command('pause'), 'third', { qos: 1, messageId: 6 }),
      publishPacket(activity, 'fourth', { qos: 1, messageId: 2 }),
    )
    await client.ping()
    deliveries[2]?.settle({ status: 'stored' })
    deliveries[1]?.settle({ status: 'stored' })
    await client.ping()
    expect(client.packets.filter((packet) => packet.messageId)).toEqual([])
    deliveries[0]?.settle({ status: 'stored' })
    await client.has('puback', 3)
    const answers = client.packets.filter((packet) => packet.messageId)
    expect(answers.map((packet) => [packet.cmd, packet.messageId])).toEqual([
      ['puback', 9],
      ['pubrec', 4],
      ['puback', 6],
      ['puback', 2],
    ])
  })

  it('the same id published again while it waits is one message with two acknowledgements', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const client = await raw(under)
    const once = publishPacket(activity, 'same', { qos: 1, messageId: 5 })
    client.send(once, { ...once, dup: true }, { ...once, payload: 'another under the same id' })
    await client.ping()
    expect(deliveries.map((delivery) => `${delivery.payload}`)).toEqual(['same', 'another under the same id'])
    for (const delivery of deliveries) storeAll(delivery)
    expect((await client.has('puback', 3)).map((packet) => packet.messageId)).toEqual([5, 5, 5])
  })

  it('QoS 2 is received once: PUBREC after it is settled, repeated until PUBREL, which is always answered', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const client = await raw(under)
    const message = publishPacket(activity, 'exactly once', { qos: 2, messageId: 3 })
    client.send(message)
    await client.ping()
    expect(client.of('pubrec')).toEqual([])
    storeAll(deliveries[0] as Delivery)
    await client.has('pubrec')
    client.send({ ...message, dup: true })
    await client.has('pubrec', 2)
    client.send({ cmd: 'pubrel', messageId: 3 }, { cmd: 'pubrel', messageId: 3 })
    await client.has('pubcomp', 2)
    expect(deliveries).toHaveLength(1)
    client.send(message)
    await client.ping()
    expect(deliveries).toHaveLength(2)
    storeAll(deliveries[1] as Delivery)
  })

  it('mixed retained and plain traffic, ours and clients’, arrives whole and in order', async () => {
    const under = await started()
    const client = await mqtt(under)
    const heard = new Map<string, number[]>()
    const each = 1_000
    const senders = ['ours', 'client-0', 'client-1']
    await client.subscribeAsync('mixed/#', { qos: 1 })
    const ended = new Promise<void>((resolve) => {
      client.on('message', (topic, body) => {
        const sender = topic.split('/')[1] as string
        if (sender === 'end') resolve()
        else heard.set(sender, [...(heard.get(sender) ?? []), Number(body)])
      })
    })
    const numbers = Array.from({ length: each }, (_, n) => n)
    const publishers = await Promise.all([raw(under), raw(under)])
    const ours: Promise<unknown>[] = []
    for (const n of numbers) {
      const [retain, topic] = n % 2 === 0 ? [true, 'retained'] : [false, 'plain']
      ours.push(under.bus.publish(`mixed/ours/${topic}`, `${n}`, { qos: n % 3 === 0 ? 0 : 1, retain }))
      for (const [i, publisher] of publishers.entries()) {
        const about = n % 3 === 0 ? { retain } : { retain, qos: 1 as const, messageId: n + 1 }
        publisher.send(publishPacket(`mixed/client-${i}/${topic}`, `${n}`, about))
      }
    }
    const acknowledged = publishers.map((publisher) => publisher.has('puback', numbers.filter((n) => n % 3).length))
    await Promise.all([...ours, ...acknowledged])
    for (const publisher of publishers) await publisher.ping()
    await sleep(100)
    await under.bus.publish('mixed/end', '')
    await ended
    for (const sender of senders) expect(heard.get(sender), sender).toEqual(numbers)
  })

  it('while nothing can be stored a client stays connected, is answered its pings, and gets all later', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const client = await mqtt(under, 4)
    let lost = 0
    let pings = 0
    client.on('close', () => lost++)
    client.on('packetreceive', (packet) => {
      if (packet.cmd === 'pingresp') pings++
    })
    let acknowledged = 0
    const published = Array.from({ length: 500 }, async (_, n) => {
      await client.publishAsync(activity, `${n}`, { qos: 1 })
      acknowledged++
    })
    await sleep(20_000)
    expect({ lost, acknowledged }).toEqual({ lost: 0, acknowledged: 0 })
    expect(pings).toBeGreaterThanOrEqual(4)
    for (const delivery of deliveries) storeAll(delivery)
    await Promise.all(published)
    expect({ lost, deliveries: deliveries.length }).toEqual({ lost: 0, deliveries: 500 })
  }, 40_000)

  it('what a feed cannot take is not acknowledged, holds up neither subscribers nor others, and comes again', async () => {
    const under = await started()
    const fed: string[] = []
    let isFull = true
    await under.bus.feed('cameras', ['cameras/#'], ({ payload }) => {
      if (isFull) throw new Error('no room')
      fed.push(`${payload}`)
    })
    const [client, other] = [await mqtt(under, 1), await raw(under)]
    let lost = 0
    client.on('close', () => lost++)
    await client.subscribeAsync('cameras/#')
    const shown: string[] = []
    client.on('message', (_, payload) => shown.push(`${payload}`))
    const answered: string[] = []
    const published = ['a', 'b'].map((body) =>
      client.publishAsync('cameras/events', body, { qos: 1 }).then(() => answered.push(body)),
    )
    client.publish('cameras/events', 'c', { qos: 0 })
    const own = under.bus.publish('cameras/events', 'own').then(() => answered.push('own'))
    other.send(publishPacket('elsewhere', 'x', { qos: 1, messageId: 1 }))
    await other.has('puback')
    await sleep(2_500)
    expect({ lost, answered, shown: [...shown].sort() }).toEqual({
      lost: 0,
      answered: [],
      shown: ['a', 'b', 'c', 'own'],
    })
    isFull = false
    await Promise.all([...published, own])
    expect([...fed].sort()).toEqual(['a', 'b', 'c', 'own'])
    expect(fed.filter((body) => body !== 'own')).toEqual(['a', 'b', 'c'])
  })

  it('what a feed has not taken when the house stops stays with its sender', async () => {
    const under = await started()
    const off = await under.bus.feed('cameras', ['cameras/#'], () => {
      throw new Error('no room')
    })
    const client = await raw(under)
    client.send(publishPacket('cameras/events', 'a', { qos: 1, messageId: 1 }))
    await client.ping()
    under.stopping()
    off()
    await under.bus.stop()
    await client.closed
    expect(client.of('puback')).toEqual([])
  })

  it('clients that watch see what was stored, once it is stored, and nothing else', async () => {
    const deliveries: Delivery[] = []
    const under = await started({ accept: (delivery) => deliveries.push(delivery) })
    const [publisher, viewer] = [await raw(under), await raw(under)]
    viewer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 1 }] })
    await viewer.has('suback')
    const heard: string[] = []
    await under.bus.subscribe(topics.activities, ({ payload }) => heard.push(`${payload}`))
    for (const messageId of [1, 2, 3, 4]) publisher.send(publishPacket(activity, 'raw', { qos: 1, messageId }))
    await publisher.ping()
    await viewer.ping()
    expect([viewer.of('publish'), heard]).toEqual([[], []])
    const [stored, ...others] = deliveries
    for (const [i, status] of (['duplicate', 'rejected', 'suppressed'] as const).entries()) {
      others[i]?.settle({ status })
    }
    stored?.settle({ status: 'stored', body: () => Buffer.from('redacted') })
    const shown = await viewer.has('publish')
    await viewer.ping()
    expect(shown.map((packet) => 'payload' in packet && `${packet.payload}`)).toEqual(['redacted'])
    expect(heard).toEqual(['redacted'])
  })
})
