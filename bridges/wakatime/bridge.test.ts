// The WakaTime bridge over HTTP, in its host: who is let in, what is answered whatever is sent, what a disk that fails does.
// Not for: the house around it (test/e2e/desk-wakatime.test.ts).
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type Hosted, type HostedOptions, host, outboxFolder } from '../../test/hosted.ts'
import { faultOf, readRecorded } from '../../test/wakatime/judge.ts'
import { wakatime } from '../wakatime.ts'
import { openHeartbeatsFile } from './file.ts'
import type { Reads } from './reads.ts'
import { createServer } from './server.ts'
import { SETTLE_MS } from './teller.ts'

const BASE = 'http://127.0.0.1:8420/wakatime/api/v1'
const AGENT = 'wakatime/v1.90.0 (linux-6.8.0-unknown) go1.26.8 vim/9 vim-wakatime/11'
let folder: string
let remove: () => Promise<void>
let hosted: Hosted
let ahead = 0
/** Its seconds last ten milliseconds, and it can be moved on. */
const clock = { now: () => Date.now() + ahead, sleep: (ms: number, s?: AbortSignal) => wallClock.sleep(ms / 100, s) }

beforeEach(async () => {
  ahead = 0
  ;({ folder, remove } = await outboxFolder())
  await begin()
})
afterEach(async () => {
  await hosted.bridge.stop()
  await remove()
})

async function begin(options: HostedOptions = {}) {
  hosted = host(wakatime, folder, { clock, config: {}, ...options })
  await hosted.bridge.start()
}

async function restart(options: HostedOptions = {}) {
  await hosted.bridge.stop()
  await begin(options)
}

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
const ask = (path: string, init: RequestInit = {}, trusted = false) =>
  hosted.bridge.serve(new Request(path.startsWith('http') ? path : BASE + path, init), { trusted })
const get = (path: string, headers: Record<string, string> = {}) =>
  ask(path, { headers: { ...basic(hosted.bridge.key() ?? ''), timezone: 'Etc/UTC', ...headers } })
const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  ask(path, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { ...basic(hosted.bridge.key() ?? ''), 'user-agent': AGENT, 'x-machine-name': 'laptop', ...headers },
  })
const BULK = '/users/current/heartbeats.bulk'
const now = () => Date.now() / 1000
const beat = (more: Record<string, unknown> = {}) => ({ entity: '/home/ada/a.go', type: 'file', time: now(), ...more })

describe('who is let in', () => {
  test.each<[string, (key: string) => Record<string, string>]>([
    ['Basic without a colon', (key) => basic(key)],
    ['Basic with the key as the user', (key) => basic(`${key}:`)],
    ['Basic with the key as the password', (key) => basic(`ada:${key}`)],
    ['Basic with the prefix', (key) => basic(`waka_${key}`)],
    ['Bearer', (key) => ({ authorization: `Bearer ${key}` })],
    ['Bearer in base64', (key) => ({ authorization: `bearer ${Buffer.from(key).toString('base64')}` })],
  ])('%s', async (_, headers) => {
    expect((await ask('/users/current', { headers: headers(hosted.bridge.key() ?? '') })).status).toBe(200)
    const wrong = await ask('/users/current', { headers: headers(crypto.randomUUID()) })
    expect([wrong.status, await wrong.json()]).toEqual([401, { error: 'Unauthorized' }])
  })

  test('a parameter of the address, and a token of the house', async () => {
    expect((await ask(`/users/current?api_key=${hosted.bridge.key()}`)).status).toBe(200)
    expect((await ask(`/users/current?api_key=waka_${hosted.bridge.key()}`)).status).toBe(200)
    expect((await ask('/users/current?api_key=')).status).toBe(401)
    expect((await ask('/users/current', {}, true)).status).toBe(200)
    expect((await ask('/users/current')).status).toBe(401)
  })

  test.each(['Basic', 'Basic ', 'Basic %%%', 'Digest x', 'Bearer', ''])('not with "%s"', async (authorization) => {
    const answer = await ask(BULK, { method: 'POST', body: JSON.stringify([beat()]), headers: { authorization } })
    expect(answer.status).toBe(401)
    expect(hosted.bridge.health().figures?.taken).toBe(0)
  })

  test('browser extensions may read answers, pages may not, unless they are named', async () => {
    const allowed = async (origin: string) => {
      const asked = {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-machine-name',
      }
      const preflight = await ask(BULK, { method: 'OPTIONS', headers: asked })
      const answer = await post(BULK, [beat()], { origin })
      const headers = [preflight, answer].map((each) => each.headers.get('access-control-allow-origin'))
      expect(headers[0]).toBe(headers[1])
      return headers[0]
    }
    expect(await allowed('chrome-extension://jnbbnacmeggbgdjgaoojpmhdlkkpblgi')).toMatch(/^chrome-extension/)
    expect(await allowed('moz-extension://7c2a8b1e-0000-4000-8000-000000000000')).toMatch(/^moz-extension/)
    expect(await allowed('https://evil.example')).toBeNull()
    expect(await allowed('https://chrome-extension.example')).toBeNull()
    expect(await allowed('https://vscode.dev')).toBeNull()
    await restart({ config: { origins: 'https://vscode.dev, https://github.dev' } })
    expect(await allowed('https://github.dev')).toBe('https://github.dev')
    await restart({ config: { origins: ['https://vscode.dev'] } })
    expect(await allowed('https://vscode.dev')).toBe('https://vscode.dev')
  })
})

describe('what is answered', () => {
  test('the requests of the real client', async () => {
    const recorded = readRecorded(readFileSync('test/wakatime/recorded/requests.jsonl', 'utf8'))
    expect(recorded).toHaveLength(5)
    for (const each of recorded) {
      const init = { method: each.method, ...(each.body !== '' && { body: JSON.stringify(each.body) }) }
      const headers = { 'user-agent': each.headers['user-agent'] ?? '', ...basic(hosted.bridge.key() ?? '') }
      const answer = await ask(each.url.replace('/api/v1', ''), { ...init, headers })
      expect(await faultOf(each, answer)).toBe('')
    }
  })

  test('one for each heartbeat, in order, whatever they are', async () => {
    const odd = [
      beat(),
      null,
      7,
      'text',
      [],
      {},
      beat({ time: 'soon' }),
      beat({ type: 'spell', category: 'magic' }),
      beat(),
    ]
    const answer = await post(BULK, odd)
    expect(answer.status).toBe(201)
    expect(await faultOf({ url: BULK, body: odd }, answer.clone())).toBe('')
    expect(await answer.json()).toMatchObject({ responses: odd.map(() => [{ data: {}, error: null }, 201]) })
    expect(hosted.bridge.health().figures).toMatchObject({ refused: 6 })
  })

  test('one heartbeat alone, under every address that is configured', async () => {
    for (const base of ['/wakatime/api/v1', '/wakatime/api', '/wakatime/api/compat/wakatime/v1']) {
      for (const path of ['/users/current/heartbeats', '/heartbeats', '/heartbeat', '/users/ada/heartbeats']) {
        const answer = await post(`http://127.0.0.1:8420${base}${path}`, beat())
        expect([answer.status, await answer.json()]).toMatchObject([
          201,
          { data: { entity: '/home/ada/a.go' }, error: null },
        ])
      }
    }
    expect(await (await post('/users/current/heartbeats', [beat(), beat()])).json()).toMatchObject({
      responses: [
        [{}, 201],
        [{}, 201],
      ],
    })
    expect(await (await post(BULK, beat())).json()).toMatchObject({ responses: [[{}, 201]] })
    expect(await (await post(BULK, [])).json()).toEqual({ responses: [] })
  })

  test('a disk that fails is a failure of the whole request, so that clients queue', async () => {
    const taking = {
      counts: { new: 0, known: 0, refused: 0, private: 0, paused: 0 },
      take: () => {
        throw new DaybookError('data_unwritable', 'disk full')
      },
    }
    const log = pino({ level: 'silent' })
    const serve = createServer({ taking, reads: {} as Reads, key: 'k', timeoutMinutes: 15, origins: [], clock, log })
    const answer = await serve(new Request(BASE + BULK, { method: 'POST', body: JSON.stringify([beat()]) }), {
      trusted: true,
    })
    expect(await faultOf({ url: BULK, body: [beat()] }, answer)).toMatch(/^503: queued/)
  })

  test('what is no JSON, and what is nowhere', async () => {
    for (const body of ['', '{', '[{"a":1},', 'null x', '\u0000']) expect((await post(BULK, body)).status).toBe(400)
    expect((await post(BULK, `[${'1,'.repeat(9 * 1024 * 1024)}1]`)).status).toBe(413)
    expect((await get('/users/current/leaders')).status).toBe(404)
    expect((await get('/nothing/here')).status).toBe(404)
    expect(await (await get('/users/current/goals')).json()).toMatchObject({ data: [] })
  })

  test('a status bar, summaries, projects and all the rest that clients and widgets ask for', async () => {
    const at = Math.floor(Date.now() / 86_400_000) * 86_400
    ahead = (at + 43_200) * 1000 - Date.now()
    const work = { project: 'shop', language: 'Go', branch: 'main', category: 'coding' }
    const day = [0, 600, 1200, 1500].map((s) => beat({ ...work, time: at + 36_000 + s }))
    await post(BULK, [
      ...day,
      beat({ project: 'blog', time: at + 36_000 + 1560 }),
      beat({ time: at - 3000, project: 'old' }),
    ])
    for (const path of ['/users/current/statusbar/today', '/users/current/status_bar/today'])
      expect(await (await get(path)).json()).toMatchObject({
        data: {
          grand_total: { text: '26 mins', digital: '0:26', total_seconds: 1560 },
          categories: [{ name: 'Coding', percent: 100 }],
          projects: [{ name: 'shop', total_seconds: 1560 }],
          editors: [{ name: 'vim' }],
          machines: [{ name: 'laptop' }],
          operating_systems: [{ name: 'Linux' }],
          range: { text: 'Today', timezone: 'Etc/UTC' },
        },
        has_team_features: false,
      })
    const date = new Date(at * 1000).toISOString().slice(0, 10)
    for (const range of [`start=${date}&end=${date}`, 'start=today&end=today', 'range=Today'])
      expect(await (await get(`/users/current/summaries?${range}`)).json()).toMatchObject({
        data: [{ grand_total: { text: '26 mins' }, range: { date } }],
        cumulative_total: { seconds: 1560 },
      })
    expect(await (await get('/users/current/summaries?range=last_7_days')).json()).toMatchObject({
      data: { length: 7 },
    })
    expect((await get('/users/current/summaries?start=soon&end=later')).status).toBe(400)
    expect((await get('/users/current/summaries')).status).toBe(400)
    expect((await get('/users/current/summaries?start=1970-01-01&end=2026-01-01')).status).toBe(400)
    expect(await (await get(`/users/current/durations?date=${date}`)).json()).toMatchObject({
      data: [
        { project: 'shop', duration: 1560 },
        { project: 'blog', duration: 0 },
      ],
    })
    expect(await (await get('/users/current/projects')).json()).toMatchObject({
      data: [{ name: 'blog' }, { name: 'shop' }, { name: 'old' }],
    })
    expect(await (await get('/users/current/all_time_since_today')).json()).toMatchObject({
      data: { total_seconds: 1560, is_up_to_date: true, range: { end_date: date } },
    })
    expect(await (await get('/users/current')).json()).toMatchObject({ data: { last_project: 'blog' } })
    expect((await (await get('/users/current/heartbeats?date=today')).json()) as object).toMatchObject({
      data: { length: 5 },
    })
  })
})

describe('what is kept', () => {
  test('is synced before the answer, and told once the bridge runs again', async () => {
    const time = now() - 7200
    await post(BULK, [beat({ time }), beat({ time: time + 90 })])
    await restart()
    ahead = SETTLE_MS
    await expect.poll(() => hosted.kept.length).toBe(1)
    expect(hosted.kept[0]).toMatchObject({ source: 'vim', type: 'edit', phase: 'end', duration: 90_000 })
    await post(BULK, [beat({ time }), beat({ time: time + 90 })])
    expect(hosted.bridge.health().figures).toMatchObject({ known: 2 })
  })

  test('waits while the outbox is full, and health says so', async () => {
    hosted.fail(new DaybookError('outbox_full'))
    expect((await post(BULK, [beat({ time: now() - 7200 })])).status).toBe(201)
    ahead = SETTLE_MS
    await expect.poll(() => hosted.bridge.health()).toMatchObject({ state: 'degraded', code: 'outbox_full' })
    hosted.fail(undefined)
    await expect.poll(() => hosted.kept.length).toBe(1)
    await expect.poll(() => hosted.bridge.health().state).toBe('ok')
  })

  test('is nothing that privacy denies, and nothing unclean', async () => {
    await restart({
      privacy: {
        allows: ({ path = '', url = '', app = '' }) => !/secret|bank|Signal/.test(path + url + app),
        clean: (facts) => JSON.parse(JSON.stringify(facts).replaceAll('hunter2', '[redacted]')),
      },
    })
    const denied = [
      beat({ entity: '/home/ada/secret/a.go' }),
      beat({ entity: 'https://bank.example/account', type: 'url' }),
      beat({ entity: 'bank.example', type: 'domain' }),
      beat({ entity: 'Signal', type: 'app' }),
    ]
    const unclean = [beat({ entity: '/home/ada/hunter2.txt', note: 'hunter2' }), { entity: 'hunter2', time: 'hunter2' }]
    const answer = await post(BULK, [...denied, ...unclean])
    expect(await faultOf({ url: BULK, body: [...denied, ...unclean] }, answer)).toBe('')
    expect(hosted.bridge.health().figures).toMatchObject({ private: 4, taken: 1, refused: 1 })
    await hosted.bridge.stop()
    const file = new DatabaseSync(`${folder}/wakatime-test.folder/heartbeats.sqlite`, { readOnly: true })
    const all = JSON.stringify([file.prepare('SELECT * FROM beats').all(), file.prepare('SELECT * FROM aside').all()])
    file.close()
    expect(all).toContain('[redacted]')
    expect(all).not.toMatch(/hunter2|secret|bank|Signal/)
  })

  test('goes when it is to be forgotten', async () => {
    const time = now() - 7200
    await post(BULK, [beat({ time }), beat({ time: time + 60, entity: '/home/ada/b.go' }), beat({ time: time + 3600 })])
    expect(hosted.bridge.forget({ entity: '/home/ada/b.go' })).toBe(1)
    expect(hosted.bridge.forget({ source: 'vim', since: (time + 3000) * 1000 })).toBe(1)
    expect(hosted.bridge.forget({})).toBe(1)
  })

  test('is less than keepDays old', async () => {
    await restart({ config: { keepDays: 2 } })
    await post(BULK, [beat({ time: now() - 5 * 86_400 }), beat()])
    ahead = 4 * 3_600_000
    await expect.poll(() => hosted.kept.length).toBe(2)
    ahead = 8 * 3_600_000
    await expect
      .poll(async () => ((await (await get('/users/current/projects')).json()) as { data: [] }).data)
      .toEqual([])
    const listed = async () =>
      (await (await get(`/users/current/durations?date=${dayOf(5)}`)).json()) as { data: unknown[] }
    await expect.poll(async () => (await listed()).data).toEqual([])
  })

  test('a file that is damaged is set aside; one that cannot be written makes clients queue', async () => {
    await hosted.bridge.stop()
    const path = `${folder}/wakatime-test.folder/heartbeats.sqlite`
    writeFileSync(path, 'no database at all, but long enough to be taken for one'.repeat(100))
    await begin()
    expect((await post(BULK, [beat()])).status).toBe(201)
    expect(() => openHeartbeatsFile(`${folder}/wakatime-test.folder`, clock)).toThrow(/Another Daybook/)
  })
})

function dayOf(back: number): string {
  return new Date(Date.now() - back * 86_400_000).toISOString().slice(0, 10)
}
