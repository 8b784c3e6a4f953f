// The line of an outbox that is not in the house: an MQTT client of a real program, wrapped. Not for: the product, whose
// bridges on other devices bring their own.
import mqtt from 'mqtt'
import type { OutboxTransport } from '../broker/outbox/transport.ts'

export interface Line extends OutboxTransport, AsyncDisposable {}

/** Comes back by itself after a lost connection, each time with a new session. */
export async function mqttLine(url: string, clientId: string): Promise<Line> {
  const client = await mqtt.connectAsync(url, { clientId, reconnectPeriod: 100, queueQoSZero: false })
  client.on('error', () => {})
  const listening = new Set<{ filter: string; listener: (message: { topic: string; payload: Buffer }) => void }>()
  client.on('message', (topic, payload) => {
    for (const { filter, listener } of listening) if (topic === filter) listener({ topic, payload })
  })
  return {
    publish: (topic, payload, options) => client.publishAsync(topic, payload, { qos: 1, ...options }),
    async subscribe(filter, listener) {
      const entry = { filter, listener }
      listening.add(entry)
      await client.subscribeAsync(filter, { qos: 1 })
      return () => {
        listening.delete(entry)
      }
    },
    onConnection(listener) {
      const connected = () => listener({ sessionKept: false })
      client.on('connect', connected)
      return () => client.off('connect', connected)
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}
