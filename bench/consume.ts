// The process that takes a session's backlog from a broker for `broker.ts`, in one of three ways, and says as one JSON line
// how long that took. Not for: comparing them.
import { parseArgs } from 'node:util'
import mqtt from 'mqtt'
import type { IPubackPacket } from 'mqtt-packet'
import { connect } from '../broker/foreign/connection/connect.ts'

/** How long a commit would take. */
const COMMIT_MS = 5

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    way: { type: 'string' },
    session: { type: 'string' },
    window: { type: 'string' },
    count: { type: 'string' },
    version: { type: 'string' },
    /** Only makes the session. */
    subscribe: { type: 'boolean' },
  },
})
const { url = '', way = 'ours', session: clientId = '', subscribe = false } = values
const [count, window] = [Number(values.count), Number(values.window)]
const version = Number(values.version) as 4 | 5
const filter = 'bench/#'

interface Consumer {
  acknowledge(ids: readonly number[]): void
  subscribe(): Promise<unknown>
  /** All that was said before has been read there. */
  settled(): Promise<unknown>
  end(): Promise<unknown>
}

let first = 0
let waiting: number[] = []
let done = 0
let largest = 0
let consumer: Consumer | undefined
const { promise: finished, resolve: finish } = Promise.withResolvers<void>()

/** Whatever arrived while the last batch was committed is the next one. */
function take(id: number): void {
  first ||= performance.now()
  if (waiting.push(id) === 1) setTimeout(commit, COMMIT_MS)
}

function commit(): void {
  const batch = waiting
  waiting = []
  largest = Math.max(largest, batch.length)
  consumer?.acknowledge(batch)
  done += batch.length
  if (done === count) finish()
}

async function ours(): Promise<Consumer> {
  const received = ({ messageId = 0 }) => take(messageId)
  const connection = await connect({ url, clientId, clean: false, version, keepaliveSeconds: 30, window, received })
  return {
    acknowledge: (ids) => connection.acknowledge(ids),
    subscribe: () => connection.subscribe(filter, 1),
    settled: () => connection.ping(),
    end: () => connection.end(),
  }
}

/** An error in `handleMessage` lets the next message come without acknowledging this one. */
async function mqttJs(acknowledge: (client: mqtt.MqttClient, ids: readonly number[]) => void): Promise<Consumer> {
  const client = mqtt.connect(url, {
    clientId,
    clean: false,
    protocolVersion: version,
    reconnectPeriod: 0,
    resubscribe: false,
    ...(version === 5 ? { properties: { sessionExpiryInterval: 3600, receiveMaximum: window } } : {}),
  })
  client.handleMessage = ({ messageId = 0 }, next) => {
    take(messageId)
    next(new Error('deferred'))
  }
  await new Promise((resolve) => client.once('connect', resolve))
  return {
    acknowledge: (ids) => acknowledge(client, ids),
    subscribe: () => client.subscribeAsync(filter, { qos: 1 }),
    settled: () => client.subscribeAsync('settled', { qos: 0 }),
    end: () => client.endAsync(),
  }
}

const ways: Record<string, () => Promise<Consumer>> = {
  ours,
  'MQTT.js': () =>
    mqttJs((client, ids) => {
      // Undocumented, and private by its types.
      const { _sendPacket: send } = client as unknown as { _sendPacket(packet: IPubackPacket): void }
      for (const messageId of ids) send.call(client, { cmd: 'puback', messageId })
    }),
  'MQTT.js, acknowledging past it': () =>
    mqttJs((client, ids) => {
      client.stream.write(Buffer.concat(ids.map((id) => Buffer.from([0x40, 2, id >> 8, id & 255]))))
    }),
}

consumer = await (ways[way] ?? ours)()
if (subscribe) await consumer.subscribe()
else {
  await finished
  await consumer.settled()
  const seconds = (performance.now() - first) / 1000
  const { user, system } = process.cpuUsage()
  const memoryMb = Math.round(process.memoryUsage().rss / 1e6)
  process.stdout.write(`${JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, largest, memoryMb })}\n`)
}
await consumer.end()
