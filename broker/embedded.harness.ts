// Starts embedded brokers for tests and ends them. Not for: the product, where app.ts does it.
import pino from 'pino'
import { randomIds, wallClock } from '../component.ts'
import { access } from './access.ts'
import { type Accept, type BusUnderTest, storeAll, topics } from './bus.contract.ts'
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
  const { accept = storeAll, retained = memoryStore(), config = {}, signal, lines } = options
  const log = lines ? pino({ level: 'debug' }, { write: (line) => lines.push(line) }) : pino({ level: 'silent' })
  const bus = createEmbeddedBroker(
    {
      config: embeddedConfig.parse({ port: 0, stopTimeoutMs: 500, ...config }),
      log,
      clock: wallClock,
      ids: randomIds,
      signal: signal ?? new AbortController().signal,
    },
    { topics, access: access({ users: [credentials] }), retained },
  )
  bus.onActivity(accept)
  await bus.start()
  return { bus, port: bus.address()?.port ?? 0, ...credentials }
}
