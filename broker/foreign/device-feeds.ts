// What a bridge that runs alone hears of others on a broker: each feed is a session that the broker keeps while the device
// is away. Not for: feeds inside the house, which foreign.ts keeps with its own sessions.
import type { Clock, Component, Health, Logger } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Bus } from '../bus.ts'
import type { ForeignConfig } from './config.ts'
import { shownUrl } from './dial.ts'
import { Feed } from './feeds.ts'
import { Versions } from './open.ts'
import { type MemoryStore, Sessions } from './sessions.ts'
import { targetOf } from './target.ts'

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
  const { config, clientId: device, topics, memory, clock, log, random = Math.random } = options
  const target = targetOf(config)
  const versions = new Versions(config.version)
  const sessions = new Sessions(memory, shownUrl(target.url))
  const feeds = new Map<string, Feed>()
  let stopped = false

  return {
    name: 'feeds',
    async start() {},
    async feed(name, filters, take) {
      if (stopped) throw new DaybookError('shutting_down')
      const clientId = `${device}-feed-${name}`
      const feed = new Feed({
        open: (about) => versions.open({ ...target, ...about }),
        clientId,
        filters,
        take,
        isOurs: (topic) => topic === topics.prefix || topic.startsWith(`${topics.prefix}/`),
        sessions,
        window: config.window,
        clock,
        log,
        random,
      })
      feeds.set(clientId, feed)
      feed.consumer.start()
      const late = new AbortController()
      await Promise.race([feed.consumer.ready.catch(() => {}), clock.sleep(SUBSCRIBE_MS, late.signal)])
      late.abort()
      return () => {
        feeds.delete(clientId)
        void feed.end()
      }
    },
    async stop() {
      stopped = true
      await Promise.all([...feeds.values()].map((feed) => feed.end()))
    },
    health(): Health {
      const each = [...feeds.values()].map((feed) => feed.health())
      return each.find(({ state }) => state !== 'ok') ?? { state: stopped ? 'stopped' : 'ok' }
    },
  }
}
