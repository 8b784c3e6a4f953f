// What a probe finds at brokers whose limits are known, and that it leaves nothing there.
import { afterEach, describe, expect, test } from 'vitest'
import { topicsUnder } from '../../../schemas/topics.ts'
import { FakeBroker } from '../../../test/mqtt/fake-broker.ts'
import { type LimitedBroker, type Limits, limitedBroker } from '../../../test/mqtt/limited-broker.ts'
import { foreignConfig } from '../config.ts'
import { probeBroker, probeShared } from './probe.ts'

const brokers: AsyncDisposable[] = []
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker[Symbol.asyncDispose]()
})

const optionsFor = (url: string, version: 4 | 5 = 4) => ({
  config: foreignConfig.parse({ url, version, window: 100 }),
  topics: topicsUnder('daybook'),
  name: 'test',
  quietMs: 200,
  messages: 300,
})

async function brokerWith(limits: Partial<Limits>): Promise<LimitedBroker> {
  const broker = await limitedBroker(limits)
  brokers.push(broker)
  return broker
}

describe('a probe', () => {
  test('finds the window and the queue to the message', async () => {
    const { url } = await brokerWith({ window: 20, queue: 250 })
    expect(await probeBroker(optionsFor(url))).toMatchObject({ version: 4, window: 20, queue: 250 })
  })

  test('says when it has met no end', async () => {
    const { url } = await brokerWith({ window: 65_535, queue: 10_000 })
    expect(await probeBroker(optionsFor(url))).toMatchObject({ window: null, queue: null })
  })

  test.each([
    [{ retained: 'kept' }, { retained: 'kept', cleared: true }],
    [{ retained: 'exact' }, { retained: 'exact', cleared: true }],
    [{ retained: 'none' }, { retained: 'none', cleared: true }],
    [{ clears: false }, { retained: 'kept', cleared: false }],
    [{ shared: 'silent' }, { shared: 'silent', broker: 'nats' }],
    [{ shared: 'copies' }, { shared: 'copies', broker: 'unknown' }],
    [{ shared: 'refused' }, { shared: 'refused' }],
    [{ shared: 'works' }, { shared: 'works' }],
    [{ dots: false }, { dots: false, broker: 'rabbitmq' }],
    [{ says: ['$SYS/broker/version', 'mosquitto version 2.0.11'] }, { dots: true, broker: 'mosquitto' }],
    [{ says: ['$SYS/brokers', 'emqx@127.0.0.1'] }, { broker: 'emqx' }],
  ] as [Partial<Limits>, object][])('meets %o and finds %o', async (limits, found) => {
    const { url } = await brokerWith({ window: 100, queue: 1000, ...limits })
    expect(await probeBroker({ ...optionsFor(url), messages: 10 })).toMatchObject(found)
  })

  test('leaves no session and nothing retained', async () => {
    const broker = await brokerWith({})
    await probeBroker({ ...optionsFor(broker.url), messages: 10 })
    await expect.poll(() => [...broker.sessions(), ...broker.retained()]).toEqual([])
  })

  test.each([
    ['while it counts', (broker: LimitedBroker) => broker.sessions().some((name) => name.endsWith('mute'))],
    ['while something is retained', (broker: LimitedBroker) => broker.retained().length > 0],
  ])('that is ended early, %s, rejects and leaves nothing either', async (_, isTime) => {
    const broker = await brokerWith({})
    const stop = new AbortController()
    const probe = probeBroker({ ...optionsFor(broker.url), messages: 10, signal: stop.signal })
    const rejected = expect(probe).rejects.toMatchObject({
      code: expect.stringMatching(/shutting_down|bus_unavailable/),
    })
    while (!isTime(broker)) await new Promise(setImmediate)
    stop.abort()
    await rejected
    await expect.poll(() => [...broker.sessions(), ...broker.retained()]).toEqual([])
  })

  test('of shared subscriptions alone tells delivered from granted', async () => {
    const [works, silent] = [await brokerWith({}), await brokerWith({ shared: 'silent' })]
    expect([await probeShared(optionsFor(works.url)), await probeShared(optionsFor(silent.url))]).toEqual([
      'works',
      'silent',
    ])
  })

  test('believes a broker that says it shares nothing, and asks no further', async () => {
    const fake = await FakeBroker.start({ properties: { sharedSubscriptionAvailable: false } })
    brokers.push(fake)
    expect(await probeShared(optionsFor(fake.url, 5))).toBe('refused')
    expect(fake.connections.flatMap((connection) => connection.of('subscribe'))).toEqual([])
  })

  test('says who is not let in', async () => {
    const fake = await FakeBroker.start({ password: 'secret' })
    brokers.push(fake)
    await expect(probeBroker(optionsFor(fake.url))).rejects.toMatchObject({ code: 'broker_refused' })
  })
})
