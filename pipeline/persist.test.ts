// The one write path over a real broker and a real Postgres: what is acknowledged is stored, and only that.
import { connectAsync, type MqttClient } from 'mqtt'
import pg from 'pg'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { access } from '../broker/access.ts'
import { createEmbeddedBroker, type EmbeddedBroker } from '../broker/embedded/embedded.ts'
import { embeddedConfig } from '../broker/embedded/limits.ts'
import { randomIds, wallClock } from '../component.ts'
import type { ActivityNotification } from '../schemas/activity.ts'
import { eventId } from '../schemas/ids.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { postgresStorage } from '../storage/postgres/postgres.ts'
import type { Retained } from '../storage/retained.ts'
import type { Storage } from '../storage/storage.ts'
import { testPostgres } from '../test/postgres.ts'
import { logicalDays } from './logical-day.ts'
import { createPersist } from './persist.ts'
import { createPrivacy } from './privacy.ts'
import { createReceipts } from './receipts.ts'
import { createRedactor } from './redact.ts'
import { createSuppressions, type Suppressions } from './suppressions.ts'

const topics = topicsUnder('daybook')
const topic = topics.activity({ source: 'terminal', type: 'command', producer: 'desk' })
const user = { username: 'tester', password: 'tester-password' }
const log = pino({ level: 'silent' })
const stopping: (() => Promise<void>)[] = []
let bus: EmbeddedBroker
let storage: Storage
let suppressions: Suppressions
let url: string

beforeEach(async () => {
  const database = await testPostgres()
  url = database.url
  const { signal } = new AbortController()
  const clock = wallClock
  storage = postgresStorage({ url: () => database.url, readerPassword: 'reader', space: 'home', log, clock, signal })
  const retained: Retained = { load: () => storage.retained.load(), keep: (batch) => storage.retained.keep(batch) }
  const config = embeddedConfig.parse({ port: 0 })
  bus = createEmbeddedBroker(
    { config, log, clock, ids: randomIds, signal },
    { topics, access: access({ topics, users: [user] }), retained },
  )
  const receipts = createReceipts({ bus, storage, topics, clock, log })
  suppressions = createSuppressions({ storage, hashKey: 'k', log })
  const persist = createPersist({
    bus,
    storage,
    receipts,
    topics,
    redactor: createRedactor(),
    space: 'home',
    suppressor: suppressions,
    admit: createPrivacy({ redactor: createRedactor() }).admit,
    dayOf: logicalDays('Europe/Berlin'),
    clock,
    log,
    signal,
  })
  for (const part of [storage, suppressions, persist, bus, receipts, bus.door]) await part.start()
  stopping.push(database.stop, ...[storage, suppressions, persist, bus, receipts].map((part) => () => part.stop()))
})

afterEach(async () => {
  for (const stop of stopping.splice(0).reverse()) await stop()
})

async function client(): Promise<MqttClient> {
  const at = bus.door.address()
  const connected = await connectAsync(`mqtt://${at?.host}:${at?.port}`, { ...user, reconnectPeriod: 0 })
  stopping.push(() => connected.endAsync(true))
  return connected
}

/** Collects what is published under a filter; `until` waits for so many. */
async function listen(filter: string) {
  const subscriber = await client()
  const heard: { topic: string; body: Record<string, unknown>; retain: boolean }[] = []
  let told = () => {}
  subscriber.on('message', (on, payload, packet) => {
    heard.push({ topic: on, body: JSON.parse(payload.toString()), retain: packet.retain })
    told()
  })
  await subscriber.subscribeAsync(filter, { qos: 1 })
  const until = async (count: number) => {
    while (heard.length < count) {
      await new Promise<void>((resolve) => {
        told = resolve
      })
    }
    return heard
  }
  return { heard, until }
}

const NOW = Date.now()
const notification = (n: number, more: Partial<ActivityNotification> = {}) => ({
  id: eventId({ space: 'home', source: 'terminal', key: `${n}`, timestamp: NOW + n }),
  summary: `command ${n}`,
  timestamp: NOW + n,
  epoch: 'e1',
  seq: n,
  ...more,
})
const send = (publisher: MqttClient, body: unknown, on = topic) =>
  publisher.publishAsync(on, typeof body === 'string' ? body : JSON.stringify(body), { qos: 1 })
const totals = async () => (await storage.ledger.accounting()).totals

describe('an acknowledgement', () => {
  it('means that the row is there', async () => {
    const publisher = await client()
    for (let n = 1; n <= 20; n++) {
      await send(publisher, notification(n))
      expect(await storage.activities.getActivity(notification(n).id)).toMatchObject({
        summary: `command ${n}`,
        producer: 'desk',
      })
    }
  })

  it('comes for duplicates too, which change nothing and are shown to nobody', async () => {
    const { heard, until } = await listen(topics.activities)
    const publisher = await client()
    await Promise.all([
      send(publisher, notification(1)),
      send(publisher, notification(1)),
      send(publisher, notification(1)),
    ])
    await send(publisher, notification(2))
    await until(2)
    expect(heard.map((message) => message.body.summary)).toEqual(['command 1', 'command 2'])
    expect(await totals()).toMatchObject({ received: 4, stored: 2, duplicates: 2 })
  })

  it('comes for what is refused, which is kept with its reason and told', async () => {
    const { until } = await listen(topics.rejected('desk'))
    const publisher = await client()
    await send(publisher, notification(1, { summary: '' }))
    await send(publisher, 'no json')
    await send(publisher, notification(3))
    const [first, second] = await until(2)
    expect(first?.body).toMatchObject({
      code: 'invalid',
      producer: 'desk',
      seq: 1,
      epoch: 'e1',
      message: expect.stringContaining('summary'),
    })
    expect(second?.body).toMatchObject({ code: 'not_json' })
    const kept = await storage.ledger.rejected()
    expect(kept.map((message) => message.payload.toString())).toContain('no json')
    expect(await totals()).toMatchObject({ received: 3, stored: 1, rejected: 2 })
    expect((await storage.ledger.accounting()).producers).toMatchObject([{ missing: 1, gaps: [[2, 2]], lastSeq: 3 }])
  })
})

describe('a batch', () => {
  it('with a row that Postgres refuses loses only that row', async () => {
    const publisher = await client()
    // An index entry has an end, and this text does not compress.
    const endless = Array.from({ length: 110 }, () => randomIds.random()).join('')
    const batch = Array.from({ length: 50 }, (_, n) =>
      notification(n + 1, n === 17 ? { data: { entity_id: endless } } : {}),
    )
    await Promise.all(batch.map((body) => send(publisher, body)))
    expect(await totals()).toMatchObject({ received: 50, stored: 49, rejected: 1, missing: 0 })
    expect(await storage.ledger.rejected()).toMatchObject([{ code: 'database_refused', seq: 18 }])
  })
})

describe('secrets', () => {
  it('reach neither the table nor the bus, also in what is refused', async () => {
    const activities = await listen(topics.activities)
    const rejections = await listen(topics.rejected('desk'))
    const publisher = await client()
    const secret = randomIds.random()
    await send(
      publisher,
      notification(1, {
        summary: `export API_TOKEN=${secret}`,
        data: { command: `curl -u me:${secret} https://example.org` },
      }),
    )
    await send(publisher, notification(2, { summary: '', data: { password: secret } }))
    await send(publisher, `API_TOKEN=${secret} is no JSON`)
    await activities.until(1)
    await rejections.until(2)
    const rejected = (await storage.ledger.rejected()).map((message) => message.payload.toString())
    const everything = JSON.stringify([
      activities.heard,
      rejections.heard,
      rejected,
      (await storage.activities.queryActivities({})).items,
    ])
    expect(everything).not.toContain(secret)
    expect(activities.heard[0]?.body.data).toMatchObject({ redacted: expect.arrayContaining([expect.any(String)]) })
    expect(JSON.parse(rejected.find((text) => text.startsWith('{')) ?? '')).toMatchObject({ seq: 2 })
  })
})

describe('receipts', () => {
  it('follow every batch, retained, and are there again after a restart', async () => {
    const live = await listen(topics.receipt('desk'))
    const publisher = await client()
    await send(publisher, notification(1))
    await live.until(1)
    await send(publisher, notification(3))
    expect((await live.until(2)).map(({ body }) => body)).toEqual([
      { epoch: 'e1', upTo: 1, settled: [] },
      { epoch: 'e1', upTo: 1, settled: [[3, 3]] },
    ])
    const { until } = await listen(topics.receipt('desk'))
    expect(await until(1)).toMatchObject([{ body: { epoch: 'e1', upTo: 1, settled: [[3, 3]] }, retain: true }])
    expect(await storage.retained.load()).toEqual([])
    expect((await storage.ledger.receipts()).get('desk')).toEqual([{ epoch: 'e1', upTo: 1, settled: [[3, 3]] }])
  })

  it('move on past what a status says is no longer held', async () => {
    const publisher = await client()
    await send(publisher, notification(4))
    const { until } = await listen(topics.receipt('desk'))
    await publisher.publishAsync(topics.status('desk'), JSON.stringify({ epoch: 'e1', oldestSeq: 4 }), {
      qos: 1,
      retain: true,
    })
    expect((await until(2)).at(-1)?.body).toEqual({ epoch: 'e1', upTo: 4, settled: [] })
    expect((await storage.ledger.accounting()).producers).toMatchObject([{ missing: 3, gaps: [[1, 3]] }])
  })
})

describe('what must stay away', () => {
  it('is settled and counted but neither stored nor shown', async () => {
    await storage.ledger.suppress({ kind: 'forget', source: 'terminal', since: NOW, until: NOW + 2 })
    const { heard, until } = await listen(topics.activities)
    const publisher = await client()
    // The rules are read again every few seconds, and at each start.
    let sent = 0
    const sendAnother = async () => {
      await send(publisher, notification(1, { id: `again ${sent++}` }))
      return (await totals()).suppressed
    }
    await expect.poll(sendAnother, { timeout: 15_000, interval: 500 }).toBe(1)
    await send(publisher, notification(5))
    const stored = sent - 1
    await until(stored + 1)
    expect(heard.at(-1)?.body.seq).toBe(5)
    expect(heard).toHaveLength(stored + 1)
    expect(await totals()).toMatchObject({ stored: stored + 1, suppressed: 1 })
  })

  it('lets an end as a pause begins only end what is there, also what comes along with it', async () => {
    suppressions.put({ since: NOW + 10, until: NOW + 60_000 })
    const publisher = await client()
    const phased = (n: number, phase: 'start' | 'end', activityId?: string) =>
      send(publisher, notification(n, { id: `${n}`, phase, ...(activityId && { activityId }) }))
    await phased(1, 'start', 'known')
    await Promise.all([
      phased(11, 'end', 'known'),
      phased(12, 'end', 'of nothing'),
      phased(13, 'end', 'of nothing'),
      phased(14, 'end'),
      phased(2, 'start', 'late'),
      phased(15, 'end', 'late'),
      phased(16, 'start', 'new'),
    ])
    const { items } = await storage.activities.queryActivities({ order: 'asc' })
    expect(items.map(({ phase, activityId }) => `${phase} ${activityId}`)).toEqual([
      'start known',
      'start late',
      'end known',
      'end late',
    ])
    expect(await totals()).toMatchObject({ received: 8, stored: 4, suppressed: 4 })
  })
})

describe('the bus', () => {
  it('settles what the house itself publishes in the same way', async () => {
    const { until } = await listen(topics.activities)
    expect(await bus.publish(topic, JSON.stringify(notification(1)))).toMatchObject({
      status: 'stored',
      id: notification(1).id,
    })
    expect(await bus.publish(topic, JSON.stringify(notification(1)))).toMatchObject({
      status: 'duplicate',
      id: notification(1).id,
    })
    expect(await bus.publish(topic, '{}')).toMatchObject({ status: 'rejected', code: 'invalid' })
    expect((await until(1))[0]?.body).toMatchObject({
      source: 'terminal',
      type: 'command',
      producer: 'desk',
      sessionId: expect.stringContaining('desk/'),
    })
  })
})

describe('data above 4 KB', () => {
  /** From outside, at one moment: moved payloads, and references to one that is not there. */
  const lookAt = async (database: pg.Client) => {
    const { rows } = await database.query<{ kept: number; torn: number }>(`
      select (select count(*)::int from objects where state = 'kept') as kept, (
        select count(*)::int from activities a, jsonb_array_elements(a.attachments) ref
        where not exists (select from objects o join object_bytes b on b.space = o.space and b.id = o.id
          where o.storage = ref->>'storage' and o.id = ref->>'id' and o.state = 'kept')) as torn`)
    return rows[0]
  }
  async function observer(): Promise<pg.Client> {
    const database = new pg.Client({ connectionString: url })
    database.on('error', () => {})
    await database.connect()
    stopping.push(() => database.end().catch(() => {}))
    return database
  }
  const large = (n: number, more: Partial<ActivityNotification> = {}) =>
    notification(n, { data: { command: 'npm test', output: `${n} `.repeat(4_000) }, ...more })

  it('is an object when the message is acknowledged; the bus and the table have its head and a reference', async () => {
    const { until } = await listen(topics.activities)
    const publisher = await client()
    await send(publisher, large(1, { data: { output: 'x'.repeat(250_000), password: 'hunter2' } }))
    await send(publisher, notification(2, { data: { output: 'x'.repeat(3_000) } }))
    const [moved, small] = await until(2)
    const reference = { storage: 'postgres', name: 'data', mediaType: 'application/json', size: expect.any(Number) }
    expect(moved?.body).toMatchObject({ data: { cut: ['output'] }, attachments: [reference] })
    expect(JSON.stringify(moved?.body).length).toBeLessThan(4_096)
    expect(small?.body).not.toHaveProperty('attachments')
    expect(await storage.activities.getActivity(notification(1).id)).toMatchObject({
      details: { cut: ['output'] },
      attachments: [reference],
    })
    const database = await observer()
    const { rows } = await database.query<{ bytes: Buffer }>('select bytes from object_bytes')
    expect(JSON.parse(String(rows[0]?.bytes))).toMatchObject({
      output: 'x'.repeat(250_000),
      password: expect.stringContaining('redacted'),
    })
  })

  it('leaves no object behind when the message is a duplicate, suppressed or refused', async () => {
    const database = await observer()
    const publisher = await client()
    await send(publisher, large(1))
    await send(publisher, large(2, { timestamp: 1 }))
    await storage.ledger.suppress({ kind: 'forget', source: 'terminal', since: NOW, until: NOW + 2 })
    const sendAgain = async () => {
      await send(publisher, large(1))
      return (await totals()).suppressed
    }
    await expect.poll(sendAgain, { timeout: 15_000, interval: 500 }).toBe(1)
    await send(publisher, large(1, { data: { output: 'other'.repeat(2_000) } }))
    expect(await totals()).toMatchObject({ stored: 1, suppressed: 2, rejected: 1 })
    expect(await lookAt(database)).toEqual({ kept: 1, torn: 0 })
  })

  it('is there with its row or not at all, however often the database breaks off', async () => {
    const database = await observer()
    const publisher = await client()
    const sending = Promise.all(Array.from({ length: 120 }, (_, n) => send(publisher, large(n + 1))))
    let done = false
    void sending.then(() => {
      done = true
    })
    for (let kills = 0; !done && kills < 15; kills++) {
      await database.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and query ilike '%insert into objects%'`)
      expect((await lookAt(database))?.torn).toBe(0)
      await wallClock.sleep(20)
    }
    await sending
    expect(await lookAt(database)).toEqual({ kept: 120, torn: 0 })
    expect(await totals()).toMatchObject({ received: 120, stored: 120 })
  })
})
