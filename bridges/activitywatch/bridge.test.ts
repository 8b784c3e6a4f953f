// The bridge over a real port and files, as watchers and other programs meet it. Not for: the API (server/), or when an
// event closes (closing.test.ts).
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type Hosted, type HostedOptions, host, outboxFolder } from '../../test/hosted.ts'
import { activitywatch } from '../activitywatch.ts'
import { openActivitywatch } from './bridge.ts'

const quick = {
  ...activitywatch,
  open: (to: Parameters<typeof activitywatch.open>[0]) => openActivitywatch(to, { retryMs: 50, pollMs: 50 }),
}
const START = Date.parse('2026-11-02T09:00:00Z')
const web = 'aw-watcher-web-firefox_desk'

let folder: string
let remove: () => Promise<void>
let running: Hosted[] = []

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
})
afterEach(async () => {
  for (const { bridge } of running) await bridge.stop()
  running = []
  await remove()
})

async function start(options: HostedOptions = {}, into = folder): Promise<Hosted & { url: string }> {
  const hosted = host(quick, into, options)
  running.push(hosted)
  await hosted.bridge.start()
  return { ...hosted, url: hosted.bridge.reach()?.url ?? '' }
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${url}/api/0/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect([200, 304]).toContain(answer.status)
  const text = await answer.text()
  return text === '' ? null : JSON.parse(text)
}

const at = (seconds: number) => new Date(START + seconds * 1000).toISOString()
const create = (url: string, id = web, type = 'web.tab.current') =>
  post(url, `buckets/${id}`, { client: 'aw-client-web', type, hostname: 'desk' })
const page = (name: string, more = {}) => ({ url: `https://${name}.example/`, title: name, incognito: false, ...more })
const beat = (url: string, seconds: number, data: unknown, { id = web, pulsetime = 80, duration = 0 } = {}) =>
  post(url, `buckets/${id}/heartbeat?pulsetime=${pulsetime}`, { timestamp: at(seconds), duration, data })
const told = ({ kept }: Hosted) => kept.map(({ type, summary, phase }) => [type, summary, phase])
const eventsAt = async (url: string, id = web) =>
  (await (await fetch(`${url}/api/0/buckets/${id}/events`)).json()) as {
    timestamp: string
    duration: number
    data: Record<string, unknown>
  }[]

describe('what watchers send', () => {
  it('is told once it has ended, and when it stops', async () => {
    const house = await start()
    await create(house.url)
    for (const seconds of [0, 30, 59]) await beat(house.url, seconds, page('one'))
    expect(house.kept).toEqual([])
    await beat(house.url, 90, page('one'))
    await vi.waitFor(() => expect(told(house)).toEqual([['visit', 'one (one.example)', 'start']]))
    await beat(house.url, 100, page('two'))
    await vi.waitFor(() => expect(house.kept).toHaveLength(2))
    await house.bridge.stop()
    expect(told(house)).toEqual([
      ['visit', 'one (one.example)', 'start'],
      ['visit', 'one (one.example), 2 min', 'end'],
      ['visit', 'two (two.example)', undefined],
    ])
    expect(house.kept[1]).toMatchObject({ source: 'browser', timestamp: START, duration: 90_000 })
    expect(new Set(house.kept.map(({ activityId }) => activityId)).size).toBe(2)
  })

  it('goes on after a restart, and what grew meanwhile is told as enriched', async () => {
    const first = await start()
    await create(first.url)
    await beat(first.url, 0, page('one'))
    await beat(first.url, 20, page('one'))
    await first.bridge.stop()
    expect(told(first)).toEqual([['visit', 'one (one.example), 20 s', undefined]])
    const second = await start()
    await beat(second.url, 50, page('one'))
    await beat(second.url, 55, page('two'))
    await vi.waitFor(() => expect(told(second)).toEqual([['visit', 'one (one.example), 50 s', 'enriched']]))
    expect(second.kept[0]?.activityId).toBe(first.kept[0]?.activityId)
  })

  it('is closed at once if it comes whole, and a bucket that goes closes what is open', async () => {
    const house = await start()
    await create(house.url)
    await post(house.url, `buckets/${web}/events`, [{ timestamp: at(0), duration: 300, data: page('whole') }])
    await vi.waitFor(() => expect(told(house)).toEqual([['visit', 'whole (whole.example), 5 min', undefined]]))
    await beat(house.url, 1000, page('open'))
    await fetch(`${house.url}/api/0/buckets/${web}?force=1`, { method: 'DELETE' })
    await vi.waitFor(() => expect(told(house)[1]).toEqual(['visit', 'open (open.example)', undefined]))
  })

  it('never keeps a private window, in no bucket either, and answers as if it had', async () => {
    const house = await start({ privacy: { allows: ({ title, isPrivate }) => !isPrivate && title !== 'secret' } })
    await create(house.url)
    await beat(house.url, 0, page('private', { incognito: true }))
    for (const incognito of [1, 'true', 'True', '1']) await beat(house.url, 0, page('private', { incognito }))
    await beat(house.url, 0, page('private', { private: true }))
    await beat(house.url, 1, page('secret'))
    await post(house.url, `buckets/${web}/events`, [{ timestamp: at(2), duration: 1, data: page('secret') }])
    expect(await eventsAt(house.url)).toEqual([])
    await house.bridge.stop()
    expect(house.kept).toEqual([])
  })

  it('is cleaned before it is stored', async () => {
    const clean = <Facts extends Record<string, unknown>>(facts: Facts) => ({ ...facts, url: 'https://one.example/' })
    const house = await start({ privacy: { clean } })
    await create(house.url)
    await beat(house.url, 0, page('one', { url: 'https://one.example/?token=secret' }))
    expect((await eventsAt(house.url))[0]?.data.url).toBe('https://one.example/')
  })

  it('stays away in a pause, and what is alike before and after it is no one event', async () => {
    let seconds = 0
    const house = await start({ clock: { ...wallClock, now: () => START + seconds * 1000 } })
    await create(house.url)
    await beat(house.url, 0, page('one'))
    await beat(house.url, 10, page('one'))
    seconds = 20
    house.bridge.pause(true)
    expect(house.kept.map(({ timestamp, duration }) => [timestamp, duration])).toEqual([[START, 10_000]])
    await beat(house.url, 25, page('one'))
    seconds = 40
    house.bridge.pause(false)
    await beat(house.url, 30, page('one'))
    await beat(house.url, 45, page('one'))
    await beat(house.url, 50, page('one'))
    expect((await eventsAt(house.url)).map(({ timestamp, duration }) => [Date.parse(timestamp), duration])).toEqual([
      [START + 45_000, 5],
      [START, 10],
    ])
    await house.bridge.stop()
    expect(house.kept.map(({ timestamp, duration }) => [timestamp, duration])).toEqual([
      [START, 10_000],
      [START + 45_000, 5000],
    ])
  })

  it('keeps in a pause what is late and of before it, cut where the pause began, and counts what it drops', async () => {
    let seconds = 1000
    const house = await start({ clock: { ...wallClock, now: () => START + seconds * 1000 } })
    await create(house.url)
    house.bridge.pause(true)
    seconds = 1010
    await beat(house.url, 100, page('queued'))
    await beat(house.url, 150, page('queued'))
    await beat(house.url, 1005, page('in'))
    const whole = (when: number, duration: number, title: string) => {
      return { timestamp: at(when), duration, data: page(title) }
    }
    await post(house.url, `buckets/${web}/events`, [whole(300, 9, 'late'), whole(1001, 2, 'in')])
    const events = [whole(400, 9000, 'reaches in'), whole(1002, 2, 'in')]
    const bucket = { id: 'old', type: 'web.tab.current', client: 'aw-client-web', hostname: 'desk', events }
    await post(house.url, 'import', { buckets: { old: bucket } })
    expect(house.bridge.health().figures).toMatchObject({ notKept: 3 })
    expect(house.kept).toEqual([])
    const outcome = house.bridge.import({ since: 0, until: 8e12, from: house.url }, () => {}, AbortSignal.timeout(5000))
    await expect(outcome).rejects.toMatchObject({ code: 'paused' })
    await house.bridge.stop()
    const again = await start({ clock: { ...wallClock, now: () => START + seconds * 1000 } })
    seconds = 1020
    again.bridge.pause(false)
    await beat(again.url, 1021, page('queued'), { pulsetime: 5000 })
    await again.bridge.stop()
    const lasted = again.kept.map(({ data, timestamp, duration }) => [
      data?.title,
      (timestamp - START) / 1000,
      duration,
    ])
    expect(lasted.sort((a, b) => Number(a[1]) - Number(b[1]))).toEqual([
      ['queued', 100, 50_000],
      ['late', 300, 9000],
      ['reaches in', 400, 600_000],
      ['queued', 1021, 0],
    ])
  })

  it('tells after a pause what was still to be told when it was stopped in it', async () => {
    const first = await start()
    await create(first.url)
    await beat(first.url, 0, page('one'))
    await first.bridge.stop()
    expect(first.kept).toHaveLength(1)
    const second = await start()
    second.fail(new DaybookError('outbox_full'))
    await beat(second.url, 100, page('two'))
    await beat(second.url, 200, page('three'))
    await vi.waitFor(() => expect(second.bridge.health().code).toBe('outbox_full'))
    second.bridge.pause(true)
    await second.bridge.stop()
    const third = await start()
    await vi.waitFor(() => expect(third.bridge.health().state).toBe('ok'))
    third.bridge.pause(false)
    await vi.waitFor(() => expect(third.kept.map(({ data }) => data?.title)).toEqual(['two', 'three']), 5000)
  })

  it('is forgotten with the buckets', async () => {
    const house = await start()
    await create(house.url)
    await create(house.url, 'aw-watcher-afk_desk', 'afkstatus')
    await beat(house.url, 0, page('one'))
    await beat(house.url, 100, page('two'))
    await beat(house.url, 0, { status: 'afk' }, { id: 'aw-watcher-afk_desk' })
    expect(house.bridge.forget({ source: 'browser', until: START + 50_000 })).toBe(1)
    expect(house.bridge.forget({ entity: 'light.kitchen' })).toBe(0)
    await vi.waitFor(async () => expect((await eventsAt(house.url)).map(({ data }) => data.title)).toEqual(['two']))
    expect(await eventsAt(house.url, 'aw-watcher-afk_desk')).toHaveLength(1)
    expect(house.bridge.forget({})).toBe(2)
    await vi.waitFor(async () => expect(await eventsAt(house.url)).toEqual([]))
  })

  it('is told whole however much comes at once', async () => {
    const house = await start()
    const events = Array.from({ length: 5000 }, (_, n) => ({ timestamp: at(n * 10), duration: 5, data: page(`p${n}`) }))
    const bucket = { id: web, type: 'web.tab.current', client: 'aw-client-web', hostname: 'desk', events }
    await post(house.url, 'import', { buckets: { [web]: bucket } })
    await vi.waitFor(() => expect(house.kept).toHaveLength(5000), 20_000)
    expect(new Set(house.kept.map(({ id }) => id)).size).toBe(5000)
    await beat(house.url, 60_000, page('last'))
    await house.bridge.stop()
    expect(house.kept).toHaveLength(5001)
  })

  it('is counted where it cannot be told as it is', async () => {
    const house = await start()
    await create(house.url)
    const events = [
      { timestamp: '1969-12-31T23:59:59Z', duration: 1, data: page('old') },
      { timestamp: '1971-01-01T00:00:00Z', duration: 1.5e9, data: page('long') },
    ]
    await post(house.url, `buckets/${web}/events`, events)
    expect(await eventsAt(house.url)).toHaveLength(2)
    await vi.waitFor(() => expect(house.kept.map(({ duration }) => duration)).toEqual([1e12]))
    expect(house.bridge.health().figures).toMatchObject({ tooOld: 1, tooLong: 1 })
  })

  it('waits while the outbox takes nothing, and none of it is lost', async () => {
    const house = await start()
    await create(house.url)
    house.fail(new DaybookError('outbox_full'))
    for (let i = 0; i < 5; i++) await beat(house.url, i, page(`p${i}`))
    await vi.waitFor(() => expect(house.bridge.health()).toMatchObject({ state: 'degraded', code: 'outbox_full' }))
    house.fail(undefined)
    await vi.waitFor(() => expect(house.kept).toHaveLength(4), 5000)
  })
})

describe('a port that is taken', () => {
  it('keeps nobody from starting: its server is followed with the same ids, and the port taken over when it is free', async () => {
    const other = await outboxFolder()
    const first = await start({}, other.folder)
    const port = Number(new URL(first.url).port)
    await create(first.url)
    const house = await start({ config: { port } })
    expect(house.url).toBe('')
    expect(house.bridge.health()).toMatchObject({
      state: 'degraded',
      code: 'port_taken',
      figures: { following: first.url },
    })
    expect(house.bridge.health().detail).toMatch(/held by .*ActivityWatch v0\.14\.0/)
    // What happens now is followed; what was before is for an import.
    const now = (Date.now() - START) / 1000
    await vi.waitFor(() => expect(house.outbox().state.get(`follow/${first.url}`)).toBeDefined(), 5000)
    await beat(first.url, now + 1, page('one'))
    await beat(first.url, now + 90, page('one'), { pulsetime: 100 })
    await beat(first.url, now + 95, page('two'))
    await beat(first.url, now + 97, page('three'))
    await vi.waitFor(() => expect(first.kept).toHaveLength(3), 5000)
    await vi.waitFor(() => expect(house.kept).toHaveLength(3), 5000)
    expect(house.kept.map(({ id }) => id)).toEqual(first.kept.map(({ id }) => id))
    await first.bridge.stop()
    await vi.waitFor(() => expect(house.bridge.reach()?.url).toBe(first.url), 5000)
    expect(house.bridge.health()).toMatchObject({ state: 'ok' })
    // A watcher made its bucket there and runs on.
    const described = { id: web, type: 'web.tab.current', client: 'aw-client-web', hostname: 'desk' }
    const made = async () => (await fetch(`${first.url}/api/0/buckets/${web}`)).json()
    // The sockets of before are closed.
    await vi.waitFor(async () => expect(await made()).toMatchObject(described))
    await vi.waitFor(() => beat(first.url, now + 100, page('three')))
    expect((await eventsAt(first.url)).map(({ data }) => data.title)).toEqual(['three'])
    await house.bridge.stop()
    const again = await start({ config: { port } })
    expect(again.url).toBe(first.url)
    await vi.waitFor(() => beat(again.url, now + 101, page('three')))
    expect(await eventsAt(again.url)).toHaveLength(1)
    await other.remove()
  })

  it('names a program that is none of ActivityWatch', async () => {
    const server = createServer((_, answer) => answer.end('hello')).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const house = await start({ config: { port } })
    expect(house.bridge.health()).toMatchObject({ state: 'degraded', code: 'port_taken', figures: { following: null } })
    server.close()
    await vi.waitFor(() => expect(house.bridge.reach()).toMatchObject({ url: `http://127.0.0.1:${port}` }), 5000)
  })
})
