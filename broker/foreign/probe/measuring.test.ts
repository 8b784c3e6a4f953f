// What a house does with what is measured at its broker: it says and remembers it, and shares only where that delivers.
import pino from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import { topicsUnder } from '../../../schemas/topics.ts'
import { FakeBroker } from '../../../test/mqtt/fake-broker.ts'
import { type LimitedBroker, type Limits, limitedBroker } from '../../../test/mqtt/limited-broker.ts'
import { BrokerMemory } from '../broker-memory.ts'
import { foreignConfig } from '../config.ts'
import { foreignUnderTest, memory } from '../foreign.harness.ts'
import { Measuring } from './measuring.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function brokerWith(limits: Partial<Limits> = {}): Promise<LimitedBroker> {
  const broker = await limitedBroker(limits)
  ends.push(() => broker[Symbol.asyncDispose]())
  return broker
}

/** A run of a house that remembers what `store` does. */
function measuring({ url }: { url: string }, store = memory(), delayMs = 0) {
  const lines: string[] = []
  const run = new Measuring({
    config: foreignConfig.parse({ url, version: 4 }),
    topics: topicsUnder('daybook'),
    name: 'home-0',
    memory: new BrokerMemory(store, url),
    clock: wallClock,
    log: pino({}, { write: (line) => lines.push(line) }),
    delayMs,
  })
  ends.push(() => run.end())
  return { run, lines, store }
}

const stock = { window: 20, queue: 1_000, says: ['$SYS/broker/version', 'mosquitto version 2.0.11'] } as const

describe('measuring a broker', () => {
  test('says once what to change, in the log and in its hints, and the next run knows it from the start', async () => {
    const broker = await brokerWith(stock)
    const { run, lines, store } = measuring(broker)
    run.begin()
    run.begin()
    await expect.poll(() => run.hints, { timeout: 20_000 }).toHaveLength(2)
    expect(run.hints.join()).toMatch(/max_inflight_messages 1000.*max_queued_messages 100000/)
    await expect.poll(() => lines.filter((line) => line.includes('Set max_')).length).toBe(2)
    expect(measuring(broker, store).run.hints).toEqual(run.hints)
    await expect.poll(() => broker.sessions()).toEqual([])
  })

  test('is done again as long as there is something to change, and no more once all is well', async () => {
    const well = await brokerWith({ window: 5_000, queue: 5_000 })
    const store = memory()
    const first = measuring(well, store)
    first.run.begin()
    await expect.poll(() => store.kept?.findings, { timeout: 20_000 }).toMatchObject({ window: null, queue: null })
    await expect.poll(() => well.sessions()).toEqual([])
    const before = well.connections()
    const second = measuring(well, store)
    second.run.begin()
    await second.run.end()
    expect([well.connections(), second.run.hints]).toEqual([before, []])
  })

  test('that is ended while the broker is silent holds up no end', async () => {
    await using silent = await FakeBroker.start({ silent: true })
    const { run } = measuring(silent)
    run.begin()
    await silent.connection(1)
    await run.end()
    expect(silent.connections.length).toBeLessThan(3)
  })

  test('that is ended before it has begun asks nothing', async () => {
    const broker = await brokerWith()
    const { run } = measuring(broker, memory(), 60_000)
    run.begin()
    await run.end()
    run.begin()
    expect(broker.connections()).toBe(0)
  })
})

describe('a house that is to share', () => {
  const share = { version: 4, share: true } as const

  test.each(['silent', 'copies', 'refused'] as const)('does not start where shares are %s', async (shared) => {
    const { url } = await brokerWith({ shared })
    await expect(foreignUnderTest(url, undefined, { config: share })).rejects.toMatchObject({ code: 'share_refused' })
  })

  test('starts where they deliver', async () => {
    const { url } = await brokerWith()
    const under = await foreignUnderTest(url, undefined, { config: share })
    ends.push(async () => {
      await under.bus.stop()
      await under.clear()
    })
    expect(under.bus.health()).toMatchObject({ state: 'ok', figures: { share: true, connected: true } })
  })
})
