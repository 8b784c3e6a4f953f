// What is retained outlives its connection and its broker, and a will is heard only from who is gone.
import { expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import type { FakeBroker } from '../../../test/mqtt/fake-broker.ts'
import type { FakeConnection } from '../../../test/mqtt/fake-connection.ts'
import { talking, texts, topics } from './talker.harness.ts'

const state = topics.state('session')
const other = topics.state('today')
const status = topics.status('laptop')
const activity = topics.activity({ source: 'terminal', type: 'command', producer: 'laptop' })

/** The nth connection whose will is, or is not, the status'. */
async function nth(broker: FakeBroker, count: number, withWill: boolean): Promise<FakeConnection> {
  const all = () => broker.connections.filter(({ connect }) => Boolean(connect.will) === withWill)
  await expect.poll(() => all().length).toBeGreaterThanOrEqual(count)
  return all()[count - 1] as FakeConnection
}

test('each connection begins with the last value of each retained topic', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(state, '1', { retain: true })
  await talker.publish(other, 'a', { retain: true })
  await talker.publish(state, '2', { retain: true })
  await talker.publish(activity, 'event')
  for (const connection of [2, 3]) {
    broker.forget()
    const there = await broker.connection(connection)
    await there.has('publish', 2)
    expect(texts(there.of('publish'))).toEqual(['a', '2'])
    expect(there.of('publish').every(({ retain, qos }) => retain && qos === 1)).toBe(true)
  }
})

test('what was cleared is not said again', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(state, '1', { retain: true })
  await talker.publish(other, 'a', { retain: true })
  await talker.publish(state, '', { retain: true })
  broker.forget()
  const there = await broker.connection(2)
  await there.has('publish', 1)
  await talker.publish(activity, 'event').catch(() => {})
  expect(texts(there.of('publish'))).toEqual(['a', 'event'])
})

test('a value, and a clearing, that could not be said is owed', async () => {
  await using here = await talking({ broker: { code: 0x88 } })
  const { talker, broker } = here
  await expect(talker.publish(state, '1', { retain: true })).rejects.toMatchObject({ code: 'bus_unavailable' })
  await expect(talker.publish(other, '', { retain: true })).rejects.toMatchObject({ code: 'bus_unavailable' })
  const starting = talker.start()
  await broker.connection(1)
  broker.does.code = 0
  await starting
  await broker.last.has('publish', 2)
  expect(texts(broker.last.of('publish'))).toEqual(['1', ''])
  await talker.publish(activity, 'event')
  broker.cut()
  const next = await broker.connection(broker.connections.length + 1)
  await next.has('publish')
  await talker.publish(activity, 'event')
  expect(texts(next.of('publish'))).toEqual(['1', 'event'])
})

test('a value of which the acknowledgement is missing is said again', async () => {
  await using here = await talking({ broker: { holds: true } })
  const { talker, broker } = here
  await talker.start()
  const publishing = talker.publish(state, '1', { retain: true })
  await broker.last.has('publish')
  broker.cut()
  await expect(publishing).rejects.toMatchObject({ code: 'bus_unavailable' })
  expect(texts(await (await broker.connection(2)).has('publish'))).toEqual(['1'])
})

test('a state is said again every day, long before it expires', async () => {
  let day = Promise.withResolvers<void>()
  const clock = {
    now: wallClock.now,
    sleep: (ms: number, signal?: AbortSignal) => {
      const wall = wallClock.sleep(ms, signal)
      return ms === 86_400_000 ? Promise.race([day.promise, wall]) : wall
    },
  }
  await using here = await talking({ talker: { clock } })
  const { talker, broker } = here
  await talker.start()
  await talker.publish(state, '1', { retain: true })
  await talker.publish(topics.receipt('laptop'), '{}', { retain: true })
  for (const days of [1, 2]) {
    const over = day
    day = Promise.withResolvers()
    over.resolve()
    await broker.last.has('publish', 2 + days)
  }
  expect(texts(broker.last.of('publish'))).toEqual(['1', '{}', '1', '1'])
})

test('a topic with a will has a connection of its own, whose will it is', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  await talker.publish(status, 'busy', { retain: true })
  const own = await nth(broker, 1, true)
  expect(own.connect.will).toMatchObject({ topic: status, payload: Buffer.from('gone'), qos: 1, retain: true })
  expect(own.connect.clientId).toMatch(/^daybook-test-[0-9a-f]{8}$/)
  expect(texts(own.of('publish'))).toEqual(['online', 'busy'])
  expect((await nth(broker, 1, false)).of('publish')).toEqual([])
})

test('a topic that gets a will later is no longer said on the common connection', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(status, 'first', { retain: true })
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  broker.forget()
  const [common, own] = [await nth(broker, 2, false), await nth(broker, 2, true)]
  await own.has('publish')
  await expect.poll(() => talker.isOpen).toBe(true)
  await talker.publish(activity, 'event')
  expect(texts(common.of('publish'))).toEqual(['event'])
  expect(texts(own.of('publish'))).toEqual(['online'])
})

test('its last value is said again on its next connection, which has the same client id and the last will', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  await talker.publish(status, 'busy', { retain: true, will: 'gone busy' })
  const first = await nth(broker, 1, true)
  first.cut()
  const second = await nth(broker, 2, true)
  expect(texts(await second.has('publish'))).toEqual(['busy'])
  expect(second.connect.clientId).toBe(first.connect.clientId)
  expect(second.connect.will?.payload.toString()).toBe('gone busy')
  expect(talker.health()).toMatchObject({ state: 'ok', figures: { connections: 1, wills: 1 } })
})

test('an end in order leaves the will unsaid', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  await talker.publish(status, 'offline', { retain: true, will: 'gone' })
  await talker.stop()
  const own = await nth(broker, 1, true)
  await own.closed
  expect(own.packets.map(({ cmd }) => cmd)).toEqual(['connect', 'publish', 'publish', 'disconnect'])
})

test('a topic that is cleared needs no will any more', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  await talker.publish(status, '', { retain: true })
  const own = await nth(broker, 1, true)
  await own.closed
  expect(own.packets.at(-1)?.cmd).toBe('disconnect')
  await talker.publish(status, 'online', { retain: true, will: 'gone' })
  await nth(broker, 2, true)
})

test('a will that the broker does not let in is told, while all else goes on', async () => {
  await using here = await talking({ broker: { refusesWills: true } })
  const { talker } = here
  await talker.start()
  await expect(talker.publish(status, 'online', { retain: true, will: 'gone' })).rejects.toMatchObject({
    code: 'broker_refused',
  })
  expect(talker.health()).toMatchObject({ state: 'degraded', code: 'broker_refused', figures: { wills: 0 } })
  expect(talker.health().detail).toContain(status)
  await talker.publish(activity, '{}')
})

test('while the broker is away a status rejects as everything does, and is owed', async () => {
  await using here = await talking({ broker: { code: 0x88 } })
  const { talker, broker } = here
  const starting = talker.start()
  await expect(talker.publish(status, 'online', { retain: true, will: 'gone' })).rejects.toMatchObject({
    code: 'bus_unavailable',
  })
  broker.does.code = 0
  await starting
  await expect.poll(() => broker.retained.get(status)?.payload.toString()).toBe('online')
})
