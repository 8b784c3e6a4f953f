// Bringing in exports and servers: into the buckets and as activities, twice as once, and alike with what came live.
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { foldActivities } from '../../schemas/fold.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import { activitywatch } from '../activitywatch.ts'
import type { ImportProgress } from '../bridge.ts'

const all = { since: 0, until: 8e12 }
const now = Date.now()
const at = (secondsAgo: number) => new Date(now - secondsAgo * 1000).toISOString()
const id = 'aw-watcher-window_desk'

let folder: string
let remove: () => Promise<void>
let house: Hosted
let url: string
beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  house = host(activitywatch, folder)
  await house.bridge.start()
  url = house.bridge.reach()?.url ?? ''
})
afterEach(async () => {
  await house.bridge.stop()
  await remove()
})

const event = (secondsAgo: number, duration: number, title: string) => ({
  timestamp: at(secondsAgo),
  duration,
  data: { app: 'xterm', title },
})

async function exported(events: unknown[], more = {}): Promise<string> {
  const file = join(folder, 'aw-buckets-export.json')
  const bucket = { id, type: 'currentwindow', client: 'aw-watcher-window', hostname: 'desk', events, ...more }
  await writeFile(file, JSON.stringify({ buckets: { [id]: bucket } }))
  return file
}

async function bring(from: string, range = all): Promise<ImportProgress | undefined> {
  let last: ImportProgress | undefined
  await house.bridge.import({ ...range, from }, (progress) => (last = progress), new AbortController().signal)
  return last
}

async function post(path: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/api/0/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  expect(answer.status).toBe(200)
}
const stored = async () =>
  ((await (await fetch(`${url}/api/0/buckets/${id}/events`)).json()) as { data: { title: string } }[]).map(
    ({ data }) => data.title,
  )
const ids = () => house.kept.map((one) => one.id)

it('fills the buckets and tells each event, twice with the same ids, and skips what is none', async () => {
  const events = [event(5000, 90, 'b'), event(6000, 2, 'a'), { timestamp: 'never', data: {} }, 7, null]
  const file = await exported(events)
  expect(await bring(file)).toMatchObject({ what: 'events of 1 bucket', read: 5, emitted: 2 })
  expect(house.kept.map(({ summary, duration }) => [summary, duration])).toEqual([
    ['b (xterm), 2 min', 90_000],
    ['a (xterm), 2 s', 2000],
  ])
  expect(await stored()).toEqual(['b', 'a'])
  const once = ids()
  await bring(file)
  expect(ids()).toEqual([...once, ...once])
  expect(await stored()).toEqual(['b', 'a'])
  await house.bridge.stop()
  expect(house.kept).toHaveLength(4)
})

it('is one with what came live, also if that was told while it grew', async () => {
  await post(`buckets/${id}`, { client: 'aw-watcher-window', type: 'currentwindow', hostname: 'desk' })
  for (const [ago, title] of [
    [5000, 'a'],
    [4930, 'a'],
    [4900, 'b'],
  ] as const) {
    await post(`buckets/${id}/heartbeat?pulsetime=80`, event(ago, 0, title))
  }
  await house.bridge.stop()
  const live = house.kept.map(({ id: one, phase }) => [one, phase])
  expect(live.map(([, phase]) => phase)).toEqual(['start', 'end', undefined])
  await house.bridge.start()
  url = house.bridge.reach()?.url ?? ''
  const file = join(folder, 'export.json')
  await writeFile(file, await (await fetch(`${url}/api/0/export`)).text())
  await bring(file)
  expect(new Set(ids()).size).toBe(3)
  expect(await stored()).toEqual(['b', 'a'])
})

it('makes what has grown since the last time longer, in the bucket and as told, and nothing shorter', async () => {
  await bring(await exported([event(5000, 20, 'a'), event(6000, 5, 'b')]))
  const grown = await exported([event(5000, 90, 'a'), event(6000, 2, 'b')])
  await bring(grown)
  const lengths = async () => {
    const events = await (await fetch(`${url}/api/0/buckets/${id}/events`)).json()
    return (events as { duration: number }[]).map(({ duration }) => duration)
  }
  expect(await lengths()).toEqual([90, 5])
  await vi.waitFor(() => expect(house.kept.map(({ phase }) => phase)).toContain('enriched'))
  await bring(grown)
  await house.bridge.stop()
  // A row that is there stays as it came.
  const rows = new Map(house.kept.toReversed().map((one) => [one.id, one as unknown as ActivityEvent]))
  const folded = foldActivities([...rows.values()])
  expect(folded.map(({ summary, duration }) => [summary, duration]).sort()).toEqual([
    ['a (xterm), 2 min', 90_000],
    ['b (xterm), 5 s', 5000],
  ])
  expect(house.kept.filter(({ phase }) => phase === 'enriched').map(({ duration }) => duration)).toEqual([90_000])
})

it('tells the longest of those that differ in their duration only, and keeps them all', async () => {
  await bring(await exported([event(5000, 0, 'a'), event(5000, 90, 'a'), event(5000, 4, 'a')]))
  expect(new Set(ids()).size).toBe(1)
  expect(house.kept[0]).toMatchObject({ duration: 90_000 })
  expect(await stored()).toEqual(['a', 'a', 'a'])
})

it('reads a server that runs, but for what may still grow there', async () => {
  const other = await outboxFolder()
  const elsewhere = host(activitywatch, other.folder)
  await elsewhere.bridge.start()
  const from = elsewhere.bridge.reach()?.url ?? ''
  const own = url
  url = from
  await post(`buckets/${id}`, { client: 'aw-watcher-window', type: 'currentwindow', hostname: 'desk' })
  await post(`buckets/${id}/events`, [event(5000, 3, 'old'), event(20, 3, 'new')])
  url = own
  expect(await bring(from)).toMatchObject({ read: 2, emitted: 1 })
  expect(await stored()).toEqual(['old'])
  await elsewhere.bridge.stop()
  expect(elsewhere.kept.map((one) => one.id)).toContain(ids()[0])
  await other.remove()
  await expect(bring(from)).rejects.toMatchObject({ code: 'source_unreachable' })
})

it('keeps to the range, and to what is private', async () => {
  const file = await exported([event(5000, 1, 'b'), event(9000, 1, 'a')])
  await bring(file, { since: now - 6_000_000, until: now - 4_000_000 })
  expect(await stored()).toEqual(['b'])
  const page = { timestamp: at(7000), duration: 1, data: { url: 'https://a.example', title: 'x', incognito: true } }
  await bring(await exported([page], { type: 'web.tab.current' }))
  expect(house.kept).toHaveLength(1)
})

it('says what is wrong with a file', async () => {
  await expect(bring(join(folder, 'none.json'))).rejects.toMatchObject({ code: 'not_found' })
  const file = await exported([event(5000, 1, 'b')])
  await writeFile(file, (await readFile(file, 'utf8')).slice(0, -9))
  await expect(bring(file)).rejects.toMatchObject({ code: 'not_json' })
  await writeFile(file, '{"hello": 1}')
  await expect(bring(file)).rejects.toMatchObject({ code: 'invalid' })
})
