// What every bus driver must do, run over each of them. Not for: what only one broker promises, which stands in that
// driver's own test.

import { setTimeout as sleep } from 'node:timers/promises'
import type { IPublishPacket } from 'mqtt-packet'
import { afterEach, describe, expect, it } from 'vitest'
import { topicsUnder } from '../schemas/topics.ts'
import type { Bus, Delivery, Message } from './bus.ts'
import { publishPacket, RawClient, type RawOptions } from './raw-client.ts'

/** A started bus, and how a client reaches its broker. */
export interface BusUnderTest {
  bus: Bus
  port: number
  username: string | undefined
  password: string | undefined
  /** What a delivery says of who sent it, where that is such a client. */
  sender: string
  /** Tells it, as the house does first of all, that everything is about to stop. */
  stopping(): void
  /** Takes away what it has left where it was, after it was stopped. */
  clear?(): Promise<void>
}

export const topics = topicsUnder('daybook')
/** What was to come has come by then. */
const A_MOMENT = 150
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
      ends.push(async () => {
        await under.bus.stop()
        await under.clear?.()
      })
      return under
    }
    const raw = async (under: BusUnderTest, options: Partial<RawOptions> = {}) => {
      const { port, username, password } = under
      const client = await RawClient.connect({ port, username, password, ...options })
      ends.push(() => client.destroy())
      return client
    }
    const test = (title: string, run: () => Promise<void>) => {
      const reason = skip[title]
      if (reason) it.skip(`${title} (${reason})`, run)
      else it(title, run)
    }
    /** What has come is polled: a broker that is not ours takes its time. What must not come is waited for a moment. */
    const comes = (heard: () => unknown) => expect.poll(heard, { timeout: 10_000, interval: 10 })

    test('publishing an activity resolves with its outcome', async () => {
      const { bus } = await started((delivery) => delivery.settle({ status: 'duplicate', id: delivery.from }))
      expect(await bus.publish(activity, '{}')).toEqual({ status: 'duplicate', id: 'daybook' })
    })

    test('publishing to another topic resolves with nothing and reaches clients', async () => {
      const under = await started()
      const client = await raw(under)
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.command('pause'), qos: 1 }] })
      await client.has('suback')
      expect(await under.bus.publish(topics.command('pause'), 'on')).toBeUndefined()
      const [heard] = (await client.has('publish')) as IPublishPacket[]
      expect([heard?.topic, `${heard?.payload}`]).toEqual([topics.command('pause'), 'on'])
    })

    test('a listener gets retained messages first, then live ones, until it is taken off', async () => {
      const { bus } = await started()
      const heard: string[] = []
      await bus.publish(topics.state('today'), 'kept', { retain: true })
      await bus.publish(topics.state('gone'), 'cleared', { retain: true })
      await bus.publish(topics.state('gone'), '', { retain: true })
      const listener = ({ topic, payload, retain }: Message) => heard.push(`${topic} ${payload} ${retain}`)
      const off = await bus.subscribe(topics.state('+'), listener)
      await comes(() => heard).toEqual([`${topics.state('today')} kept true`])
      await bus.publish(topics.state('today'), 'new', { retain: true })
      await bus.publish(topics.command('pause'), 'not asked for')
      await comes(() => heard).toHaveLength(2)
      off()
      await bus.publish(topics.state('today'), 'too late')
      await sleep(A_MOMENT)
      expect(heard[1]).toBe(`${topics.state('today')} new false`)
      expect(heard).toHaveLength(2)
    })

    test('a listener that comes later gets retained messages, too, and the others do not get them again', async () => {
      const { bus } = await started()
      const heard: string[] = []
      await bus.publish(topics.state('today'), 'kept', { retain: true })
      const listen = (who: string) =>
        bus.subscribe(topics.state('today'), ({ payload }) => heard.push(`${who} ${payload}`))
      await listen('first')
      await comes(() => heard).toEqual(['first kept'])
      await listen('second')
      await comes(() => heard).toHaveLength(2)
      await sleep(A_MOMENT)
      expect(heard).toEqual(['first kept', 'second kept'])
    })

    test('a listener that throws breaks nobody else', async () => {
      const { bus } = await started()
      const heard: string[] = []
      await bus.subscribe(topics.command('+'), () => {
        throw new Error('a mistake in a listener')
      })
      await bus.subscribe(topics.command('+'), ({ payload }) => heard.push(`${payload}`))
      await bus.publish(topics.command('pause'), 'on')
      await comes(() => heard).toEqual(['on'])
    })

    test('what is no filter, and what would share messages with others, is refused', async () => {
      const { bus } = await started()
      const refused = { code: 'topic_invalid' }
      for (const filter of ['', 'a/#/b', 'a+/b', '$share/group/a', '$queue/a']) {
        await expect(bus.subscribe(filter, () => {})).rejects.toMatchObject(refused)
        await expect(bus.feed('wrong', ['a', filter], () => {})).rejects.toMatchObject(refused)
      }
      await expect(bus.publish('a/+', '')).rejects.toMatchObject(refused)
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
      await comes(() => deliveries).toHaveLength(1)
      const { topic, payload, qos, retain, from } = deliveries[0] as Delivery
      expect({ topic, payload: `${payload}`, qos, retain, from }).toEqual({
        topic: activity,
        payload: 'body',
        qos: 1,
        retain: false,
        from: under.sender,
      })
      const heard: Message[] = []
      await under.bus.subscribe(topics.all, (message) => heard.push(message))
      await sleep(A_MOMENT)
      expect([heard, deliveries.length]).toEqual([[], 1])
      client.send(publishPacket(activity, '', { qos: 1, messageId: 8, retain: true }))
      await client.has('puback', 2)
    })

    test('activities of a client come in its order, each once, with QoS 0, too', async () => {
      const came: string[] = []
      const under = await started((delivery) => {
        came.push(`${delivery.payload} ${delivery.qos === 0}`)
        storeAll(delivery)
      })
      const client = await raw(under)
      client.send(publishPacket(activity, '1', { qos: 1, messageId: 1 }))
      await comes(() => came).toHaveLength(1)
      client.send(publishPacket(activity, '2', { qos: 0 }))
      await comes(() => came).toHaveLength(2)
      for (let n = 3; n < 300; n++) client.send(publishPacket(activity, `${n}`, { qos: 1, messageId: n }))
      await comes(() => came).toHaveLength(299)
      expect(came.map((line) => Number.parseInt(line, 10))).toEqual(Array.from({ length: 299 }, (_, n) => n + 1))
      expect(came.filter((line) => line.endsWith('true'))).toEqual(['2 true'])
    })

    test('an activity with QoS 2 comes once', async () => {
      const came: string[] = []
      const under = await started((delivery) => {
        came.push(`${delivery.payload}`)
        storeAll(delivery)
      })
      const client = await raw(under)
      client.send(publishPacket(activity, 'body', { qos: 2, messageId: 3 }))
      await client.has('pubrec')
      client.send({ cmd: 'pubrel', messageId: 3 })
      await client.has('pubcomp')
      await comes(() => came).toHaveLength(1)
      await sleep(A_MOMENT)
      expect(came).toEqual(['body'])
    })

    test('while nothing can be stored everything waits, and nothing of it is lost or comes twice', async () => {
      const waiting: Delivery[] = []
      const came: string[] = []
      let isAway = true
      const under = await started((delivery) => {
        came.push(`${delivery.payload}`)
        if (isAway) waiting.push(delivery)
        else storeAll(delivery)
      })
      const client = await raw(under)
      for (let n = 1; n <= 200; n++) client.send(publishPacket(activity, `${n}`, { qos: 1, messageId: n }))
      await comes(() => waiting.length).toBeGreaterThan(0)
      await sleep(A_MOMENT)
      expect(under.bus.health().state).toBe('ok')
      isAway = false
      for (const delivery of waiting) storeAll(delivery)
      await comes(() => came).toHaveLength(200)
      await sleep(A_MOMENT)
      expect(came).toEqual(Array.from({ length: 200 }, (_, n) => `${n + 1}`))
    })

    test('listeners of the house see what was stored, once it is stored, and nothing else', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
      const publisher = await raw(under)
      const heard: string[] = []
      for (const filter of [topics.activities, topics.all]) {
        await under.bus.subscribe(filter, ({ payload }) => heard.push(`${payload}`))
      }
      for (const messageId of [1, 2, 3, 4]) publisher.send(publishPacket(activity, 'raw', { qos: 1, messageId }))
      const own = under.bus.publish(activity, 'ours')
      await comes(() => deliveries).toHaveLength(5)
      await sleep(A_MOMENT)
      expect(heard).toEqual([])
      const [stored, ...others] = deliveries.filter(({ from }) => from !== 'daybook')
      for (const [i, status] of (['duplicate', 'rejected', 'suppressed'] as const).entries()) {
        others[i]?.settle({ status })
      }
      stored?.settle({ status: 'stored', body: () => Buffer.from('redacted') })
      const ours = deliveries.find(({ from }) => from === 'daybook')
      ours?.settle({ status: 'stored', body: () => Buffer.from('ours, redacted') })
      await own
      await comes(() => heard.length).toBe(4)
      await sleep(A_MOMENT)
      expect(heard.sort()).toEqual(['ours, redacted', 'ours, redacted', 'redacted', 'redacted'])
      expect(deliveries).toHaveLength(5)
    })

    test('what the house stores itself is shown to clients once it is stored, and comes in once', async () => {
      const deliveries: Delivery[] = []
      const under = await started((delivery) => deliveries.push(delivery))
      const viewer = await raw(under)
      viewer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 1 }] })
      await viewer.has('suback')
      const own = under.bus.publish(activity, 'raw')
      await comes(() => deliveries).toHaveLength(1)
      await viewer.ping()
      expect(viewer.of('publish')).toEqual([])
      deliveries[0]?.settle({ status: 'stored', id: 'x', body: () => Buffer.from('redacted') })
      expect(await own).toMatchObject({ status: 'stored', id: 'x' })
      const [shown] = (await viewer.has('publish')) as IPublishPacket[]
      expect(`${shown?.payload}`).toBe('redacted')
      await sleep(A_MOMENT)
      expect(deliveries).toHaveLength(1)
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
      await comes(() => deliveries).toHaveLength(1)
      await sleep(50)
      storeAll(deliveries[0] as Delivery)
      expect(await shown).toBe('last words')
    })

    test('a feed gets what others publish, retained values first, in order and once, and nothing of ours', async () => {
      const under = await started()
      await under.bus.publish('cameras/available', 'online', { retain: true })
      const fed: string[] = []
      const take = ({ topic, payload, retain }: Message) => fed.push(`${topic} ${payload} ${retain}`)
      const off = await under.bus.feed('cameras', ['cameras/available', 'cameras/+', topics.all], take)
      const client = await raw(under)
      client.send(
        publishPacket('cameras/events', 'a', { qos: 1, messageId: 1 }),
        publishPacket('cameras/events', 'b', { qos: 1, messageId: 2 }),
        publishPacket('cameras/available', 'offline', { qos: 1, messageId: 3, retain: true }),
        publishPacket('elsewhere', 'not asked for', { qos: 1, messageId: 4 }),
        publishPacket(topics.command('pause'), 'ours', { qos: 1, messageId: 5 }),
        publishPacket(activity, 'ours', { qos: 1, messageId: 6 }),
      )
      await client.has('puback', 6)
      await comes(() => fed).toHaveLength(4)
      client.send(publishPacket('cameras/events', 'c', { qos: 0 }))
      await comes(() => fed).toHaveLength(5)
      await under.bus.publish('cameras/events', 'played again')
      await comes(() => fed).toHaveLength(6)
      off()
      await under.bus.publish('cameras/events', 'too late')
      await sleep(A_MOMENT)
      expect(fed).toEqual([
        'cameras/available online true',
        'cameras/events a false',
        'cameras/events b false',
        'cameras/available offline false',
        'cameras/events c false',
        'cameras/events played again false',
      ])
    })

    test('what a feed cannot take holds up neither activities, nor subscribers, nor other feeds, and comes again', async () => {
      const stored: string[] = []
      const under = await started((delivery) => {
        stored.push(`${delivery.payload}`)
        storeAll(delivery)
      })
      const [fed, other, shown]: [string[], string[], string[]] = [[], [], []]
      let isFull = true
      await under.bus.feed('cameras', ['cameras/#'], ({ payload }) => {
        if (isFull) throw new Error('no room')
        fed.push(`${payload}`)
      })
      await under.bus.feed('doors', ['doors/#'], ({ payload }) => other.push(`${payload}`))
      await under.bus.subscribe('cameras/#', ({ payload }) => shown.push(`${payload}`))
      const [camera, door] = [await raw(under), await raw(under)]
      for (let n = 1; n <= 100; n++) camera.send(publishPacket('cameras/events', `${n}`, { qos: 1, messageId: n }))
      door.send(publishPacket('doors/front', 'open', { qos: 1, messageId: 1 }))
      door.send(publishPacket(activity, 'note', { qos: 1, messageId: 2 }))
      await comes(() => shown).toHaveLength(100)
      await comes(() => [other, stored]).toEqual([['open'], ['note']])
      expect(fed).toEqual([])
      isFull = false
      await comes(() => fed).toEqual(Array.from({ length: 100 }, (_, n) => `${n + 1}`))
      await sleep(A_MOMENT)
      expect(fed).toHaveLength(100)
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
