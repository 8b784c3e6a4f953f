// What every bus driver must do, run over each of them. Not for: what only one broker promises, which stands in that
// driver's own test.

import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { topicsUnder } from '../schemas/topics.ts'
import type { Bus, Delivery, Message } from './bus.ts'
import { publishPacket, RawClient, type RawOptions } from './raw-client.ts'

/** A started bus, and how a client reaches it. */
export interface BusUnderTest {
  bus: Bus
  port: number
  username: string
  password: string
  /** Tells it, as the house does first of all, that everything is about to stop. */
  stopping(): void
}

export const topics = topicsUnder('daybook')
const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })

export type Accept = (delivery: Delivery) => void

/** Stores whatever comes, as it came. */
export const storeAll: Accept = (delivery) => delivery.settle({ status: 'stored', body: () => delivery.payload })

/** `skip` names the cases that a driver cannot meet, each with its reason. */
export function busContract(
  name: string,
  open: (accept: Accept) => Promise<BusUnderTest>,
  skip: Record<string, string> = {},
) {
  describe(`${name} as a bus`, () => {
    const ends: (() => unknown)[] = []
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end()
    })

    const started = async (accept: Accept = storeAll) => {
      const under = await open(accept)
      ends.push(() => under.bus.stop())
      return under
    }
    const raw = async (under: BusUnderTest, options: Partial<RawOptions> = {}) => {
      const { port, username, password } = under
      const client = await RawClient.connect({ port, username, password, ...options })
      ends.push(() => client.destroy())
      return client
    }
    const mqtt = async ({ port, username, password }: BusUnderTest, keepalive = 60): Promise<MqttClient> => {
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { username, password, keepalive })
      ends.push(() => client.endAsync(true))
      return client
    }
    const test = (title: string, run: () => Promise<void>, timeout?: number) => {
      const reason = skip[title]
      if (reason) it.skip(`${title} (${reason})`, run)
      else it(title, run, timeout)
    }

    test('publishing an activity resolves with its outcome', async () => {
      const { bus } = await started((delivery) => delivery.settle({ status: 'duplicate', id: delivery.from }))
      expect(await bus.publish(activity, '{}')).toEqual({ status: 'duplicate', id: 'daybook' })
    })

    test('publishing to another topic resolves with nothing and reaches clients', async () => {
      const under = await started()
      const client = await mqtt(under)
      await client.subscribeAsync(topics.all)
      const heard = new Promise((resolve) => client.once('message', (topic, body) => resolve([topic, `${body}`])))
      expect(await under.bus.publish(topics.command('pause'), 'on')).toBeUndefined()
      expect(await heard).toEqual([topics.command('pause'), 'on'])
    })

    test('a listener gets retained messages first, then live ones, until it is taken off', async () => {
      const { bus } = await started()
      const heard: string[] = []
      await bus.publish(topics.state('today'), 'kept', { retain: true })
      await bus.publish(topics.state('gone'), 'cleared', { retain: true })
      await bus.publish(topics.state('gone'), '', { retain: true })
      const listener = ({ topic, payload, retain }: Message) => heard.push(`${topic} ${payload} ${retain}`)
      const off = await bus.subscribe(topics.state('+'), listener)
      await bus.publish(topics.state('today'), 'new', { retain: true })
      await bus.publish(topics.command('pause'), 'not asked for')
      off()
      await bus.publish(topics.state('today'), 'too late')
      expect(heard).toEqual([`${topics.state('today')} kept true`, `${topics.state('today')} new false`])
    })

    test('a listener that throws breaks nobody else', async () => {
      const { bus } = await started()
      const heard: string[] = []
      await bus.subscribe(topics.all, () => {
        throw new Error('a mistake in a listener')
      })
      await bus.subscribe(topics.all, ({ payload }) => heard.push(`${payload}`))
      await bus.publish(topics.command('pause'), 'on')
      expect(heard).toEqual(['on'])
    })

    test('an activity of a client is handed on with its sender, never as retained', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => {
        deliveries.push(delivery)
        storeAll(delivery)
      })
      const client = await raw(under)
      client.send(publishPacket(activity, 'body', { qos: 1, messageId: 7, retain: true }))
      await client.has('puback')
      const { topic, payload, qos, retain, from } = deliveries[0] as Delivery
      expect({ topic, payload: `${payload}`, qos, retain, from }).toEqual({
        topic: activity,
        payload: 'body',
        qos: 1,
        retain: false,
        from: under.username,
      })
      const heard: Message[] = []
      await under.bus.subscribe(topics.all, (message) => heard.push(message))
      expect(heard).toEqual([])
    })

    test('an activity is acknowledged only when it is settled, whatever became of it', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
      const client = await raw(under)
      for (const messageId of [1, 2, 3, 4]) client.send(publishPacket(activity, `${messageId}`, { qos: 1, messageId }))
      await client.ping()
      expect(client.of('puback')).toEqual([])
      const statuses = ['stored', 'duplicate', 'suppressed', 'rejected'] as const
      for (const [i, status] of statuses.entries()) deliveries[i]?.settle({ status })
      expect((await client.has('puback', 4)).map((packet) => packet.messageId)).toEqual([1, 2, 3, 4])
    })

    test('acknowledgements leave in the order of arrival, in whatever order messages are settled', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
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

    test('live subscribers see what was stored, once it is stored, and nothing else', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
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

    test('a message whose publisher is gone before it is stored is stored and shown all the same', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
      const shown = new Promise<string>((resolve) => {
        void under.bus.subscribe(topics.activities, ({ payload }) => resolve(`${payload}`))
      })
      const client = await raw(under)
      client.send(publishPacket(activity, 'last words', { qos: 1, messageId: 1 }))
      await client.ping()
      client.destroy()
      await client.closed
      await sleep(50)
      storeAll(deliveries[0] as Delivery)
      expect(await shown).toBe('last words')
    })

    test('the same id published again while it waits is one message with two acknowledgements', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
      const client = await raw(under)
      const once = publishPacket(activity, 'same', { qos: 1, messageId: 5 })
      client.send(once, { ...once, dup: true }, { ...once, payload: 'another under the same id' })
      await client.ping()
      expect(deliveries.map((delivery) => `${delivery.payload}`)).toEqual(['same', 'another under the same id'])
      for (const delivery of deliveries) storeAll(delivery)
      expect((await client.has('puback', 3)).map((packet) => packet.messageId)).toEqual([5, 5, 5])
    })

    test('QoS 2 is received once: PUBREC after it is settled, repeated until PUBREL, which is always answered', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
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

    test('mixed retained and plain traffic, ours and clients’, arrives whole and in order', async () => {
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

    test('while nothing can be stored a client stays connected, is answered its pings, and gets all later', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
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

    test('a feed gets what others publish, retained values first, in order and once, and nothing of ours', async () => {
      const under = await started()
      await under.bus.publish('cameras/available', 'online', { retain: true })
      const fed: string[] = []
      const take = ({ topic, payload, retain }: Message) => fed.push(`${topic} ${payload} ${retain}`)
      const off = await under.bus.feed('cameras', ['cameras/available', 'cameras/+', topics.all], take)
      const client = await raw(under)
      client.send(
        publishPacket('cameras/events', 'a', { qos: 1, messageId: 1 }),
        publishPacket('cameras/events', 'b', { qos: 0 }),
        publishPacket('cameras/available', 'offline', { qos: 2, messageId: 2, retain: true }),
        publishPacket('elsewhere', 'not asked for', { qos: 1, messageId: 3 }),
        publishPacket(topics.command('pause'), 'ours', { qos: 1, messageId: 4 }),
        publishPacket(activity, 'ours', { qos: 1, messageId: 5 }),
      )
      await client.has('puback', 4)
      await under.bus.publish('cameras/events', 'played again')
      off()
      await under.bus.publish('cameras/events', 'too late')
      expect(fed).toEqual([
        'cameras/available online true',
        'cameras/events a false',
        'cameras/events b false',
        'cameras/available offline false',
        'cameras/events played again false',
      ])
    })

    test('what a feed cannot take is not acknowledged, holds up neither subscribers nor others, and comes again', async () => {
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

    test('what a feed has not taken when the house stops stays with its sender', async () => {
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

    test('stopping is safe twice, and what is published afterwards is refused', async () => {
      const { bus } = await started()
      await bus.stop()
      await bus.stop()
      await expect(bus.publish(activity, '{}')).rejects.toMatchObject({ code: 'shutting_down' })
      expect(bus.health().state).toBe('stopped')
    })
  })
}
