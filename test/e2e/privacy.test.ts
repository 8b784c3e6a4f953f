// A corpus of made secrets goes into a started house through every source there is; afterwards none is on the bus, in a row,
// an object, the log, an outbox or any other file of the data folder. And what a private window or a denied domain shows
// leaves no trace. Not for: which text loses what (test/privacy/corpus.test.ts).
import { relative } from 'node:path'
import { connectAsync } from 'mqtt'
import pg from 'pg'
import { expect, test } from 'vitest'
import type { House } from '../house.ts'
import { journey } from '../journey.ts'
import { secrets } from '../privacy/corpus.ts'
import { filesBelow, searchFor } from '../privacy/search.ts'
import { sinks } from '../privacy/sinks.ts'

const SETTLE_MS = 120_000

test('no secret that comes in through any source is on the bus, in a row, an object, the log or any file', async () => {
  await using here = await journey()
  const env = { DAYBOOK__ACTIVITYWATCH__PORT: '0', DAYBOOK__LOG__LEVEL: 'trace' }
  const house = await here.start({ env })
  const search = searchFor(secrets)
  const found: string[] = []
  const look = (where: string, bytes: Buffer) => {
    for (const kind of search(bytes)) found.push(`${where}: ${kind}`)
  }
  expect(search(Buffer.from(`x${secrets[0]?.phrase}x`))).toEqual(new Set([secrets[0]?.kind]))

  const bus = await connectAsync(house.ready.mqtt.url, { ...house.credentials.mqtt, reconnectPeriod: 0 })
  let heard = 0
  bus.on('message', (topic, payload) => {
    heard++
    look(`bus ${topic}`, Buffer.concat([Buffer.from(`${topic}\n`), payload]))
  })
  await bus.subscribeAsync('#', { qos: 1 })

  for (const { name, send } of sinks) {
    const { filter, rows } = await send({ house, folder: here.folder, secrets })
    await expect.poll(() => rowsOf(house, filter), { timeout: SETTLE_MS, message: name }).toBeGreaterThanOrEqual(rows)
  }
  const copied = async () => (await figuresOf(house, 'claude_code')).transcriptsCopied
  await expect.poll(copied, { timeout: SETTLE_MS }).toBeGreaterThan(0)
  await expect.poll(() => queued(house), { timeout: SETTLE_MS }).toBe(0)
  expect(heard).toBeGreaterThan(10_000)
  await bus.endAsync()

  const tables = await dump(house, look)
  expect(tables).toMatchObject({ activities: expect.any(Number), rejected: secrets.length * 2 })
  expect(await house.stop()).toBe(0)
  look('log', Buffer.from(house.log()))
  let files = 0
  for (const { path, bytes } of filesBelow(here.data)) {
    files++
    look(`file ${relative(here.data, path)}`, bytes)
  }
  expect(files).toBeGreaterThan(50)
  expect([...new Set(found)].sort()).toEqual([])
})

test('private windows and what is denied leave no trace, and pages lose what was typed into their URL', async () => {
  await using here = await journey()
  const env = {
    DAYBOOK__ACTIVITYWATCH__PORT: '0',
    DAYBOOK__PRIVACY__DENY_DOMAINS: 'bank.example',
    DAYBOOK__PRIVACY__DENY_APPS: 'KeePassXC',
    DAYBOOK__PRIVACY__DENY_FOLDERS: '/home/ada/diary',
  }
  const house = await here.start({ env })
  const HIDDEN = 'quetzalcoatlus'
  const search = searchFor([{ core: HIDDEN, kind: HIDDEN }])
  const visit = (data: object) => ({ source: 'browser', type: 'visit', summary: HIDDEN, data })
  const hidden = [
    visit({ url: `https://${HIDDEN}.example`, incognito: true }),
    visit({ url: `https://my.bank.example/${HIDDEN}` }),
    { source: 'window', type: 'focus', summary: HIDDEN, data: { app: 'keepassxc', title: HIDDEN } },
    { source: 'window', type: 'focus', summary: HIDDEN, data: { title: `${HIDDEN} - Google Chrome (Incognito)` } },
    { source: 'terminal', type: 'command', summary: HIDDEN, data: { command: HIDDEN, cwd: '/home/ada/diary/2026' } },
  ]
  const cut = { ...visit({ url: `https://shop.example/find?q=${HIDDEN}` }), summary: 'shops' }
  const all = [...hidden, cut].map((one, index) => ({ id: `${index}`, timestamp: Date.now() - index, ...one }))
  const post = { method: 'POST', body: JSON.stringify(all) }
  const answer = await house.api('/api/v1/activities', post)
  expect(await answer.json()).toMatchObject({ stored: 1, suppressed: hidden.length, rejected: [] })
  const refused = { ...hidden[0], id: 'x', timestamp: 'never' }
  const again = await house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify(refused) })
  expect(await again.json()).toMatchObject({ stored: 0, suppressed: 1, rejected: [] })

  const { urls } = (await (await house.api('/api/v1/sources/activitywatch')).json()) as { urls: string[] }
  const send = (path: string, body: unknown) =>
    fetch(`${urls[0]}/api/0/buckets/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await send('aw-watcher-web-chrome_desk', { client: 'aw-watcher-web', type: 'web.tab.current', hostname: 'desk' })
  const pages = [
    { url: `https://a.example/${HIDDEN}`, title: HIDDEN, incognito: true },
    { url: `https://bank.example/${HIDDEN}`, title: HIDDEN, incognito: false },
    { url: `https://b.example/x?q=${HIDDEN}`, title: `b.example/x?q=${HIDDEN}`, incognito: false },
    { url: 'https://c.example/', title: 'C', incognito: false },
  ]
  for (const [index, data] of pages.entries()) {
    const timestamp = new Date(Date.now() - 60_000 + index * 5_000).toISOString()
    const path = 'aw-watcher-web-chrome_desk/heartbeat?pulsetime=1'
    expect((await send(path, { timestamp, duration: 0, data })).status).toBe(200)
  }
  await expect.poll(() => rowsOf(house, 'source=browser'), { timeout: SETTLE_MS }).toBeGreaterThanOrEqual(3)
  const traces: string[] = []
  const look = (where: string, bytes: Buffer) => {
    if (search(bytes).size > 0) traces.push(where)
  }
  await dump(house, look)
  expect(await house.stop()).toBe(0)
  look('log', Buffer.from(house.log()))
  for (const { path, bytes } of filesBelow(here.data)) look(relative(here.data, path), bytes)
  expect(traces).toEqual([])
})

/** How many rows there are, a thousand at the most. */
async function rowsOf(house: House, filter: string): Promise<number> {
  let count = 0
  let cursor = ''
  do {
    const page = await (await house.api(`/api/v1/activities?limit=1000&${filter}${cursor}`)).json()
    const { items, next } = page as { items: unknown[]; next: string | null }
    count += items.length
    cursor = next === null ? '' : `&cursor=${encodeURIComponent(next)}`
  } while (cursor !== '')
  return count
}

async function figuresOf(house: House, name: string): Promise<Record<string, number>> {
  const source = await (await house.api(`/api/v1/sources/${name}`)).json()
  return (source as { figures?: Record<string, number> }).figures ?? {}
}

/** What waits in all outboxes. */
async function queued(house: House): Promise<number> {
  const { bridges } = (await (await house.api('/api/v1/status')).json()) as {
    bridges: { outboxDepth: number | null }[]
  }
  return bridges.reduce((sum, { outboxDepth }) => sum + (outboxDepth ?? 0), 0)
}

/** Looks into every column of every row; how many rows each table has. */
async function dump(house: House, look: (where: string, bytes: Buffer) => void): Promise<Record<string, number>> {
  const client = new pg.Client({ connectionString: house.credentials.database.url || house.ready.database.url })
  await client.connect()
  const { rows: tables } = await client.query<{ name: string }>(
    `select table_schema || '.' || quote_ident(table_name) as name from information_schema.tables
     where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')`,
  )
  const counts: Record<string, number> = {}
  for (const { name } of tables) {
    const { rows } = await client.query<Record<string, unknown>>(`select * from ${name}`)
    const table = name.replace(/^\w+\./, '')
    counts[table] = rows.length
    for (const row of rows)
      for (const [column, value] of Object.entries(row))
        look(`table ${table}.${column}`, Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value)))
  }
  await client.end()
  return counts
}
