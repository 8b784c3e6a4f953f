// A device with an outbox, on the line that a bridge alone has, to a broker of others; what it sends is counted. Not for:
// the product's own way to start one, or any real source.
import { join } from 'node:path'
import pino from 'pino'
import { foreignConfig } from '../broker/foreign/config.ts'
import { createTalker, type Talker } from '../broker/foreign/talker/talker.ts'
import type { Emitted } from '../broker/outbox/body.ts'
import { type Outbox, openOutbox } from '../broker/outbox/outbox.ts'
import type { OutboxTransport } from '../broker/outbox/transport.ts'
import { randomIds, wallClock } from '../component.ts'
import { eventId } from '../schemas/ids.ts'
import { topicsUnder } from '../schemas/topics.ts'
import type { TestBroker } from './brokers/server.ts'

export interface Device extends AsyncDisposable {
  readonly producer: string
  readonly outbox: Outbox
  /** Every id that was ever emitted. */
  readonly ids: string[]
  /** Those that the broker has answered for. */
  readonly acknowledged: ReadonlySet<string>
  /** Publishes of events, and those that were not the first of their number. */
  readonly sent: { all: number; again: number }
  emit(count: number): void
}

const topics = topicsUnder('daybook')

/** Started. */
export async function startDevice(broker: TestBroker, folder: string, producer: string): Promise<Device> {
  const { url, user, password } = broker
  const config = foreignConfig.parse({ url, user, password })
  const log = pino({ level: 'silent' })
  const line = createTalker({ config, clientId: producer, clean: false, topics, clock: wallClock, log })
  await line.start()
  const sent = { all: 0, again: 0 }
  const about = { producer, source: 'terminal', topics, clock: wallClock, ids: randomIds }
  const acknowledged = new Set<string>()
  const transport = counting(line, sent, acknowledged)
  const outbox = openOutbox({ file: join(folder, producer, 'outbox.sqlite'), transport, ...about })
  await outbox.start()
  const ids: string[] = []
  return {
    producer,
    outbox,
    ids,
    sent,
    acknowledged,
    emit(count) {
      const events = commandsOf(producer, ids.length + 1, count)
      outbox.append(events)
      ids.push(...events.map(({ id }) => id))
    },
    async [Symbol.asyncDispose]() {
      await outbox.stop()
      await line.stop()
    },
  }
}

/** Commands of a shell, numbered from `first`. */
export function commandsOf(producer: string, first: number, count: number): Emitted[] {
  return Array.from({ length: count }, (_, index) => {
    const key = `${producer} ${first + index}`
    const timestamp = Date.now()
    const id = eventId({ space: 'home', source: 'terminal', key, timestamp })
    return { id, source: 'terminal', type: 'command', summary: `make ${first + index}`, timestamp }
  })
}

function counting(line: Talker, sent: Device['sent'], acknowledged: Set<string>): OutboxTransport {
  const numbers = new Set<string>()
  return {
    async publish(topic, payload, options) {
      if (!topics.isActivity(topic)) return line.publish(topic, payload, options)
      const { id, epoch, seq } = JSON.parse(payload.toString()) as { id: string; epoch: string; seq: number }
      sent.all++
      if (numbers.has(`${epoch} ${seq}`)) sent.again++
      numbers.add(`${epoch} ${seq}`)
      await line.publish(topic, payload, options)
      acknowledged.add(id)
    },
    subscribe: (filter, listener) => line.subscribe(filter, listener),
    onConnection: (listener) => line.onConnection(listener),
  }
}
