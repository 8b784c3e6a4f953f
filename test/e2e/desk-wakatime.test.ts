// A started Daybook as the server of WakaTime's clients: what wakatime-cli sent is answered so that it is content, kept over
// kill -9 and without a database, told once on the bus and in the rows, and connected and taken back by one command. The
// real client takes part where WAKATIME_CLI names it. Not for: every form of a request (bridges/wakatime/bridge.test.ts).
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import pino from 'pino'
import { expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { embeddedPostgres } from '../../storage/postgres/server/server.ts'
import type { House } from '../house.ts'
import { journey } from '../journey.ts'
import { faultOf, type Recorded, readRecorded } from '../wakatime/judge.ts'

const run = promisify(execFile)
const REPLAY = resolve('../shared/rigs/wakatime/replay.mjs')
const CLI = process.env.WAKATIME_CLI
const SETTLE_MS = 60_000
if (!CLI)
  console.warn('no registry has wakatime-cli: without WAKATIME_CLI=/path/to/it, its recorded requests stand for it')
const BULK = '/users/current/heartbeats.bulk'

test('what the real client sent is answered as it wants, kept over kill -9, and told once', async () => {
  await using here = await journey()
  const first = await here.start()
  const { url, key } = await serverOf(first)
  const recorded = readRecorded(await readFile('test/wakatime/recorded/requests.jsonl', 'utf8'))
  for (const request of recorded) expect(await faultOf(request, await play(request, url, key))).toBe('')
  if (existsSync(REPLAY)) {
    const { stdout } = await run(process.execPath, [REPLAY, url, '--key', key])
    expect(stdout.match(/^ok /gm)).toHaveLength(5)
  } else console.warn('the rig beside the checkout is not here: judged by test/wakatime/judge.ts alone')
  // Nothing has been told yet: all of it is on disk alone.
  await first.kill()

  const house = await here.start()
  expect(await serverOf(house)).toEqual({ url, key })
  await using bus = await listening(house)
  // Told after the bus is listened to, however long the start took.
  const heard = [{ entity: '/home/user/project/heard.go', type: 'file', time: Date.now() / 1000 - 7200 }]
  await play({ method: 'POST', url: BULK, headers: {}, body: heard }, url, key)
  const sent = recorded.flatMap(({ url: path, body }) => (path.endsWith('.bulk') ? (body as { time: number }[]) : []))
  const ends = await until(house, (rows) => sumOf(rows) === new Set(sent.map((beat) => JSON.stringify(beat))).size + 1)
  expect(
    ends.map(({ source, eventType, summary }) => `${source} ${eventType} ${summary}`).toSorted(),
  ).toMatchInlineSnapshot(`
    [
      "browser visit Visited example.org",
      "editor edit Edited heard.go",
      "editor edit Edited main.go in project (master)",
      "vim edit Edited main.go in project (master)",
      "vscode edit Edited main.go in project (master)",
      "window focus Used Slack",
    ]
  `)
  const ids = ends.map(({ id }) => id)
  const last = ends.find(({ summary }) => summary === 'Edited heard.go')?.id
  await expect.poll(() => bus.ids(), { timeout: SETTLE_MS }).toContain(last)
  expect(bus.ids().filter((id) => !ids.includes(id))).toEqual([])

  for (const request of recorded) expect(await faultOf(request, await play(request, url, key))).toBe('')
  const { items } = (await (await house.api('/api/v1/sources')).json()) as {
    items: { name: string; figures: object }[]
  }
  expect(items.find(({ name }) => name === 'wakatime')?.figures).toMatchObject({ taken: 1, known: sent.length })
  expect(await house.stop()).toBe(0)
})

test('a client is answered while the database is away, and what it sent comes when it is back', async () => {
  await using here = await journey()
  await using cleanup = new AsyncDisposableStack()
  const elsewhere = { data: join(here.folder, 'elsewhere'), port: 0, password: 'secret', clock: wallClock }
  const database = embeddedPostgres({ ...elsewhere, log: pino({ level: 'silent' }) })
  await database.start()
  cleanup.defer(() => database.stop())
  const house = await here.start({ env: { DAYBOOK__DATABASE__URL: database.url() } })
  const { url, key } = await serverOf(house)
  await database.stop()
  const page = await fetch(`${url}${BULK}`, { method: 'POST', body: '[]', headers: { origin: 'https://evil.example' } })
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([401, null])
  const time = Date.now() / 1000 - 7200
  const beats = [0, 60, 120].map((later) => ({
    entity: '/home/ada/a.go',
    type: 'file',
    project: 'shop',
    time: time + later,
  }))
  const request = { method: 'POST', url: BULK, headers: { 'x-machine-name': 'laptop' }, body: beats }
  expect(await faultOf(request, await play(request, url, key))).toBe('')
  const sum = await fetch(`${url}/users/current/all_time_since_today?api_key=${key}`)
  expect(await sum.json()).toMatchObject({ data: { text: '2 mins' } })
  await database.start()
  const [end] = await until(house, (rows) => sumOf(rows) === 3)
  expect(end).toMatchObject({
    duration: 120_000,
    details: { file: '/home/ada/a.go', machine: 'laptop', heartbeats: 3 },
  })
  expect(await house.stop()).toBe(0)
})

test('one command connects, sees a real heartbeat, and takes all of it back', async () => {
  await using here = await journey()
  const house = await here.start()
  const home = join(here.folder, 'home')
  await mkdir(home)
  const config = join(home, '.wakatime.cfg')
  const before = '[settings]\ndebug = false\napi_key = waka_11111111-1111-4111-8111-111111111111\n'
  await writeFile(config, before)
  if (CLI) {
    await mkdir(join(home, '.wakatime'))
    await run('ln', ['-s', resolve(CLI), join(home, '.wakatime/wakatime-cli')])
  }
  const env = { HOME: home, XDG_STATE_HOME: '', XDG_DATA_HOME: '', XDG_CONFIG_HOME: '', WAKATIME_HOME: '' }
  const daybook = async (...words: string[]) =>
    (
      await run(process.execPath, ['bin/daybook.js', ...words], {
        env: { ...process.env, DAYBOOK__DATA: here.data, ...env },
      })
    ).stdout
  const told = JSON.parse(await daybook('connect', 'wakatime', '--yes', '--json')) as Record<string, unknown>
  expect(told).toMatchObject({ source: 'wakatime', event: { source: 'window', eventType: 'focus' } })
  expect(await readFile(config, 'utf8')).toContain((await serverOf(house)).url)
  await daybook('disconnect', 'wakatime')
  expect(await readFile(config, 'utf8')).toBe(before)
  expect(await house.stop()).toBe(0)
})

test.skipIf(!CLI)('the real client: online, queued while the house is away, synced when it is back', async () => {
  await using here = await journey()
  const first = await here.start()
  const { url, key } = await serverOf(first)
  const home = join(here.folder, 'home')
  await mkdir(join(home, 'project'), { recursive: true })
  const file = join(home, 'project/main.go')
  await writeFile(file, 'package main\n')
  const common = [
    '--api-url',
    url,
    '--key',
    key,
    '--config',
    join(home, '.wakatime.cfg'),
    '--plugin',
    'vim/9 vim-wakatime/11',
  ]
  const env = { PATH: '/usr/bin:/bin', HOME: home, WAKATIME_HOME: home }
  const call = async (...args: string[]) =>
    run(CLI ?? '', [...common, ...args], { env, timeout: 60_000 }).then(
      ({ stdout }) => ({ code: 0, stdout: stdout.trim() }),
      (error) => ({ code: error.code as number, stdout: String(error.stdout).trim() }),
    )
  const beat = (back: number) => call('--entity', file, '--time', String(Date.now() / 1000 - back), '--write')
  const queued = async () => (await call('--offline-count')).stdout

  expect(await beat(9000)).toMatchObject({ code: 0 })
  expect(await queued()).toBe('0')
  await first.kill()
  for (let back = 8000; back > 7700; back -= 60) expect((await beat(back)).code).not.toBe(0)
  expect(await queued()).toBe('5')
  const house = await here.start()
  // It backs off after a failure, which is written down in its own file.
  await writeFile(join(home, 'wakatime-internal.cfg'), '')
  expect(await call('--sync-offline-activity', '100')).toMatchObject({ code: 0 })
  expect(await queued()).toBe('0')
  const ends = await until(house, (rows) => sumOf(rows) === 6)
  expect(ends.map(({ source, duration }) => [source, Math.round((duration ?? 0) / 1000)])).toEqual([
    ['vim', 0],
    ['vim', 240],
  ])
  expect((await call('--today')).stdout).toMatch(/min|sec/)
  expect(await house.stop()).toBe(0)
})

async function serverOf(house: House): Promise<{ url: string; key: string }> {
  const source = (await (await house.api('/api/v1/sources/wakatime')).json()) as { urls: string[]; key: string }
  return { url: source.urls[0] ?? '', key: source.key }
}

async function play({ method, url: path, headers, body }: Recorded, url: string, key: string): Promise<Response> {
  const { host: _, 'content-length': __, 'accept-encoding': ___, ...rest } = headers
  return fetch(url + path.replace('/api/v1', ''), {
    method,
    headers: { ...rest, authorization: `Basic ${Buffer.from(key).toString('base64')}` },
    ...(body !== '' && { body: JSON.stringify(body) }),
  })
}

/** Everything that the bridge has told to be over, once it is so. */
async function until(house: House, holds: (ends: ActivityEvent[]) => boolean): Promise<ActivityEvent[]> {
  let ends: ActivityEvent[] = []
  const read = async () => {
    const { items = [] } = (await (await house.api('/api/v1/activities?limit=1000&order=asc')).json()) as {
      items: ActivityEvent[]
    }
    ends = items.filter(({ producer, phase }) => producer?.startsWith('wakatime-') && phase === 'end')
    return holds(ends)
  }
  await expect.poll(read, { timeout: SETTLE_MS, interval: 500 }).toBe(true)
  return ends
}

/** How many heartbeats these are made of. */
function sumOf(ends: readonly ActivityEvent[]): number {
  return ends.reduce((sum, { details }) => sum + Number(details?.heartbeats ?? 0), 0)
}

async function listening(house: House): Promise<AsyncDisposable & { ids(): string[] }> {
  const { username, password } = house.credentials.mqtt
  const client = await connectAsync(house.ready.mqtt.url, { username, password })
  const ids: string[] = []
  client.on('message', (_, payload) => {
    const { id, phase } = JSON.parse(payload.toString()) as { id: string; phase?: string }
    if (phase === 'end') ids.push(id)
  })
  await client.subscribeAsync(topicsUnder('daybook').activities, { qos: 1 })
  return { ids: () => ids, [Symbol.asyncDispose]: () => client.endAsync() }
}
