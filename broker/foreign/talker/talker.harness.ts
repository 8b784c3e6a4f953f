// A talker, the fake broker that it talks with, and a clock on which its pauses cost nothing. Not for: anything but tests.
import { pino } from 'pino'
import { wallClock } from '../../../component.ts'
import { topicsUnder } from '../../../schemas/topics.ts'
import { FakeBroker, type FakeBrokerOptions } from '../../../test/mqtt/fake-broker.ts'
import { type ForeignConfig, foreignConfig } from '../config.ts'
import { createTalker, type TalkerOptions } from './talker.ts'

export const topics = topicsUnder('daybook')

export interface WorldOptions {
  broker?: FakeBrokerOptions
  config?: Partial<ForeignConfig>
  talker?: Partial<TalkerOptions>
}

export async function talking({ broker: does = {}, config = {}, talker: more = {} }: WorldOptions = {}) {
  const broker = await FakeBroker.start(does)
  const pauses: number[] = []
  const clock = {
    now: wallClock.now,
    sleep(ms: number, signal?: AbortSignal) {
      pauses.push(ms)
      // Patience at the start and the end is no pause between two tries, nor is what lasts for a day.
      return wallClock.sleep(ms === 3_000 || ms > 15_000 ? ms : Math.min(ms, 20), signal)
    },
  }
  const talker = createTalker({
    config: { ...foreignConfig.parse({ url: broker.url }), ...config },
    clientId: 'daybook-test',
    clean: true,
    topics,
    clock,
    log: pino({ level: 'silent' }),
    random: () => 0,
    ...more,
  })
  return {
    broker,
    talker,
    pauses,
    async [Symbol.asyncDispose]() {
      // So that the end has nothing to wait for.
      broker.does.holds = false
      broker.connections.at(-1)?.acknowledge()
      await talker.stop()
      await broker[Symbol.asyncDispose]()
    },
  }
}

/** Payloads as text. */
export const texts = (packets: readonly { payload: string | Buffer }[]): string[] =>
  packets.map(({ payload }) => payload.toString())
