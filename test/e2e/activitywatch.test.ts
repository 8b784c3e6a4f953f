// ActivityWatch's own clients on our server, unmodified: PyPI's aw-client and its command line, npm's aw-client, and,
// where the recordings lie beside the checkout, every answer of a real aw-server. Not for: the events that the bridge
// makes of it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differences } from '../activitywatch/differences.ts'
import { npmClient } from '../activitywatch/npm-client.ts'
import { startServer, type TestServer } from '../activitywatch/server.ts'
import { installed } from '../pypi.ts'

const run = promisify(execFile)
const beside = resolve(import.meta.dirname, '../../../shared')
const rig = join(beside, 'rigs/activitywatch')
const hasRig = existsSync(join(rig, 'differential.py'))
if (!hasRig)
  console.warn('skipped: the recorded answers of a real aw-server: ../shared/rigs is not beside the checkout')
/** A checkout of ActivityWatch/aw-client-js; its tests insist on the port 5666. */
const suite = process.env.AW_CLIENT_JS_TESTS
if (hasRig && !suite) console.warn("skipped: aw-client-js's own tests: AW_CLIENT_JS_TESTS names no checkout of it")

const python = await installed({ title: 'aw-client', wheel: 'aw-client', version: '0.5.15', program: 'aw-client' })
const noPython = typeof python === 'string' ? null : python.missing
const npm = await npmClient()
const noNpm = 'missing' in npm ? npm.missing : null
for (const reason of [noPython, noNpm]) if (reason) console.warn(`skipped: ${reason}`)

const at = (seconds: number) => new Date(Date.UTC(2024, 2, 1, 12) + seconds * 1000)
let server: TestServer
let folder: string
beforeAll(async () => {
  server = await startServer()
  folder = await mkdtemp(join(tmpdir(), 'aw-clients-'))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

describe.skipIf(!hasRig)('a real aw-server', () => {
  const differential = join(rig, 'differential.py')
  test('was recorded with the same answers, but for those that are explained', async () => {
    const { stdout } = await run('python3', [differential, server.url], { maxBuffer: 1 << 26 })
    const ours = join(folder, 'ours.json')
    await writeFile(ours, stdout)
    const compare = ['--compare', join(rig, 'reference-peewee.json'), ours]
    const compared = await run('python3', [differential, ...compare]).catch((error) => error)
    const said: string = compared.stdout
    const found = [...said.matchAll(/^≠ (.+?) {2}\[/gm)].map(([, step]) => step as string)
    expect(found.toSorted(), said).toEqual(Object.keys(differences).toSorted())
    expect(said).toContain(`152 steps, ${found.length} differ`)
  })

  test('is what its clients think they speak to', async () => {
    // The rig's folder of installed clients is kept, as our own caches are.
    const env = { ...process.env, RIG_DIR: resolve(import.meta.dirname, '../../node_modules/.cache/activitywatch-rig') }
    await run(join(rig, 'install-clients.sh'), [], { env })
    const words = [String(server.port), 'py-api', 'py-cli', 'js-api']
    const { stdout } = await run(join(rig, 'clients.sh'), words, { env }).catch((error) => error)
    const lines = stdout.trim().split('\n')
    expect(lines.filter((line: string) => !/^(== | *ok )/.test(line))).toEqual([])
    expect(lines.filter((line: string) => line.includes('ok ')).length).toBeGreaterThanOrEqual(25)
  })

  test.skipIf(!suite)("passes aw-client-js's own tests, and so do we", async () => {
    await using other = await startServer(5666)
    const env = { ...process.env, RIG_DIR: resolve(import.meta.dirname, '../../node_modules/.cache/activitywatch-rig') }
    await run(join(rig, 'install-clients.sh'), [], { env })
    const { stdout } = await run(join(rig, 'clients.sh'), [String(other.port), `js-tests=${suite}`], { env })
    expect(stdout).toMatch(/\d+ passing[\s\S]*ok {4}js-tests/)
    expect(stdout).not.toContain('failing')
  })

  test('wrote exports that are imported whole, and again without doubling anything', async () => {
    for (const name of ['export-desktop.json', 'export-android.json']) {
      const text = await readFile(join(beside, 'fixtures/activitywatch', name), 'utf8')
      const buckets = Object.entries<{ id: string; events: object[] }>(JSON.parse(text).buckets)
      for (let again = 0; again < 2; again++) {
        const headers = { 'content-type': 'application/json' }
        const answer = await fetch(`${server.url}/api/0/import`, { method: 'POST', headers, body: text })
        expect([answer.status, await answer.text()]).toEqual([200, 'null'])
        for (const [, { id, events }] of buckets) {
          const alike = new Set(events.map((event) => JSON.stringify({ ...event, id: undefined })))
          expect(server.buckets.count(id), id).toBe(alike.size)
        }
      }
    }
  })
})

describe.skipIf(noPython)("PyPI's aw-client", () => {
  const client = () => (typeof python === 'string' ? python : '')
  const env = () => ({ PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8' })

  test('queues heartbeats, reads, counts, queries and deletes', async () => {
    const script = `
import sys, time
from datetime import datetime, timedelta, timezone
from aw_client import ActivityWatchClient
from aw_core.models import Event
client = ActivityWatchClient("journey", testing=True, host="127.0.0.1", port=int(sys.argv[1]))
start = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
event = lambda at, duration=0, **data: Event(timestamp=start + timedelta(seconds=at), duration=duration, data=data)
assert client.get_info()["testing"] is True
client.create_bucket("python", "test"); client.create_bucket("python", "test")
for at in range(0, 10): client.heartbeat("python", event(at, a=1), pulsetime=2)
client.insert_events("python", [event(100, 10, a=2), event(200, 10, a=3)])
assert [(e.duration.total_seconds(), e.data["a"]) for e in client.get_events("python")] == [(10.0, 3), (10.0, 2), (9.0, 1)]
assert client.get_eventcount("python", start=start + timedelta(seconds=105)) == 2
assert client.query('RETURN = sum_durations(query_bucket("python"));', [(start, start + timedelta(hours=1))]) == [29.0]
first = client.get_events("python", limit=1)[0]
client.delete_event("python", first.id)
exported = client.export_bucket("python")
client.delete_bucket("python", force=True)
client.import_bucket(exported["buckets"]["python"])
assert client.get_eventcount("python") == 2
client.create_bucket("queued", "test", queued=True)
with client:
    for at in range(0, 5): client.heartbeat("queued", event(at, q=1), pulsetime=5, queued=True, commit_interval=0)
    client.heartbeat("queued", event(60, q=2), pulsetime=5, queued=True, commit_interval=0)
    for _ in range(100):
        time.sleep(0.1)
        if "queued" in client.get_buckets() and client.get_eventcount("queued") >= 1: break
assert [e.duration.total_seconds() for e in client.get_events("queued")][-1] == 4.0
print("done")
`
    const { stdout } = await run(join(dirname(client()), 'python'), ['-c', script, String(server.port)], { env: env() })
    expect(stdout.trim()).toBe('done')
    expect(server.buckets.events('python').map(({ data }) => data.a)).toEqual([2, 1])
  })

  test('lists buckets and events on its command line', async () => {
    await server.buckets.create({ id: 'cli', type: 'test', client: 'journey', hostname: 'desk' })
    const cli = (...words: string[]) =>
      run(client(), ['--host', '127.0.0.1', '--port', String(server.port), ...words], { env: env() })
    await cli('heartbeat', 'cli', '{"k": 1}')
    expect((await cli('buckets')).stdout).toContain('cli')
    expect((await cli('events', 'cli')).stdout).toContain("'k': 1")
  })

  test('reports what a person did on its command line', async () => {
    const cli = (...words: string[]) =>
      run(client(), ['--host', '127.0.0.1', '--port', String(server.port), ...words], { env: env() })
    const ago = (minutes: number) => ({ timestamp: new Date(Date.now() - minutes * 60_000).toISOString() })
    const seen: [watcher: string, type: string, events: object[]][] = [
      [
        'window',
        'currentwindow',
        [
          { ...ago(60), duration: 1200, data: { app: 'Chromium', title: 'Issues - GitHub' } },
          { ...ago(40), duration: 1800, data: { app: 'Code', title: 'app.ts' } },
        ],
      ],
      // Away for the last ten minutes of the second window.
      ['afk', 'afkstatus', [{ ...ago(60), duration: 2400, data: { status: 'not-afk' } }]],
    ]
    for (const [watcher, type, events] of seen) {
      const id = `aw-watcher-${watcher}_reported`
      await server.buckets.create({ id, type, client: `aw-watcher-${watcher}`, hostname: 'reported' })
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(events) }
      expect((await fetch(`${server.url}/api/0/buckets/${id}/events`, init)).status).toBe(200)
    }
    const { stdout } = await cli('report', 'reported')
    expect(stdout).toMatch(/0:20:00 +Work > Programming/)
    expect(stdout).toMatch(/0:20:00 +app\.ts/)
    expect(stdout).toMatch(/Total duration:\s+0:40:00/)
    expect((await cli('canonical', 'reported')).stdout).toMatch(/0:20:00 +\[Chromium\] Issues - GitHub/)
  })
})

test.skipIf(noNpm)("npm's aw-client does all that it can", async () => {
  if ('missing' in npm) return
  const client = new npm.AWClient('journey', { testing: true, baseURL: server.url })
  expect(await client.getInfo()).toMatchObject({ hostname: 'desk' })
  expect(await client.ensureBucket('js', 'test', 'desk')).toEqual({ alreadyExist: false })
  expect(await client.ensureBucket('js', 'test', 'desk')).toEqual({ alreadyExist: true })
  expect((await client.getBucketInfo('js')).created.getTime()).toBeGreaterThan(Date.now() - 60_000)
  for (const seconds of [0, 5, 9])
    await client.heartbeat('js', 6, { timestamp: at(seconds), duration: 0, data: { a: 1 } })
  expect(await client.getEvents('js')).toMatchObject([{ timestamp: at(0), duration: 9, data: { a: 1 } }])
  await client.insertEvents(
    'js',
    [1, 2, 3].map((i) => ({ timestamp: at(100 * i), duration: 10, data: { i } })),
  )
  expect((await client.getEvents('js', { limit: 2 })).map(({ data }) => data.i)).toEqual([3, 2])
  expect(await client.getEvents('js', { start: at(150), end: at(205) })).toMatchObject([{ duration: 5.001 }])
  const [last] = await client.getEvents('js', { limit: 1 })
  await client.replaceEvent('js', { ...(last as NonNullable<typeof last>), data: { i: 33 } })
  expect((await client.getEvent('js', last?.id as number)).data).toEqual({ i: 33 })
  await client.deleteEvent('js', last?.id as number)
  expect(await client.countEvents('js')).toBe(3)
  const lines = ['RETURN = sort_by_timestamp(query_bucket("js"));']
  expect(await client.query([{ start: at(0), end: at(1000) }], lines)).toMatchObject([[{ duration: 9 }, {}, {}]])
  await client.deleteBucket('js')
  expect(Object.keys(await client.getBuckets())).not.toContain('js')
})
