// Starts embedded brokers for tests and ends them. Not for: the product, where app.ts does it.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Packet } from 'mqtt-packet'
import pino from 'pino'
import { afterEach } from 'vitest'
import { randomIds, wallClock } from '../../component.ts'
import { type Accounts, access } from '../access.ts'
import { type Accept, type BusUnderTest, storeAll, topics } from '../bus.contract.ts'
import { RawClient, type RawOptions } from '../raw-client.ts'
import { createEmbeddedBroker, type EmbeddedBroker } from './embedded.ts'
import type { RetainedMessage, RetainedStore } from './keeping.ts'
import { type EmbeddedConfig, embeddedConfig } from './limits.ts'

export const credentials = { username: 'test', password: 'secret' }

export interface Embedded extends BusUnderTest {
  bus: EmbeddedBroker
}

export interface HarnessOptions {
  accept?: Accept
  retained?: RetainedStore
  config?: Partial<EmbeddedConfig>
  signal?: AbortSignal
  /** Users besides the one of `credentials`. */
  others?: Accounts
  /** Log lines, to look at. */
  lines?: string[]
}

/** A retained store in memory, which outlives the brokers that use it. */
export function memoryStore(): RetainedStore & { kept: Map<string, RetainedMessage> } {
  const kept = new Map<string, RetainedMessage>()
  return {
    kept,
    load: async () => [...kept.values()],
    keep: async (messages) => {
      for (const message of messages) {
        if (message.payload.length > 0) kept.set(message.topic, message)
        else kept.delete(message.topic)
      }
    },
  }
}

export async function startEmbedded(options: HarnessOptions = {}): Promise<Embedded> {
  const { accept = storeAll, retained = memoryStore(), config = {}, signal, lines, others } = options
  const log = lines ? pino({ level: 'debug' }, { write: (line) => lines.push(line) }) : pino({ level: 'silent' })
  const stopping = new AbortController()
  const bus = createEmbeddedBroker(
    {
      config: embeddedConfig.parse({ port: 0, stopTimeoutMs: 500, ...config }),
      log,
      clock: wallClock,
      ids: randomIds,
      signal: signal ?? stopping.signal,
    },
    { topics, access: access({ topics, users: [credentials], ...(others && { others }) }), retained },
  )
  bus.onActivity(accept)
  await bus.start()
  try {
    await bus.door.start()
  } catch (error) {
    await bus.stop()
    throw error
  }
  const port = bus.door.address()?.port ?? 0
  return { bus, port, ...credentials, sender: credentials.username, stopping: () => stopping.abort() }
}

/** Brokers and clients of one test file, ended after each test. */
export function embeddedForTests() {
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })
  /** A client that has not said anything yet. */
  const silent = ({ port }: Embedded): RawClient => {
    const raw = new RawClient(port)
    ends.push(() => raw.destroy())
    return raw
  }
  return {
    atEnd: (end: () => unknown) => ends.push(end),
    started: async (options: HarnessOptions = {}): Promise<Embedded> => {
      const under = await startEmbedded(options)
      ends.push(() => under.bus.stop())
      return under
    },
    silent,
    client: async ({ port }: Embedded, options: Partial<RawOptions> = {}): Promise<RawClient> => {
      const raw = await RawClient.connect({ port, ...credentials, ...options })
      ends.push(() => raw.destroy())
      return raw
    },
    /** The code that a CONNECT is refused with. */
    returnCode: async (under: Embedded, packet: Packet): Promise<number | undefined> => {
      const raw = silent(under)
      raw.send(packet)
      const [answer] = await raw.has('connack')
      await raw.closed
      return (answer as { returnCode?: number }).returnCode
    },
  }
}

/** What the bus shows from now on, as lines of topic and payload. */
export async function heard({ bus }: Embedded, filter: string): Promise<string[]> {
  const lines: string[] = []
  await bus.subscribe(filter, ({ topic, payload }) => lines.push(`${topic} ${payload}`))
  return lines
}

export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
