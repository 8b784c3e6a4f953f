// The whole house on other people's parts: the services of deploy/compose.yaml, started natively from the same files and
// settings, and a Frigate of recorded messages and a fake HTTP API. Rows are stored, pictures are in the bucket, and
// everything on the bus is what the AsyncAPI document says.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'minio'
import { connectAsync } from 'mqtt'
import pg from 'pg'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { mosquittoPassword } from '../../broker/foreign/mosquitto-password.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { asyncApiCheck } from '../asyncapi.ts'
import { mosquittoMissing } from '../brokers/mosquitto.ts'
import { root } from '../deploy/compose.ts'
import { type NativeHouse, startNatively } from '../deploy/native.ts'
import { type FakeFrigate, fakeFrigate } from '../frigate/fake.ts'
import { picture, recorded, visit } from '../frigate/story.ts'
import { type House, startHouse } from '../house.ts'
import { daybook, debianPostgresBinaries, missing } from '../journey.ts'
import { installSeaweedFs } from '../s3/install.ts'

const SETTLE = { timeout: 30_000, interval: 100 }
const topics = topicsUnder('daybook')
const binaries = debianPostgresBinaries()
const weed = await installSeaweedFs()
const clients = missing(['mosquitto_pub', 'mosquitto-clients'], ['pg_isready', 'postgresql-client'], ['wget', 'wget'])
const reason =
  mosquittoMissing ??
  clients ??
  (binaries ? null : 'PostgreSQL is not here: apt-get install postgresql') ??
  ('missing' in weed ? weed.missing : null)
if (reason) console.warn(`skipped: ${reason}`)

/** What Frigate said somewhere, once, by the topic below its prefix. */
const SAID = {
  events: ['mqtt_events_lifecycle.jsonl', 'mqtt_events_update.json', 'mqtt_events_update_0_11_recorded.json'],
  reviews: ['mqtt_reviews_update.json', 'mqtt_reviews_update_recorded.json'],
  tracked_object_update: ['mqtt_tracked_object_update.jsonl'],
}

let parts: NativeHouse

beforeAll(async () => {
  if (!reason) parts = await startNatively(binaries ?? '', 'weed' in weed ? weed.weed : '')
})
afterAll(() => parts?.[Symbol.asyncDispose]())

test.skipIf(reason)('the house of compose.yaml stores, shows and keeps what a Frigate says', async () => {
  await using running = new AsyncDisposableStack()
  expect(await parts.init()).toBe('all secrets are there\n')
  await using fake = await fakeFrigate()
  await using bus = await listening()

  let house = await start(fake, running)
  expect(house.ready.mqtt.url).toBe(`mqtt://127.0.0.1:${parts.broker.port}`)
  expect(house.ready).toMatchObject({ objects: { driver: 'minio' }, database: { url: parts.postgres.url } })
  const httpPort = Number(new URL(house.ready.http.url).port)
  for (const service of ['daybook', 'mosquitto', 'postgres', 'objects']) await parts.check(service, httpPort)
  expect(house.credentials.mqtt.password).toBe(parts.secret('mqtt-password'))

  // What was recorded, and a visit of a minute ago whose picture Frigate has.
  const shown = picture('the postman', 60_000)
  const { review, object, messages } = visit({ at: Date.now() / 1000 - 60, name: 'post01', subLabel: 'Ann' })
  fake.reviews.set(review.id, review)
  fake.objects.set(object.id, object)
  fake.pictures.set(`${object.id}/snapshot.jpg`, shown)
  fake.pictures.set(`${object.id}/thumbnail.jpg`, picture('a thumbnail', 200))
  for (const [topic, files] of Object.entries(SAID)) {
    await publish(`frigate/${topic}`, files.flatMap(recorded))
  }
  for (const { topic, payload } of messages) await publish(`frigate/${topic}`, [payload])

  const ref = await vi.waitUntil(() => pictureOf(house, review.id), SETTLE)
  expect(ref).toMatchObject({ storage: 'minio', size: shown.length, mediaType: 'image/jpeg' })
  const answer = await house.api(`/objects/minio/${ref.id}`)
  expect(Buffer.from(await answer.arrayBuffer()).equals(shown)).toBe(true)
  expect((await inBucket(ref.id)).equals(shown)).toBe(true)

  const told = new Set((await rowsOf(house, 'source=frigate')).map(({ activityId }) => activityId))
  expect([...told]).toEqual(expect.arrayContaining([review.id, ...recordedReviews()].map((id) => `frigate/${id}`)))

  // The other ways in, and what cannot be stored.
  const note = (await daybook(parts.data, 'note', 'on the bus after its commit')).trim()
  const balcony = topics.activity({ source: 'iot', type: 'environmental', producer: 'balcony' })
  const reading = {
    ...{ id: 'balcony-1', source: 'iot', type: 'environmental', summary: 'Balcony: 21.5 °C', timestamp: Date.now() },
    data: { entity_id: 'sensor.balcony', new_state: 21.5 },
  }
  await publish(balcony, [reading, reading, { ...reading, id: 'balcony-0', timestamp: 1000 }])
  await vi.waitUntil(async () => (await accounting(house)).totals.rejected === 1, SETTLE)

  // While the app is away the broker keeps for it what others publish.
  expect(await house.stop()).toBe(0)
  await publish(balcony, [{ ...reading, id: 'balcony-2', timestamp: Date.now() }])
  house = await start(fake, running)
  await vi.waitUntil(async () => (await rowsOf(house, 'source=iot')).length === 2, SETTLE)
  expect((await house.api(`/api/v1/activities/${note}`)).status).toBe(200)

  const { totals } = await accounting(house)
  expect(totals).toMatchObject({ missing: 0, rejected: 1 })
  expect(await query(parts.postgres.url, 'select count(*)::int as n from activities')).toEqual([{ n: totals.stored }])

  // Grafana's own questions, by Grafana's own account.
  const reader = house.credentials.database.readonlyUrl ?? ''
  expect(new URL(reader).password).toBe(parts.secret('reader-password'))
  for (const sql of questionsOfGrafana()) expect(await query(reader, sql), sql).not.toEqual([])

  await vi.waitUntil(() => bus.seen().some(({ body }) => body.includes(note)), SETTLE)
  const ours = bus.seen().filter(({ topic }) => ![topics.probe(''), 'frigate/'].some((not) => topic.startsWith(not)))
  const check = asyncApiCheck()
  expect(ours.map(({ topic, body }) => check(topic, body)).filter((why) => why !== null)).toEqual([])
  const shownIds = ours.map(({ body }) => (JSON.parse(body.toString()) as { id?: string }).id)
  const rows = await rowsOf(house, '')
  expect(rows.filter(({ id, nativeId }) => !shownIds.includes(nativeId ?? id))).toEqual([])
  const families = ours.map(({ topic }) => topic.split('/')[1])
  expect(families).toEqual(expect.arrayContaining(['activity', 'bridge', 'receipt', 'rejected']))
  console.info(`${ours.length} messages on the bus, ${totals.stored} rows; all as the AsyncAPI document says`)
  expect(await house.stop()).toBe(0)
})

test.skipIf(reason)('a device is let in by a line of its own, at once, and nobody is let in without', async () => {
  const url = `mqtt://127.0.0.1:${parts.broker.port}`
  const as = async (username: string, password: string) => {
    const client = await connectAsync(url, { username, password, reconnectPeriod: 0 }, false)
    await client.endAsync()
  }
  await expect(as('laptop', 'the secret of it')).rejects.toThrow('Not authorized')
  await parts.init(mosquittoPassword('laptop', 'the secret of it'))
  process.kill(parts.broker.server.pid ?? 0, 'SIGHUP')
  await vi.waitUntil(
    () =>
      as('laptop', 'the secret of it').then(
        () => true,
        () => false,
      ),
    SETTLE,
  )
  await as('daybook', parts.secret('mqtt-password'))
  await expect(as('laptop', 'another')).rejects.toThrow('Not authorized')
})

function recordedReviews(): string[] {
  return SAID.reviews.flatMap(recorded).map((message) => (message as { after: { id: string } }).after.id)
}

async function start(fake: FakeFrigate, running: AsyncDisposableStack): Promise<House> {
  const { product, data, environment } = parts
  const env = { ...environment, DAYBOOK__HTTP__PORT: '0', DAYBOOK__BRIDGES__FRIGATE__URL: fake.url }
  const house = await startHouse({ product, data, env })
  const { child } = house
  running.defer(async () => {
    if (child.exitCode === null && child.signalCode === null) await house.kill()
  })
  return house
}

/** Everything that is on the broker from now on, whatever its topic. */
async function listening() {
  const { broker, secret } = parts
  const seen: { topic: string; body: Buffer }[] = []
  const login = { username: 'daybook', password: secret('mqtt-password') }
  const client = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, login)
  client.on('message', (topic, body) => seen.push({ topic, body }))
  await client.subscribeAsync('#', { qos: 1 })
  return { seen: () => seen, [Symbol.asyncDispose]: () => client.endAsync(true) }
}

/** By Mosquitto's own client, a line a message. */
async function publish(topic: string, payloads: readonly unknown[]): Promise<void> {
  const { broker, secret } = parts
  const login = ['-p', String(broker.port), '-u', 'daybook', '-P', secret('mqtt-password')]
  const running = promisify(execFile)('mosquitto_pub', [...login, '-q', '1', '-t', topic, '-l'])
  running.child.stdin?.end(payloads.map((payload) => `${JSON.stringify(payload)}\n`).join(''))
  await running
}

async function rowsOf(house: House, filter: string): Promise<ActivityEvent[]> {
  const answer = await house.api(`/api/v1/activities?limit=1000&${filter}`)
  return ((await answer.json()) as { items: ActivityEvent[] }).items
}

async function accounting(house: House): Promise<Accounting> {
  return (await (await house.api('/api/v1/accounting')).json()) as Accounting
}

/** Undefined until its picture is there. */
async function pictureOf(house: House, review: string) {
  const [folded] = await rowsOf(house, `fold=true&activityId=${encodeURIComponent(`frigate/${review}`)}`)
  return folded?.contentRef
}

async function inBucket(id: string): Promise<Buffer> {
  const { objects, environment } = parts
  const { hostname: endPoint, port } = new URL(objects.endpoint)
  const { accessKey, secretKey } = objects
  const client = new Client({ endPoint, port: Number(port), useSSL: false, accessKey, secretKey })
  const bucket = environment.DAYBOOK__OBJECTS__MINIO__BUCKET ?? ''
  const chunks: Buffer[] = []
  for await (const chunk of await client.getObject(bucket, `${id.slice(0, 2)}/${id}`)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** What the panels of the dashboard ask, with Grafana's macros filled in as Grafana does. */
function questionsOfGrafana(): string[] {
  const file = join(root, 'deploy/grafana/dashboards/daybook.json')
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: { targets: { rawSql: string }[] }[] }
  return panels
    .flatMap(({ targets }) => targets)
    .map(({ rawSql }) =>
      rawSql
        .replace(/\$__timeFilter\((\w+)\)/g, "$1 between now() - interval '30 years' and now()")
        .replace(
          /\$__timeGroupAlias\((\w+), \$__interval\)/g,
          "date_bin(interval '1 minute', $1, timestamptz 'epoch') as \"time\"",
        ),
    )
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
