// A started Daybook as the server of ActivityWatch's watchers: what they were acknowledged is told once, under the same ids
// on the bus and in the rows, through a kill -9; a port that is taken is followed; an import doubles nothing; connecting
// sees the first page. Not for: the API (activitywatch.test.ts) or every kind of event (bridges/activitywatch).
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { Accounting } from '../../schemas/delivery.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { npmClient } from '../activitywatch/npm-client.ts'
import type { House } from '../house.ts'
import { daybook, journey } from '../journey.ts'

const SETTLE_MS = 60_000
const web = 'aw-watcher-web-firefox_desk'
const window = 'aw-watcher-window_desk'
const npm = await npmClient()
if ('missing' in npm) console.warn(`plain HTTP in place of npm's aw-client: ${npm.missing}`)

test('what a watcher was acknowledged is told once, on the bus and in the rows, through a kill -9', async () => {
  await using here = await journey()
  const first = await here.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  const url = addressOf(first)
  const env = { DAYBOOK__ACTIVITYWATCH__PORT: new URL(url).port }
  const watcher = await watcherAt(url)
  const seen = new Set<string>()
  await using _bus = await listening(first, seen)
  await watcher.bucket(web, 'web.tab.current')
  await watcher.bucket(window, 'currentwindow')
  const began = Date.now() - 300_000
  const look = (seconds: number, name: string, more = {}) =>
    watcher.heartbeat(web, 80, began + seconds * 1000, {
      url: `https://${name}.example/`,
      title: name,
      audible: false,
      ...more,
    })

  await look(0, 'one')
  await look(70, 'one')
  await look(72, 'private', { incognito: true })
  await look(75, 'two')
  await expect.poll(() => told(first), { timeout: SETTLE_MS }).toEqual(['end one 70000', 'start one'])
  await look(100, 'two')
  await watcher.heartbeat(window, 1, began, { app: 'xterm', title: 'top' })
  // Both are open, acknowledged, and told by nobody yet.
  await expect.poll(() => seen.size, { timeout: SETTLE_MS }).toBe(2)
  await first.kill()

  const second = await here.start({ env })
  await using _more = await listening(second, seen)
  await look(110, 'three')
  await expect.poll(() => told(second), { timeout: SETTLE_MS }).toContain('only two 25000')
  // Nothing follows this one: the clock closes it.
  await expect.poll(() => told(second), { timeout: SETTLE_MS }).toContain('only top 0')
  await expect.poll(async () => (await rows(second)).every(({ id }) => seen.has(id)), { timeout: SETTLE_MS }).toBe(true)
  expect(await second.stop()).toBe(0)

  const third = await here.start({ env })
  await using _last = await listening(third, seen)
  await expect.poll(() => told(third), { timeout: SETTLE_MS }).toHaveLength(5)
  expect(await told(third)).toEqual(
    ['start one', 'end one 70000', 'only two 25000', 'only top 0', 'only three 0'].toSorted(),
  )
  await look(150, 'three')
  await look(160, 'four')
  await expect.poll(() => told(third), { timeout: SETTLE_MS }).toContain('enriched three 40000')
  const folded = await rows(third, 'fold=true&source=browser&')
  expect(folded.map(({ details, duration }) => [details?.title, duration])).toEqual([
    ['one', 70_000],
    ['two', 25_000],
    ['three', 40_000],
  ])
  expect(folded[0]).toMatchObject({
    source: 'browser',
    eventType: 'visit',
    details: { domain: 'one.example', browser: 'firefox' },
  })
  const stored = await (await fetch(`${url}/api/0/buckets/${web}/events`)).text()
  expect(stored).toContain('three.example')
  expect(stored + JSON.stringify(await rows(third))).not.toContain('private')
  await nothingLost(third)
  expect(await third.stop()).toBe(0)
})

test('a house whose port another has starts all the same, follows that with the same ids, and takes the port over', async () => {
  await using one = await journey()
  await using other = await journey()
  const holder = await one.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  const url = addressOf(holder)
  const house = await other.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: new URL(url).port } })
  expect(house.ready.activitywatch.url).toBeNull()
  expect(await sourceOf(house)).toMatchObject({ state: 'degraded', figures: { following: url }, urls: [] })
  expect((await sourceOf(house)).detail).toMatch(/held by .* ActivityWatch v0\.14\.0/)

  const watcher = await watcherAt(url)
  await watcher.bucket(web, 'web.tab.current')
  for (const [index, name] of ['one', 'two', 'three'].entries()) {
    await watcher.heartbeat(web, 80, Date.now() + index, { url: `https://${name}.example/`, title: name })
  }
  await expect.poll(() => told(holder), { timeout: SETTLE_MS }).toHaveLength(2)
  await expect.poll(() => told(house), { timeout: SETTLE_MS }).toHaveLength(2)
  expect((await rows(house)).map(({ id }) => id)).toEqual((await rows(holder)).map(({ id }) => id))
  expect(await holder.stop()).toBe(0)
  await expect.poll(async () => (await sourceOf(house)).urls, { timeout: SETTLE_MS }).toEqual([url])
  await watcher.bucket(web, 'web.tab.current')
  await watcher.heartbeat(web, 80, Date.now(), { url: 'https://four.example/', title: 'four' })
  expect(await sourceOf(house)).toMatchObject({ state: 'ok', figures: { following: null } })
  expect(await house.stop()).toBe(0)
})

test('an export is imported twice as once, and connecting waits for the first page', async () => {
  await using here = await journey()
  const house = await here.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  const url = addressOf(house)
  const file = join(here.folder, 'aw-buckets-export.json')
  const events = Array.from({ length: 2500 }, (_, index) => ({
    timestamp: new Date(Date.now() - 86_400_000 + index * 10_000).toISOString(),
    duration: 9.5,
    data: { app: 'xterm', title: `window ${index}` },
  }))
  const about = { id: window, type: 'currentwindow', client: 'aw-watcher-window', hostname: 'desk' }
  await writeFile(file, JSON.stringify({ buckets: { [window]: { ...about, events } } }))
  const bring = async () => JSON.parse(await daybook(here.data, 'import', 'activitywatch', '--from', file, '--json'))
  expect(await bring()).toMatchObject({ state: 'done', new: 2500, known: 0 })
  expect(await bring()).toMatchObject({ state: 'done', new: 0, known: 2500 })
  expect(await (await fetch(`${url}/api/0/buckets/${window}/events/count`)).text()).toBe('2500')

  const connecting = daybook(here.data, 'connect', 'browser', '--yes', '--json', '--wait', '30')
  let done = false
  void connecting.finally(() => {
    done = true
  })
  await expect
    .poll(
      async () => {
        // Connecting turns the bridge on anew, on another free port.
        const watcher = await sourceOf(house)
          .then(({ urls }) => watcherAt(urls[0] ?? ''))
          .catch(() => undefined)
        const page = Math.random()
        await watcher?.bucket(web, 'web.tab.current').catch(() => {})
        await watcher
          ?.heartbeat(web, 80, Date.now(), { url: `https://${page}.example/`, title: `page ${page}` })
          .catch(() => {})
        return done
      },
      { timeout: SETTLE_MS, interval: 500 },
    )
    .toBe(true)
  expect(JSON.parse(await connecting)).toMatchObject({
    source: 'activitywatch',
    event: { source: 'browser', eventType: 'visit' },
  })
  expect(JSON.parse(await daybook(here.data, 'disconnect', 'browser', '--json'))).toBeTruthy()
  expect(await house.stop()).toBe(0)
})

function addressOf({ ready }: House): string {
  expect(ready.activitywatch.url).toMatch(/^http:/)
  return ready.activitywatch.url ?? ''
}

interface Watcher {
  bucket(id: string, type: string): Promise<unknown>
  heartbeat(bucket: string, pulsetime: number, at: number, data: Record<string, unknown>): Promise<unknown>
}

/** npm's aw-client, as the stock watchers have it, or what it sends. */
async function watcherAt(url: string): Promise<Watcher> {
  if (!('missing' in npm)) {
    const client = new npm.AWClient('aw-watcher-test', { testing: false, baseURL: url })
    return {
      bucket: (id, type) => client.ensureBucket(id, type, 'desk'),
      heartbeat: (bucket, pulsetime, at, data) =>
        client.heartbeat(bucket, pulsetime, { timestamp: new Date(at), duration: 0, data }),
    }
  }
  const post = async (path: string, body: unknown) => {
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${url}/api/0/buckets/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok && answer.status !== 304) throw new Error(`${path}: ${answer.status}`)
  }
  return {
    bucket: (id, type) => post(id, { client: 'aw-watcher-test', type, hostname: 'desk' }),
    heartbeat: (bucket, pulsetime, at, data) =>
      post(`${bucket}/heartbeat?pulsetime=${pulsetime}`, { timestamp: new Date(at).toISOString(), duration: 0, data }),
  }
}

async function listening({ ready, credentials }: House, seen: Set<string>): Promise<AsyncDisposable> {
  const client = await connectAsync(ready.mqtt.url, { ...credentials.mqtt, reconnectPeriod: 0 })
  client.on('error', () => {})
  client.on('message', (_topic, payload) => {
    seen.add((JSON.parse(payload.toString()) as { id: string }).id)
  })
  await client.subscribeAsync(topicsUnder('daybook').activities, { qos: 1 })
  return { [Symbol.asyncDispose]: () => client.endAsync(true) }
}

async function rows(house: House, query = ''): Promise<ActivityEvent[]> {
  const answer = await house.api(`/api/v1/activities?${query}order=asc&limit=1000`)
  return ((await answer.json()) as { items: ActivityEvent[] }).items
}

/** The phases of one event have one time, so their ids say nothing of their order. */
async function told(house: House): Promise<string[]> {
  const lines = (await rows(house)).map(({ phase, details, duration }) =>
    [phase ?? 'only', details?.title, duration].filter((part) => part !== undefined).join(' '),
  )
  return lines.sort()
}

interface Line {
  state: string
  detail?: string
  urls: string[]
  figures: Record<string, unknown>
}

async function sourceOf(house: House): Promise<Line> {
  return (await (await house.api('/api/v1/sources/activitywatch')).json()) as Line
}

async function nothingLost(house: House): Promise<void> {
  const { totals } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  expect(totals).toMatchObject({ missing: 0, rejected: 0 })
}
