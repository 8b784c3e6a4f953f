// Imports: a dump, a CSV, a server; twice, beside live capture, big, broken, and ended early.
import { appendFileSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import type { ImportProgress } from '../bridge.ts'
import { wakatime } from '../wakatime.ts'

const DAY = 86_400
/** A noon some weeks ago, s. */
const noon = (back: number) => Math.floor(Date.now() / 1000 / DAY) * DAY - back * DAY + DAY / 2
const clock = { ...wallClock, sleep: (ms: number, signal?: AbortSignal) => wallClock.sleep(ms / 100, signal) }
let folder: string
let remove: () => Promise<void>
let hosted: Hosted

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  hosted = host(wakatime, folder, { clock, config: {} })
  await hosted.bridge.start()
})
afterEach(async () => {
  await hosted.bridge.stop()
  await remove()
})

async function bring(from: string | undefined, range = {}, signal = new AbortController().signal) {
  let last: ImportProgress | undefined
  const progress = (at: ImportProgress) => {
    last = at
  }
  await hosted.bridge.import({ since: 0, until: Date.now(), from, ...range }, progress, signal)
  return last
}

function file(name: string, content: string): string {
  const path = join(folder, name)
  writeFileSync(path, content)
  return path
}

const beat = (time: number, more: Record<string, unknown> = {}) => ({
  entity: '/home/ada/shop/main.go',
  type: 'file',
  category: 'coding',
  project: 'shop',
  branch: 'main',
  language: 'Go',
  is_write: false,
  time,
  ...more,
})
/** As WakaTime writes it: names of agents and machines are ids of its own. */
const exported = (time: number, more: Record<string, unknown> = {}) => ({
  ...beat(time),
  id: crypto.randomUUID(),
  user_id: 'ada',
  created_at: '2026-10-01T12:00:00Z',
  machine_name_id: '2f1c6a0e',
  user_agent_id: '9b7d',
  dependencies: [],
  lineno: null,
  ...more,
})
const dump = (days: object[][]) =>
  JSON.stringify({
    user: { username: 'ada' },
    range: { start: 1, end: 2 },
    days: days.map((heartbeats) => ({ date: 'x', heartbeats })),
  })
const ids = () => hosted.kept.map(({ id }) => id)

describe('a data dump', () => {
  test('becomes the stretches that live capture would have made, once', async () => {
    const at = noon(200)
    const path = file('dump.json', dump([[0, 100, 200].map((s) => exported(at + s)), [exported(at + DAY)]]))
    expect(await bring(path)).toMatchObject({ read: 4, emitted: 2 })
    expect(hosted.kept).toMatchObject([
      {
        source: 'editor',
        type: 'edit',
        duration: 200_000,
        data: { project: 'shop', heartbeats: 3, machine: '2f1c6a0e' },
      },
      { duration: 0 },
    ])
    expect(await bring(path)).toMatchObject({ read: 4 })
    expect(new Set(ids()).size).toBe(2)
    // Older than heartbeats are kept: gone with the next start, and told under the same ids when they come again.
    await hosted.bridge.stop()
    await hosted.bridge.start()
    await expect.poll(() => hosted.bridge.health().figures).toMatchObject({ told: 0 })
    expect(await bring(path)).toMatchObject({ read: 4, emitted: 2 })
    expect([ids().length, new Set(ids()).size]).toEqual([4, 2])
  })

  test('brings nothing that was captured live, and does not break what was', async () => {
    const at = noon(1) + 0.125
    const body = JSON.stringify([beat(at), beat(at + 60), beat(at + 120)])
    const request = new Request('http://127.0.0.1/wakatime/api/v1/users/current/heartbeats.bulk', {
      method: 'POST',
      body,
    })
    await hosted.bridge.serve(request, { trusted: true })
    expect(
      await bring(file('dump.json', dump([[exported(at + 60), exported(at), exported(at + 5000)]]))),
    ).toMatchObject({
      read: 3,
      emitted: 1,
    })
    expect(hosted.bridge.health().figures).toMatchObject({ known: 2, taken: 4 })
  })

  test('only the asked time, and lists and answers of the API too', async () => {
    const at = noon(100)
    const range = { since: (at + 50) * 1000, until: (at + 150) * 1000 }
    expect(await bring(file('a.json', dump([[0, 50, 100, 150].map((s) => exported(at + s))])), range)).toMatchObject({
      emitted: 1,
    })
    expect(hosted.kept[0]).toMatchObject({ duration: 50_000 })
    expect(await bring(file('b.json', ` [${JSON.stringify(exported(at + 9000))}]`))).toMatchObject({ emitted: 1 })
    expect(await bring(file('c.json', `{"data":[${JSON.stringify(exported(at + 19000))}]}`))).toMatchObject({
      emitted: 1,
    })
  })

  test('that is cut off gives what is in it, and says so; what is none says what is wrong', async () => {
    const at = noon(100)
    const whole = dump([[exported(at), exported(at + 60)]])
    await expect(bring(file('cut.json', whole.slice(0, -3)))).rejects.toThrow(/no export of heartbeats/)
    expect(hosted.kept).toMatchObject([{ duration: 60_000 }])
    await expect(bring(file('other.csv', 'name,size\na,1\n'))).rejects.toThrow(/names no entity and time/)
    await expect(bring(join(folder, 'none.json'))).rejects.toThrow(/ENOENT/)
    await expect(bring(undefined)).rejects.toThrow(/name a data dump/)
  })

  test('of forty megabytes is read piece by piece, and can be ended', async () => {
    const at = noon(300)
    const path = file('big.json', '{"days":[{"heartbeats":[')
    for (let part = 0; part < 100; part++) {
      const beats = Array.from({ length: 1000 }, (_, n) =>
        exported(at + part * 1000 + n, { entity: `/f${part % 3}.go` }),
      )
      appendFileSync(path, `${part ? ',' : ''}${beats.map((each) => JSON.stringify(each)).join(',')}`)
    }
    appendFileSync(path, ']}]}')
    global.gc?.()
    const before = process.memoryUsage().heapUsed
    const ending = new AbortController()
    let most = 0
    await hosted.bridge.import(
      { since: 0, until: Date.now(), from: path },
      ({ read }) => {
        most = Math.max(most, process.memoryUsage().heapUsed - before)
        if (read > 20_000) ending.abort()
      },
      ending.signal,
    )
    expect(most).toBeLessThan(150 * 1024 * 1024)
    expect(hosted.kept.length).toBe(0)
  }, 30_000)
})

test('a CSV as Wakapi writes it', async () => {
  const at = noon(40)
  const header =
    'branch,category,entity,is_write,language,project,time,type,user_id,machine_name_id,user_agent_id,created_at,lines\r\n'
  const agent = 'wakatime/v1.86 (linux-6-x86) go1.21 neovim/900 vim-wakatime/11'
  const row = (s: number, name: string) =>
    `main,coding,"${name}",True,Go,shop,${at + s}.0,file,ada,box,${agent},2026-01-01,7\r\n`
  const path = file('wakapi.csv', header + row(0, '/a ""b"", c\nd.go') + row(60, '/a ""b"", c\nd.go'))
  expect(await bring(path)).toMatchObject({ read: 2, emitted: 1 })
  expect(hosted.kept[0]).toMatchObject({
    source: 'neovim',
    duration: 60_000,
    data: { file: '/a "b", c\nd.go', machine: 'box', writes: 2, lines: 7 },
  })
})

describe('a server', () => {
  let server: Server
  let url: string
  const days = new Map<string, object[]>()
  let asked: string[] = []

  beforeEach(async () => {
    days.clear()
    asked = []
    server = createServer((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
      asked.push(pathname)
      const path = /^\/api\/compat\/wakatime\/v1(.*)$/.exec(pathname)?.[1]
      const send = (status: number, body: unknown) => response.writeHead(status).end(JSON.stringify(body))
      if (request.headers.authorization !== `Basic ${Buffer.from('the-key').toString('base64')}`) return send(401, {})
      if (path === '/users/current/all_time_since_today')
        return send(200, { data: { range: { start_date: dayOf(12), end_date: dayOf(0) } } })
      if (path === '/users/current/user_agents') {
        const page = Number(searchParams.get('page'))
        return send(200, {
          data: [{ id: `agent-${page}`, value: `wakatime/1 x${page}/1 x-wakatime/1` }],
          total_pages: 2,
        })
      }
      if (path === '/users/current/heartbeats')
        return send(200, { data: days.get(searchParams.get('date') ?? '') ?? [] })
      return send(404, {})
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    url = `127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => new Promise<void>((done) => server.close(() => done())))

  const dayOf = (back: number) => new Date(noon(back) * 1000).toISOString().slice(0, 10)

  test('is asked day by day, wherever its API is, and agents are named', async () => {
    days.set(dayOf(3), [
      exported(noon(3), { user_agent_id: 'agent-2' }),
      exported(noon(3) + 30, { user_agent_id: 'agent-2' }),
    ])
    days.set(dayOf(1), [exported(noon(1), { user_agent_id: 'wakatime/1 (linux-6) go1.2 emacs-wakatime/1' })])
    expect(await bring(`http://the-key@${url}`)).toMatchObject({ read: 3, emitted: 2, what: `heartbeats of ${url}` })
    expect(hosted.kept.map(({ source }) => source)).toEqual(['x2', 'emacs'])
    expect(asked.filter((path) => path.endsWith('/heartbeats')).length).toBeGreaterThanOrEqual(13)
    expect(await bring(`http://:the-key@${url}/api/compat/wakatime/v1/`)).toMatchObject({ read: 3, emitted: 0 })
  })

  test('that tells whole seconds doubles nothing that was captured to the millisecond', async () => {
    const body = JSON.stringify([beat(noon(2) + 0.625), beat(noon(2) + 40.5)])
    const request = new Request('http://127.0.0.1/wakatime/api/v1/users/current/heartbeats.bulk', {
      method: 'POST',
      body,
    })
    await hosted.bridge.serve(request, { trusted: true })
    days.set(dayOf(2), [exported(noon(2)), exported(noon(2) + 40), exported(noon(2) + 80)])
    await bring(`http://the-key@${url}/api`)
    expect(hosted.bridge.health().figures).toMatchObject({ taken: 3, known: 2 })
  })

  test('that refuses, is none, or is not there', async () => {
    await expect(bring(`http://other@${url}/api`)).rejects.toThrow(/refuses the key/)
    await expect(bring(`http://${url}/api`)).rejects.toThrow(/the key stands before the host/)
    await expect(bring(`http://the-key@${url}/elsewhere`)).rejects.toThrow(/does not speak/)
    await expect(bring('http://the-key@127.0.0.1:1/api')).rejects.toThrow(/cannot be reached/)
  })
})
