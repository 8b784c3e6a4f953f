// A real browser at a started Daybook: a page of another site can read nothing from ActivityWatch's port or the paths of
// bridges and leaves nothing there, whatever it tries, while the same is read from a server that lets it; and the stock
// extension of ActivityWatch, where AW_WATCHER_WEB names its built folder, tells the pages that are looked at. Not for:
// what each origin is answered (bridges/activitywatch/server/cors.test.ts).
import { existsSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { connectAsync } from 'mqtt'
import { type Browser, type BrowserContext, chromium, type Worker } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { type Target, tryEverything } from '../activitywatch/page-attempts.ts'
import type { House } from '../house.ts'
import { type Journey, journey, missing } from '../journey.ts'

const absent = missing(['chromium', 'chromium'])
if (absent) console.warn(`desk-browser: skipped, ${absent}`)
/** ActivityWatch/aw-watcher-web, built for Chrome; no registry carries it. */
const extension = process.env.AW_WATCHER_WEB
const noExtension = extension ? null : 'AW_WATCHER_WEB names no build of aw-watcher-web for Chrome'
if (noExtension) console.warn(`skipped: the stock extension in a browser: ${noExtension}`)
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((file) => existsSync(file))
const chromiumOptions = { ...(executablePath && { executablePath }) }
const SETTLE_MS = 60_000

let travels: Journey
let house: House
let watchers: string
/** Serves the pages, and says yes to everything else, as a server that protects nothing. */
let site: Server
let open: string
let arrived: string[] = []

beforeAll(async () => {
  if (absent) return
  site = createServer((request, response) => {
    const { url = '', method = '', headers } = request
    if (url.startsWith('/api/')) arrived.push(`${method} ${headers['content-type']?.split(';')[0] ?? ''}`)
    const allow = {
      'access-control-allow-origin': headers.origin ?? '*',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'PUT, DELETE',
      'access-control-allow-headers': 'content-type',
    }
    const page = `<!doctype html><title>Page ${url.split('?')[0]}</title><body></body>`
    response.writeHead(200, { 'content-type': 'text/html', ...allow }).end(page)
  })
  site.on('upgrade', (_request, socket) => {
    arrived.push('WebSocket')
    socket.destroy()
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  open = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  travels = await journey()
  house = await travels.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  watchers = house.ready.activitywatch.url ?? ''
})
afterAll(async () => {
  await travels?.[Symbol.asyncDispose]()
  site?.closeAllConnections()
  await new Promise((resolve) => (site ? site.close(resolve) : resolve(null)))
})

const KEPT = 'aw-watcher-web-kept_desk'
const about = { client: 'aw-client-web', type: 'web.tab.current', hostname: 'desk' }
const visit = { timestamp: '2026-01-01T00:00:00Z', duration: 1, data: { url: 'https://evil.example/', title: 'evil' } }

/** [path, what would be stored there] */
const atWatchers: [string, unknown][] = [
  ['/api/0/info', {}],
  ['/api/0/buckets/', {}],
  [`/api/0/buckets/${KEPT}`, { ...about, hostname: 'evil' }],
  ['/api/0/buckets/aw-watcher-web-evil', about],
  [`/api/0/buckets/${KEPT}/events`, visit],
  [`/api/0/buckets/${KEPT}/heartbeat?pulsetime=60`, visit],
  ['/api/0/import', { buckets: { evil: { id: 'evil', ...about, events: [visit] } } }],
  ['/api/0/export', {}],
  ['/api/0/settings/evil', { evil: true }],
  ['/api/0/query/', { query: [`RETURN = query_bucket("${KEPT}");`], timeperiods: ['2020-01-01/2030-01-01'] }],
]
const beat = { entity: 'evil.ts', type: 'file', time: 1_700_000_000, project: 'evil' }
const record = { timeUnixNano: '1700000000000000000', body: { stringValue: 'evil' } }
const atHouse: [string, unknown][] = [
  ['/wakatime/api/v1/users/current', {}],
  ['/wakatime/api/v1/users/current/heartbeats', beat],
  ['/wakatime/api/v1/users/current/heartbeats.bulk', beat],
  ['/v1/logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }],
  ['/v1/metrics', {}],
  ['/api/v1/activities', { source: 'evil', eventType: 'evil' }],
]

function targets(): Target[] {
  const at =
    (base: string) =>
    ([path, body]: [string, unknown]) => ({ url: base.replace(/\/$/, '') + path, body: JSON.stringify(body) })
  return [...atWatchers.map(at(watchers)), ...atHouse.map(at(house.ready.http.url))]
}

/** All that a page could have changed. */
async function everything(): Promise<unknown> {
  const at = async (path: string) => (await fetch(watchers + path)).json()
  const { items } = (await (await house.api('/api/v1/sources')).json()) as {
    items: { name: string; figures: object }[]
  }
  const figures = items.filter(({ name }) => name === 'wakatime' || name === 'claude_code')
  return [await at('/api/0/export'), await at('/api/0/settings'), figures.map((each) => each.figures), await rows('')]
}

describe.skipIf(absent)('a page of another site', () => {
  let browser: Browser
  beforeAll(async () => {
    await post(`/api/0/buckets/${KEPT}`, about)
    const own = { timestamp: new Date(), duration: 0, data: { url: 'https://own.example/', title: 'own secret' } }
    await post(`/api/0/buckets/${KEPT}/events`, own)
    await vi.waitUntil(async () => (await rows('')).length === 1, { timeout: SETTLE_MS })
    browser = await chromium.launch({
      ...chromiumOptions,
      // It is our servers that are tried here, not what the browser keeps from pages by itself.
      args: [
        '--no-sandbox',
        '--disable-features=LocalNetworkAccessChecks',
        '--host-resolver-rules=MAP rebound.example 127.0.0.1',
      ],
    })
  })
  afterAll(() => browser?.close())

  test.each(['127.0.0.1', 'localhost', 'rebound.example'])('at %s reads nothing and leaves nothing', async (name) => {
    const before = await everything()
    expect(JSON.stringify(before)).toContain('own secret')
    const page = await browser.newPage()
    await page.goto(open.replace('127.0.0.1', name))
    expect(await page.evaluate(tryEverything, targets())).toEqual([])
    await page.close()
    expect(await everything()).toEqual(before)
    expect(JSON.stringify(before)).not.toContain('evil')
  })

  test('whose name was made to lead here is answered that it is not ours, and nothing else', async () => {
    const before = await everything()
    for (const base of [watchers, house.ready.http.url]) {
      const there = base.replace('127.0.0.1', 'rebound.example').replace(/\/$/, '')
      const page = await browser.newPage()
      await page.route(`${there}/page`, (route) => route.fulfill({ contentType: 'text/html', body: '<body></body>' }))
      await page.goto(`${there}/page`)
      const own = targets().filter(({ url }) => url.startsWith(base))
      const moved = own.map(({ url, body }) => ({ url: url.replace('127.0.0.1', 'rebound.example'), body }))
      const read = await page.evaluate(tryEverything, moved)
      expect(read.length).toBeGreaterThan(own.length)
      const refused = /host header is invalid \(was rebound\.example|host_refused/
      expect(read.filter((line) => !refused.test(line))).toEqual([])
      await page.close()
    }
    expect(await everything()).toEqual(before)
  })

  test('reads from a server that lets it, in all these ways', async () => {
    arrived = []
    const page = await browser.newPage()
    await page.goto(open.replace('127.0.0.1', 'localhost'))
    const [path, body] = [`/api/0/buckets/${KEPT}/events`, JSON.stringify(visit)]
    const read = await page.evaluate(tryEverything, [{ url: open + path, body }])
    const ways = ['GET cors', 'GET with credentials', 'POST JSON', 'POST text', 'PUT', 'DELETE', 'XHR GET', 'XHR POST']
    expect(read.map((line) => line.split(' http')[0])).toEqual(expect.arrayContaining(ways))
    await expect
      .poll(() => new Set(arrived), { timeout: SETTLE_MS })
      .toEqual(
        new Set([
          'GET ',
          'OPTIONS ',
          'POST ',
          'DELETE ',
          'WebSocket',
          'POST text/plain',
          'POST application/json',
          'PUT application/json',
          'POST application/x-www-form-urlencoded',
          'POST multipart/form-data',
        ]),
      )
    await page.close()
  })
})

describe.skipIf(absent ?? noExtension)('the stock extension', () => {
  let context: BrowserContext
  afterAll(() => context?.close())

  /** Its worker, in a browser with the profile of this journey. */
  async function browsing(): Promise<Worker> {
    await context?.close()
    context = await chromium.launchPersistentContext(join(travels.folder, 'profile'), {
      ...chromiumOptions,
      ignoreDefaultArgs: ['--disable-extensions'],
      args: [
        '--no-sandbox',
        `--disable-extensions-except=${extension}`,
        `--load-extension=${extension}`,
        // The one address that it knows.
        `--host-resolver-rules=MAP 127.0.0.1:5600 ${new URL(watchers).host}`,
      ],
    })
    return context.serviceWorkers()[0] ?? context.waitForEvent('serviceworker')
  }
  const stored = (worker: Worker) => worker.evaluate(`chrome.storage.local.get()`) as Promise<Record<string, unknown>>
  const visits = async () => (await rows('source=browser&')).filter(({ details }) => details?.browser === 'chrome')

  test('tells each page once it is left, with its title, its duration and no query, on the bus and in the rows', async () => {
    const heard: ActivityEvent[] = []
    const { ready, credentials } = house
    const bus = await connectAsync(ready.mqtt.url, { ...credentials.mqtt, reconnectPeriod: 0 })
    bus.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString()) as ActivityEvent))
    await bus.subscribeAsync(topicsUnder('daybook').activities, { qos: 1 })
    const worker = await browsing()
    const one = context.pages()[0] ?? (await context.newPage())
    await one.goto(`${open}/one?token=first`)
    await expect
      .poll(() => stored(worker), { timeout: SETTLE_MS })
      .toMatchObject({ lastSyncSuccess: true, hostname: expect.any(String) })
    const two = await context.newPage()
    await two.goto(`${open}/two?token=second#there`)
    await one.bringToFront()
    await two.bringToFront()
    await expect.poll(() => stored(worker), { timeout: SETTLE_MS }).toMatchObject({ heartbeatData: { tabCount: 2 } })
    const title = () => stored(worker).then(({ heartbeatData }) => (heartbeatData as { title: string }).title)
    await expect.poll(title, { timeout: SETTLE_MS }).toBe('Page /two')
    await two.waitForTimeout(1500)
    await two.close()
    const ofTwo = async () => (await visits()).find(({ details }) => details?.title === 'Page /two')
    await expect.poll(ofTwo, { timeout: SETTLE_MS }).toBeDefined()
    const told = (await ofTwo()) as ActivityEvent
    expect(told).toMatchObject({
      source: 'browser',
      eventType: 'visit',
      details: { url: `${open}/two`, domain: '127.0.0.1', audible: false, tab_count: 2 },
    })
    expect(told.duration).toBeGreaterThan(1400)
    expect(told.duration).toBeLessThan(SETTLE_MS)
    expect((await visits()).map(({ details }) => details?.title)).toContain('Page /one')
    await expect.poll(() => heard.map(({ id }) => id), { timeout: SETTLE_MS }).toContain(told.id)
    const kept = await (await fetch(`${watchers}/api/0/export`)).text()
    expect(kept).toContain('Page /two')
    expect(kept + JSON.stringify([heard, await rows('')]) + house.log()).not.toMatch(/token=|#there/)
    await bus.endAsync(true)
  })

  test('says which windows are private, and nothing of them is kept', async () => {
    const id = new URL((await browsing()).url()).host
    const settings = context.pages()[0] ?? (await context.newPage())
    await settings.goto('chrome://extensions')
    await settings.evaluate(`chrome.developerPrivate.updateExtensionConfiguration(
      { extensionId: '${id}', incognitoAccess: true })`)
    const worker = await browsing()
    await expect.poll(() => worker.evaluate('chrome.extension.isAllowedIncognitoAccess()')).toBe(true)
    await expect.poll(() => stored(worker), { timeout: SETTLE_MS }).toMatchObject({ lastSyncSuccess: true })
    const titles = () => worker.evaluate(`chrome.tabs.query({}).then((tabs) => tabs.map(({ title }) => title))`)
    await worker.evaluate(`chrome.windows.create({ incognito: true, url: '${open}/hidden?a=1' })`)
    await expect.poll(titles, { timeout: SETTLE_MS }).toContain('Page /hidden')
    // It tells a page when its tab is switched to.
    await worker.evaluate(`chrome.tabs.query({}).then(async (tabs) => {
      const { id, windowId } = tabs.find(({ incognito }) => incognito)
      await chrome.tabs.create({ windowId, url: '${open}/hidden-too', active: true })
      await chrome.tabs.update(id, { active: true })
    })`)
    const sent = { heartbeatData: { title: 'Page /hidden', incognito: true }, lastSyncSuccess: true }
    await expect.poll(() => stored(worker), { timeout: SETTLE_MS }).toMatchObject(sent)
    expect(await (await fetch(`${watchers}/api/0/export`)).text()).not.toContain('hidden')
    expect(JSON.stringify(await rows('')) + house.log()).not.toContain('hidden')
  })
})

async function post(path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(watchers + path, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(answer.status, path).toBe(200)
}

async function rows(query: string): Promise<ActivityEvent[]> {
  const answer = await house.api(`/api/v1/activities?${query}order=asc&limit=1000`)
  return ((await answer.json()) as { items: ActivityEvent[] }).items
}
