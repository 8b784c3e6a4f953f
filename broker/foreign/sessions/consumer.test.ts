// The sessions of a house on a broker that misbehaves. Not for: what arrivals.test.ts tries without a broker.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { FakeBroker, type FakeBrokerOptions } from '../../../test/mqtt/fake-broker.ts'
import { type Accept, storeAll, topics } from '../../bus.contract.ts'
import type { Delivery } from '../../bus.ts'
import { type ForeignOptions, foreignUnderTest } from '../foreign.harness.ts'

const activity = topics.activity({ source: 'manual', type: 'note', producer: 'manual-test' })
const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function brokerThat(does: FakeBrokerOptions = {}): Promise<FakeBroker> {
  const broker = await FakeBroker.start(does)
  ends.push(() => broker[Symbol.asyncDispose]())
  return broker
}

async function house(broker: FakeBroker, accept: Accept = storeAll, options: ForeignOptions = {}) {
  const under = await foreignUnderTest(broker.url, accept, options)
  ends.push(async () => {
    await under.bus.stop()
    await under.wire.close()
  })
  return under
}

/** The connections of its session, without those of the talker. */
const sessionsOf = (broker: FakeBroker) => broker.connections.filter(({ connect }) => connect.clean === false)
const comes = (heard: () => unknown) => expect.poll(heard, { timeout: 10_000, interval: 5 })

describe('the session of a house', () => {
  test('is kept, of a fixed id, and tells a broker of MQTT 5 how much it takes', async () => {
    const broker = await brokerThat()
    const { space } = await house(broker, storeAll, { config: { window: 123, slot: 3 } })
    const [session] = sessionsOf(broker)
    expect(session?.connect).toMatchObject({
      clientId: `daybook-daybook-${space}-3`,
      clean: false,
      properties: { receiveMaximum: 123, sessionExpiryInterval: 0xffffffff },
    })
    expect([...(session?.filters ?? [])]).toEqual([topics.activities])
  })

  test('acknowledges what was settled only on the connection that it came on', async () => {
    const broker = await brokerThat()
    const waiting: Delivery[] = []
    await house(broker, (delivery) => waiting.push(delivery))
    const [first] = sessionsOf(broker)
    for (const payload of ['a', 'b', 'c']) first?.deliver({ topic: activity, payload })
    await comes(() => waiting).toHaveLength(3)
    for (const n of [1, 2]) storeAll(waiting[n] as Delivery)
    broker.does.sessionPresent = true
    broker.does.greets = (connection) => {
      // Other messages under the numbers that the last connection used, as brokers that renumber have.
      if (connection.connect.clean === false) connection.deliver({ topic: activity, payload: 'd' })
    }
    first?.cut()
    await comes(() => waiting).toHaveLength(4)
    storeAll(waiting[0] as Delivery)
    await sleep(50)
    const second = sessionsOf(broker)[1]
    expect([first?.of('puback'), second?.of('puback')]).toEqual([[], []])
    storeAll(waiting[3] as Delivery)
    expect((await second?.has('puback'))?.map(({ messageId }) => messageId)).toEqual([1])
  })

  test('has messages before it is greeted, and acknowledges them', async () => {
    const broker = await brokerThat({
      sessionPresent: true,
      greets: (connection) => {
        if (connection.connect.clean === false) connection.deliver({ topic: activity, payload: 'at once' })
      },
    })
    const came: string[] = []
    await house(broker, (delivery) => {
      came.push(`${delivery.payload}`)
      storeAll(delivery)
    })
    expect((await sessionsOf(broker)[0]?.has('puback'))?.length).toBe(1)
    expect(came).toEqual(['at once'])
  })

  test('is not taken for lost when there was none', async () => {
    const broker = await brokerThat()
    const { bus } = await house(broker)
    expect(bus.health().figures).toMatchObject({ sessionsLost: 0 })
  })

  test('is whole again though the line broke while it was made anew, and the loss is told once it is', async () => {
    const broker = await brokerThat()
    const { bus } = await house(broker)
    broker.does.greets = (connection) => {
      if (connection.connect.clean === false) {
        // The next one finds a session that nothing was ever subscribed to.
        broker.does.sessionPresent = true
        broker.does.greets = () => {}
        connection.end()
      }
    }
    sessionsOf(broker)[0]?.cut()
    await comes(() => [...(sessionsOf(broker)[2]?.filters ?? [])]).toEqual([topics.activities])
    await comes(() => bus.health().figures).toMatchObject({ sessionsLost: 1 })
    await comes(() => broker.connections.flatMap((each) => each.of('publish')).map(({ topic }) => topic)).toEqual([
      topics.command('resend'),
    ])
  })

  test('is whole though the greeting that told of its making was lost', async () => {
    const broker = await brokerThat({ versions: [4] })
    await house(broker, storeAll, { config: { version: 4 } })
    broker.does.silent = true
    sessionsOf(broker)[0]?.cut()
    await comes(() => sessionsOf(broker)).toHaveLength(2)
    broker.does.sessionPresent = true
    broker.does.silent = false
    sessionsOf(broker)[1]?.cut()
    await comes(() => [...(sessionsOf(broker).at(-1)?.filters ?? [])]).toEqual([topics.activities])
  })

  test.each([4, 5] as const)(
    'brings retained activities that were on their way when the line was cut (MQTT %i)',
    async (version) => {
      const broker = await brokerThat()
      const came: string[] = []
      const take: Accept = (delivery) => {
        came.push(`${delivery.payload}`)
        storeAll(delivery)
      }
      const first = await house(broker, take, { config: { version } })
      await first.bus.stop()
      broker.does.sessionPresent = true
      await house(broker, take, { config: { version }, after: first })
      sessionsOf(broker)[1]?.deliver({ topic: activity, payload: 'late', retain: true })
      await comes(() => came).toEqual(['late'])
      expect(
        sessionsOf(broker)[1]
          ?.of('subscribe')
          .map(({ subscriptions }) => subscriptions[0]?.rh),
      ).toEqual(version === 5 ? [1] : [])
    },
  )

  test('keeps the line while nothing can be stored, and takes no more than it may hold', async () => {
    const broker = await brokerThat()
    const waiting: Delivery[] = []
    const { bus } = await house(broker, (delivery) => waiting.push(delivery), { config: { keepaliveSeconds: 5 } })
    const [session] = sessionsOf(broker)
    const body = 'x'.repeat(1024 * 1024)
    for (let n = 0; n < 100; n++) session?.deliver({ topic: activity, payload: `${n}${body}` })
    await comes(() => waiting.length).toBeGreaterThan(60)
    await sleep(6_000)
    expect(waiting.length).toBeLessThan(70)
    expect(session?.isOpen).toBe(true)
    expect(session?.of('pingreq').length).toBeGreaterThan(0)
    expect(session?.of('puback')).toEqual([])
    expect(bus.health()).toMatchObject({ state: 'ok' })
    for (let n = 0; n < 100; n++) {
      await comes(() => waiting.length).toBeGreaterThan(n)
      storeAll(waiting[n] as Delivery)
    }
    expect(await session?.has('puback', 100)).toHaveLength(100)
  })
})

describe('a start', () => {
  test('is refused where the broker refuses us', async () => {
    const broker = await brokerThat({ password: 'right' })
    await expect(house(broker)).rejects.toMatchObject({ code: 'broker_refused' })
    const forbidding = await brokerThat({ forbidden: [topics.activities] })
    await expect(house(forbidding)).rejects.toMatchObject({ code: 'broker_refused' })
  })

  test('goes on without a broker that is away, stores what the house takes itself, and is whole once it is there', async () => {
    const broker = await brokerThat({ silent: true })
    const { bus } = await house(broker)
    expect(bus.health()).toMatchObject({ state: 'degraded', code: 'bus_unavailable' })
    expect(await bus.publish(activity, 'note')).toMatchObject({ status: 'stored' })
    const off = await bus.subscribe(topics.statuses, () => {})
    const offFeed = await bus.feed('doors', ['doors/#'], () => {})
    off()
    broker.does.silent = false
    broker.cut()
    await comes(() => bus.health().state).toBe('ok')
    await comes(() => sessionsOf(broker).some(({ filters }) => filters.has('doors/#'))).toBe(true)
    await comes(() => broker.connections.flatMap((each) => each.of('publish')).map(({ topic }) => topic)).toEqual([
      activity,
    ])
    offFeed()
  })
})

test('a feed that ends and begins again at once goes on with its session', async () => {
  const broker = await brokerThat()
  const { bus, memory } = await house(broker)
  const taken: string[] = []
  const take = ({ payload }: { payload: Buffer }) => taken.push(`${payload}`)
  const off = await bus.feed('doors', ['doors/#'], take)
  off()
  off()
  await bus.feed('doors', ['doors/#'], take)
  const feeds = () => broker.connections.filter(({ connect }) => connect.clientId.endsWith('-feed-doors'))
  expect(feeds().map(({ connect }) => connect.clean)).toEqual([false, false])
  feeds()[1]?.deliver({ topic: 'doors/1', payload: 'open' })
  await comes(() => taken).toEqual(['open'])
  expect(Object.values(memory.kept?.sessions ?? {})).toContainEqual(['doors/#'])
})

test('two houses under one id are told from what they do to each other', async () => {
  const broker = await brokerThat({ versions: [4] })
  const { bus, space } = await house(broker)
  broker.does.greets = (connection) => {
    if (connection.connect.clean === false) setTimeout(() => connection.end(), 50)
  }
  sessionsOf(broker).at(-1)?.end()
  await comes(() => bus.health().detail ?? '').toMatch(
    new RegExp(`client id daybook-daybook-${space}-0.*broker\\.slot`),
  )
  expect(bus.health().code).toBe('bus_unavailable')
  broker.does.greets = () => {}
  await comes(() => bus.health().figures?.connected).toBe(true)
  // Not believed yet.
  expect(bus.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining('broker.slot') })
})
