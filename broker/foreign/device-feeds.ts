// What a bridge that runs alone hears of others: feeds, as a house has them, whose sessions the broker keeps while the
// device is away. Not for: publishing (talker.ts).
import type { Clock, Component, Health, Logger } from '../../component.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Bus } from '../bus.ts'
import { BrokerMemory, type MemoryStore } from './broker-memory.ts'
import type { ForeignConfig } from './config.ts'
import { shownUrl } from './connection/dial.ts'
import { targetOf } from './connection/target.ts'
import { Versions } from './connection/versions.ts'
import { Feeds } from './sessions/feeds.ts'

export interface DeviceFeedsOptions {
  config: ForeignConfig
  /** How the client ids of all feeds begin. */
  clientId: string
  topics: Topics
  memory: MemoryStore
  clock: Clock
  log: Logger
  /** As Math.random, for the pauses between tries. */
  random?: () => number
}

export interface DeviceFeeds extends Component, Pick<Bus, 'feed'> {}

/** Retained messages and a broker's refusal come so soon; a bridge waits no longer. */
const SUBSCRIBE_MS = 3_000

/** Throws `config_invalid`. */
export function createDeviceFeeds(options: DeviceFeedsOptions): DeviceFeeds {
  const { config, clientId, topics, memory, clock, log, random = Math.random } = options
  const target = targetOf(config)
  const versions = new Versions(config.version)
  const stopping = new AbortController()
  const { signal } = stopping
  const feeds = new Feeds({
    open: (about) => versions.open({ ...target, ...about }),
    memory: new BrokerMemory(memory, shownUrl(target.url)),
    window: config.window,
    isOurs: (topic) => topic === topics.prefix || topic.startsWith(`${topics.prefix}/`),
    clientIds: `${clientId}-feed-`,
    expected: () => [],
    signal,
    clock,
    log,
    random,
  })
  return {
    name: 'feeds',
    async start() {},
    async feed(name, filters, take) {
      const { ready, end } = feeds.add(name, filters, take)
      const late = new AbortController()
      const soon = clock.sleep(SUBSCRIBE_MS, AbortSignal.any([late.signal, signal]))
      // A refusal is told by health, and may be mended at the broker.
      await Promise.race([ready.catch(() => {}), soon])
      late.abort()
      return end
    },
    async stop() {
      stopping.abort()
      await feeds.stop()
    },
    health(): Health {
      return feeds.health().find(({ state }) => state !== 'ok') ?? { state: 'ok' }
    },
  }
}
