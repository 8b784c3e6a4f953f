// What holds over lines that are cut and houses that come and go, on every broker that is not ours. Not for: what every bus
// does (bus.contract.ts), or what needs a broker that misbehaves (consumer.test.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import type { IPublishPacket } from 'mqtt-packet'
import { afterEach, describe, expect, it } from 'vitest'
import { type Accept, storeAll, topics } from '../bus.contract.ts'
import type { Delivery, Message } from '../bus.ts'
import { publishPacket, RawClient, type RawOptions } from '../raw-client.ts'
import { type ForeignOptions, type ForeignUnderTest, foreignUnderTest } from './foreign.harness.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
/** What was to come has come by then. */
const A_MOMENT = 200

/**
 * `brokerUrl` is asked before each case; `skip` names the cases that a broker cannot meet, each with its reason. Where one
 * sends again only after a while, that is to be at most 5 s.
 */
export function linesContract(
  name: string,
  brokerUrl: () => string,
  skip: Record<string, string> = {},
  config: NonNullable<ForeignOptions['config']> = {},
) {
  describe(`lines to ${name}`, () => {
    const ends: (() => unknown)[] = []
    afterEach(async () => {
      for (const end of ends.splice(0).reverse()) await end()
    })

    const started = async (accept: Accept = storeAll, options: ForeignOptions = {}) => {
      const under = await foreignUnderTest(brokerUrl(), accept, { config, ...options })
      ends.push(async () => {
        await under.bus.stop()
        await under.clear()
      })
      return under
    }
    const again = (after: ForeignUnderTest, accept: Accept = storeAll, options: ForeignOptions = {}) => {
      after.wire.mend()
      return started(accept, { after, ...options })
    }
    const raw = async ({ port, username, password }: ForeignUnderTest, options: Partial<RawOptions> = {}) => {
      const client = await RawClient.connect({ port, username, password, ...options })
      ends.push(() => client.destroy())
      return client
    }
    const publish = async (client: RawClient, topic: string, bodies: readonly string[], first = 1) => {
      const before = client.of('puback').length
      for (const [i, body] of bodies.entries()) {
        client.send(publishPacket(topic, body, { qos: 1, messageId: first + i }))
      }
      await client.has('puback', before + bodies.length)
    }
    const test = (title: string, run: () => Promise<void>) => {
      const reason = skip[title]
      if (reason) it.skip(`${title} (${reason})`, run)
      else it(title, run)
    }
    const comes = (heard: () => unknown) => expect.poll(heard, { timeout: 10_000, interval: 10 })
    const bodies = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `${from + n}`)
    const kept = (came: string[]): Accept => {
      return (delivery) => {
        came.push(`${delivery.payload}`)
        storeAll(delivery)
      }
    }

    test('what is unsettled when the line is cut is one message still, and settled once', async () => {
      const waiting: Delivery[] = []
      const under = await started((delivery) => waiting.push(delivery))
      await publish(await raw(under), activity, bodies(1, 3))
      await comes(() => waiting).toHaveLength(3)
      for (let n = 0; n < 2; n++) {
        under.wire.cut()
        await comes(() => under.bus.health().state).toBe('degraded')
        under.wire.mend()
        await comes(() => under.bus.health().state).toBe('ok')
      }
      await sleep(A_MOMENT)
      expect(waiting.map(({ payload }) => `${payload}`)).toEqual(['1', '2', '3'])
      for (const delivery of waiting) storeAll(delivery)
      await comes(() => under.bus.health().figures).toMatchObject({ unacknowledged: 0, reconnects: 2, sessionsLost: 0 })
      await under.bus.stop()
      const came: string[] = []
      await again(under, kept(came))
      await sleep(A_MOMENT)
      expect(came).toEqual([])
    })

    test('what is settled while there is no line is acknowledged on the next one, and comes in once', async () => {
      const waiting: Delivery[] = []
      const under = await started((delivery) => waiting.push(delivery))
      await publish(await raw(under), activity, bodies(1, 3))
      await comes(() => waiting).toHaveLength(3)
      under.wire.cut()
      await comes(() => under.bus.health().state).toBe('degraded')
      for (const delivery of waiting) storeAll(delivery)
      under.wire.mend()
      await comes(() => under.bus.health().state).toBe('ok')
      await sleep(A_MOMENT)
      expect(waiting).toHaveLength(3)
      await under.bus.stop()
      const came: string[] = []
      await again(under, kept(came))
      await sleep(A_MOMENT)
      expect(came).toEqual([])
    })

    test('what comes while the house is away waits for it, in order, and so does what it had not settled', async () => {
      const first: Delivery[] = []
      const under = await started((delivery) => first.push(delivery))
      const client = await raw(under)
      await publish(client, activity, bodies(1, 4))
      await comes(() => first).toHaveLength(4)
      for (const delivery of first.slice(0, 2)) storeAll(delivery)
      under.stopping()
      await under.bus.stop()
      await publish(client, activity, bodies(5, 100), 5)
      const came: string[] = []
      const next = await again(under, kept(came))
      await comes(() => came).toHaveLength(98)
      await sleep(A_MOMENT)
      expect(came.filter((body) => Number(body) > 4)).toEqual(bodies(5, 100))
      expect(came.filter((body) => Number(body) <= 4)).toEqual(bodies(3, 4))
      expect(next.bus.health().figures).toMatchObject({ sessionsLost: 0 })
    })

    test('what the house takes itself is stored while the broker is away, and shown when it is back, once', async () => {
      const came: string[] = []
      const under = await started(kept(came))
      const viewer = await raw(under)
      viewer.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.activities, qos: 0 }] })
      await viewer.has('suback')
      const heard: string[] = []
      await under.bus.subscribe(topics.activities, ({ payload }) => heard.push(`${payload}`))
      under.wire.cut()
      await comes(() => under.bus.health().state).toBe('degraded')
      expect(await Promise.all(bodies(1, 20).map((body) => under.bus.publish(activity, body)))).toHaveLength(20)
      expect(heard).toEqual(bodies(1, 20))
      under.wire.mend()
      await viewer.has('publish', 20)
      await sleep(A_MOMENT)
      expect((viewer.of('publish') as IPublishPacket[]).map(({ payload }) => `${payload}`)).toEqual(bodies(1, 20))
      expect([came, heard]).toEqual([bodies(1, 20), bodies(1, 20)])
    })

    test('receipts reach the house without the broker, and the broker once it is there', async () => {
      const under = await started()
      const receipt = topics.receipt('manual-test')
      under.wire.cut()
      await comes(() => under.bus.health().state).toBe('degraded')
      const heard: string[] = []
      await under.bus.publish(receipt, '{"upTo":1,"settled":[]}', { retain: true })
      await under.bus.subscribe(receipt, ({ payload, retain }) => heard.push(`${payload} ${retain}`))
      await under.bus.publish(receipt, '{"upTo":2,"settled":[]}', { retain: true })
      expect(heard).toEqual(['{"upTo":1,"settled":[]} true', '{"upTo":2,"settled":[]} false'])
      await expect(under.bus.publish(topics.session('started'), '{}')).rejects.toMatchObject({
        code: 'bus_unavailable',
      })
      under.wire.mend()
      await comes(() => under.bus.health().state).toBe('ok')
      const device = await raw(under)
      await comes(() => {
        device.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: receipt, qos: 1 }] })
        return (device.of('publish') as IPublishPacket[]).map(({ payload }) => `${payload}`).at(-1)
      }).toBe('{"upTo":2,"settled":[]}')
      expect(heard).toHaveLength(2)
    })

    test('retained statuses are heard again after a reconnect, and live ones go on', async () => {
      const under = await started()
      const bridge = await raw(under)
      const status = topics.status('laptop')
      bridge.send(publishPacket(status, '1', { qos: 1, messageId: 1, retain: true }))
      await bridge.has('puback')
      const heard: string[] = []
      await under.bus.subscribe(topics.status('laptop'), ({ payload, retain }) => heard.push(`${payload} ${retain}`))
      await comes(() => heard).toEqual(['1 true'])
      under.wire.cut()
      await comes(() => under.bus.health().state).toBe('degraded')
      bridge.send(publishPacket(status, '2', { qos: 1, messageId: 2, retain: true }))
      await bridge.has('puback', 2)
      under.wire.mend()
      await comes(() => heard).toEqual(['1 true', '2 true'])
      bridge.send(publishPacket(status, '3', { qos: 1, messageId: 3, retain: true }))
      await comes(() => heard).toEqual(['1 true', '2 true', '3 false'])
    })

    test('a session that the broker has lost is noticed, and everyone is asked for what has no receipt', async () => {
      const came: string[] = []
      const under = await started(kept(came))
      const bridge = await raw(under)
      bridge.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: topics.command('resend'), qos: 1 }] })
      await bridge.has('suback')
      under.wire.cut()
      await comes(() => under.bus.health().state).toBe('degraded')
      const [clientId = ''] = Object.keys(under.memory.kept?.sessions ?? {})
      await raw(under, { clientId, clean: true })
      under.wire.mend()
      const [asked] = (await bridge.has('publish')) as IPublishPacket[]
      expect(JSON.parse(`${asked?.payload}`)).toEqual({ at: expect.any(Number), reason: expect.any(String) })
      expect(asked?.retain).toBe(false)
      await comes(() => under.bus.health()).toMatchObject({ state: 'ok', figures: { sessionsLost: 1 } })
      await publish(bridge, activity, ['again'], 2)
      await comes(() => came).toEqual(['again'])
    })

    test('a feed gets what came while the house was away, and what it had not taken', async () => {
      const under = await started()
      const taken: string[] = []
      const off = await under.bus.feed('doors', ['doors/+'], ({ payload }) => {
        if (`${payload}` === '3') throw new Error('no room')
        taken.push(`${payload}`)
      })
      const client = await raw(under)
      await publish(client, 'doors/front', bodies(1, 4))
      await comes(() => taken).toEqual(['1', '2'])
      await sleep(A_MOMENT)
      under.stopping()
      off()
      await under.bus.stop()
      await publish(client, 'doors/front', bodies(5, 30), 5)
      const next = await again(under)
      const came: string[] = []
      await next.bus.feed('doors', ['doors/+'], ({ payload }) => came.push(`${payload}`))
      await comes(() => came).toHaveLength(28)
      expect(came.filter((body) => Number(body) > 4)).toEqual(bodies(5, 30))
      expect(came.filter((body) => Number(body) <= 4)).toEqual(bodies(3, 4))
    })

    test('a feed whose filters have changed gets what it asks for now, and nothing else', async () => {
      const under = await started()
      await under.bus.feed('things', ['doors/+', 'lamps/+'], () => {})
      under.stopping()
      await under.bus.stop()
      const next = await again(under)
      const came: string[] = []
      const take = ({ topic }: Message) => came.push(topic)
      await next.bus.feed('things', ['lamps/+', 'windows/+'], take)
      const client = await raw(under)
      await publish(client, 'doors/1', ['x'])
      await publish(client, 'lamps/1', ['x'], 2)
      await publish(client, 'windows/1', ['x'], 3)
      await comes(() => came).toEqual(['lamps/1', 'windows/1'])
    })

    test('the session of a feed that has ended is no burden to the broker', async () => {
      const under = await started()
      const off = await under.bus.feed('doors', ['doors/+'], () => {})
      const clientId = Object.keys(under.memory.kept?.sessions ?? {}).find((id) => id.includes('-feed-'))
      off()
      await comes(() => Object.keys(under.memory.kept?.sessions ?? {})).toHaveLength(1)
      const looking = await raw(under, { clientId: clientId ?? '', clean: false })
      expect(looking.packets[0]).toMatchObject({ cmd: 'connack', sessionPresent: false })
      looking.destroy()
      await raw(under, { clientId: clientId ?? '', clean: true })
    })

    test('a retained activity is taken once by a new house, and not again at each start', async () => {
      const came: string[] = []
      const first = await started()
      const client = await raw(first)
      client.send(publishPacket(activity, 'kept', { qos: 1, messageId: 1, retain: true }))
      await client.has('puback')
      const under = await started(kept(came))
      await comes(() => came).toEqual(['kept'])
      await under.bus.stop()
      await again(under, kept(came))
      await sleep(A_MOMENT)
      expect(came).toEqual(['kept'])
    })
  })
}
