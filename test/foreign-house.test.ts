// The whole house on a broker that is not ours. Not for: brokers that people run (test/e2e/), or the bus alone
// (broker/foreign/).
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { IPublishPacket } from 'mqtt-packet'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { publishPacket, RawClient } from '../broker/raw-client.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { activityMaker, type InProcess, startInProcess } from './in-process.ts'
import { type PlainBroker, startPlainBroker } from './mqtt/plain-broker.ts'

const topics = topicsUnder('daybook')
const activity = activityMaker()
let broker: PlainBroker
let house: InProcess
beforeAll(async () => {
  broker = await startPlainBroker()
  const url = broker.url.replace('//', '//someone:secret@')
  house = await startInProcess({ DAYBOOK__BROKER__URL: url, DAYBOOK__BRIDGES__PRODUCER: 'desk' })
})
afterAll(async () => {
  await house?.stop()
  await broker?.[Symbol.asyncDispose]()
})

const json = async (path: string) => (await house.api(path)).json()
const post = (body: unknown) => house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify(body) })

async function client(...filters: string[]): Promise<RawClient> {
  const raw = await RawClient.connect({ port: broker.port })
  for (const [i, topic] of filters.entries()) {
    raw.send({ cmd: 'subscribe', messageId: i + 1, subscriptions: [{ topic, qos: 0 }] })
  }
  await raw.has('suback', filters.length)
  return raw
}

const bodies = (raw: RawClient) =>
  (raw.of('publish') as IPublishPacket[]).map(({ payload }) => JSON.parse(`${payload}`))

describe('a house on a broker of others', () => {
  test('names that broker, without its password, and listens on no MQTT port of its own', async () => {
    expect(house.ready.mqtt.url).toBe(broker.url)
    const { parts } = await json('/api/v1/status')
    expect(parts.broker).toMatchObject({ state: 'ok', figures: { broker: broker.url, version: 4, connected: true } })
    expect((await house.api('/readyz')).status).toBe(200)
  })

  test('stores what comes from the broker and tells its sender by a receipt, as often as it is sent', async () => {
    const sender = await client(topics.receipt('laptop'))
    const { id: _, ...body } = activity({ source: 'manual', type: 'note' })
    const sent = { ...body, id: 'one', producer: 'laptop', epoch: 'e', seq: 1 }
    for (const messageId of [11, 12]) {
      const topic = topics.activity({ source: 'manual', type: 'note', producer: 'laptop' })
      sender.send(publishPacket(topic, JSON.stringify(sent), { qos: 1, messageId }))
    }
    await expect.poll(() => bodies(sender).at(-1), { timeout: 10_000 }).toMatchObject({ epoch: 'e', upTo: 1 })
    await expect
      .poll(async () =>
        (await json('/api/v1/accounting')).producers.find(
          (each: object) => 'producer' in each && each.producer === 'laptop',
        ),
      )
      .toMatchObject({ received: 2, stored: 1, duplicates: 1, missing: 0 })
    sender.destroy()
  })

  test('shows on the broker what came by HTTP, and books it once', async () => {
    const viewer = await client(topics.activities)
    expect(await (await post(activity({ source: 'http-only' }))).json()).toMatchObject({ stored: 1 })
    await expect.poll(() => bodies(viewer)).toMatchObject([{ source: 'http-only' }])
    await new Promise((resolve) => setTimeout(resolve, 100))
    const { producers } = await json('/api/v1/accounting')
    expect(producers.find(({ source }: { source: string }) => source === 'http-only')).toMatchObject({
      received: 1,
      stored: 1,
    })
    viewer.destroy()
  })

  test('remembers its session for the next start, for its own eyes only, and shows it in the metrics', async () => {
    const file = join(house.config.data, 'broker.json')
    expect(existsSync(file)).toBe(true)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({
      url: broker.url,
      sessions: { 'daybook-daybook-home-0': [topics.activities] },
    })
    const text = await (await house.api('/metrics')).text()
    expect(text).toContain(`daybook_broker_connected{broker="${broker.url}"} 1`)
    expect(text).toContain(`daybook_broker_sessions_lost_total{broker="${broker.url}"} 0`)
  })
})
