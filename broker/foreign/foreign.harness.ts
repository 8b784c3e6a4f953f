// Starts the bus over a broker that is not ours, with a wire between them that can be cut, and takes away what it leaves
// there. Not for: starting brokers (test/brokers/, test/mqtt/), or the product, where app.ts does it.
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { randomIds, wallClock } from '../../component.ts'
import { proxyTo, type Wire } from '../../test/home-assistant/proxy.ts'
import { type Accept, type BusUnderTest, storeAll, topics } from '../bus.contract.ts'
import type { MemoryStore, Remembered } from './broker-memory.ts'
import { type ForeignConfig, foreignConfig } from './config.ts'
import { connect } from './connection/connect.ts'
import { createForeignBroker } from './foreign.ts'

export interface Memory extends MemoryStore {
  kept?: Remembered
}

export interface ForeignUnderTest extends BusUnderTest {
  /** Between the bus and the broker; other clients do not use it. */
  wire: Wire
  memory: Memory
  /** Of the house; two have the same sessions if they have the same space. */
  space: string
  clear(): Promise<void>
}

export interface ForeignOptions {
  config?: Partial<ForeignConfig>
  /** As another start of the same house: with what the last one has left. */
  after?: ForeignUnderTest
  feeds?: readonly string[]
  /** Default false, as it takes seconds. */
  measures?: boolean
  /** Log lines, to look at. */
  lines?: string[]
}

let houses = 0

/** What the house remembers, in memory. */
export function memory(): Memory {
  const store: Memory = {
    load: () => store.kept,
    save(kept) {
      store.kept = structuredClone(kept)
    },
  }
  return store
}

/** A started bus on a broker that runs already; `brokerUrl` may hold user and password. Rejects as `start` does. */
export async function foreignUnderTest(
  brokerUrl: string,
  accept: Accept = storeAll,
  { config = {}, after, feeds = [], lines, measures = false }: ForeignOptions = {},
): Promise<ForeignUnderTest> {
  const { port, username, password } = new URL(brokerUrl)
  const wire = after?.wire ?? (await proxyTo(Number(port)))
  const url = new URL(brokerUrl)
  url.port = String(wire.port)
  const kept = after?.memory ?? memory()
  const space = after?.space ?? `test-${process.pid}-${++houses}`
  const stopping = new AbortController()
  const log = lines ? pino({ level: 'debug' }, { write: (line) => lines.push(line) }) : pino({ level: 'silent' })
  const bus = createForeignBroker(
    {
      config: foreignConfig.parse({ url: url.href, ...config }),
      log,
      clock: wallClock,
      ids: randomIds,
      signal: stopping.signal,
    },
    // Who comes back at once is seen sooner.
    { topics, space, memory: kept, feeds: () => feeds, random: () => 0.2, stopMs: 500, measures },
  )
  bus.onActivity(accept)
  await bus.start()
  return {
    bus,
    port: Number(port),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    sender: '',
    stopping: () => stopping.abort(),
    wire,
    memory: kept,
    space,
    async clear() {
      stopping.abort()
      await wire.close()
      await leaveNothing(brokerUrl, Object.keys(kept.kept?.sessions ?? {}))
    },
  }
}

/** Takes these sessions and every retained message from a broker. */
async function leaveNothing(brokerUrl: string, sessions: readonly string[]): Promise<void> {
  const { username, password } = new URL(brokerUrl)
  const user = username === '' ? {} : { user: decodeURIComponent(username), password: decodeURIComponent(password) }
  const about = { url: brokerUrl, ...user, clean: true, version: 4, keepaliveSeconds: 30 } as const
  for (const clientId of sessions) await (await connect({ ...about, clientId, received: () => {} })).end()
  const retained = new Set<string>()
  const sweeper = await connect({
    ...about,
    clientId: `sweeper-${process.pid}-${++houses}`,
    received: ({ topic, retain }) => {
      if (retain) retained.add(topic)
    },
  })
  await sweeper.subscribe('#', 0)
  await sweeper.ping()
  await sleep(20)
  for (const topic of retained) await sweeper.publish(topic, '', { retain: true })
  await sweeper.end()
}
