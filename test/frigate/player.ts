// Says what a Frigate says, over MQTT: with QoS 0 as it does unless told otherwise, and with its will. Not for: what is
// said (story.ts).
import { connectAsync, type IClientOptions } from 'mqtt'
import type { Said } from './story.ts'

export interface Player extends AsyncDisposable {
  /** Resolves when all is sent, with QoS 1 when all is acknowledged. */
  say(messages: readonly Said[], qos?: 0 | 1): Promise<void>
  /** A clean stop: `stopped`, and no will. */
  stop(): Promise<void>
  /** The line is cut; the broker publishes `offline`. */
  die(): Promise<void>
}

/** Connects, and says that it is online. */
export async function player(
  url: string,
  { prefix = 'frigate', ...options }: IClientOptions & { prefix?: string },
): Promise<Player> {
  const available = `${prefix}/available`
  const client = await connectAsync(url, {
    ...options,
    reconnectPeriod: 0,
    will: { topic: available, payload: Buffer.from('offline'), qos: 1, retain: true },
  })
  client.on('error', () => {})
  await client.publishAsync(available, 'online', { retain: true, qos: 1 })
  return {
    async say(messages, qos = 0) {
      for (const { topic, payload } of messages) {
        await client.publishAsync(`${prefix}/${topic}`, JSON.stringify(payload), { qos })
      }
    },
    async stop() {
      await client.publishAsync(available, 'stopped', { retain: true, qos: 1 })
      await client.endAsync()
    },
    async die() {
      const closed = new Promise<void>((resolve) => client.once('close', () => resolve()))
      client.stream.destroy()
      await closed
    },
    [Symbol.asyncDispose]: () => client.endAsync(true),
  }
}
