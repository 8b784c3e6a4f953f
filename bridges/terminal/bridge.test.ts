// The bridge over a real spool: what hooks write is told once, over restarts; and the past comes in once, whoever told it.
import { appendFileSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import { terminal } from '../terminal.ts'

const session = '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2'
const GONE = 4_194_304
const DAY = 86_400_000
let folder: string
let spool: string
let remove: () => Promise<void>
let open: Hosted[] = []
const later = { ms: 0 }
const clock = { ...wallClock, now: () => Date.now() + later.ms }

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  spool = join(folder, 'spool')
  mkdirSync(spool)
  later.ms = 0
})
afterEach(async () => {
  for (const { bridge } of open) await bridge.stop()
  open = []
  await remove()
})

async function start(config: object = {}): Promise<Hosted> {
  const hosted = host(terminal, folder, { config: { spool, ...config }, clock })
  open.push(hosted)
  await hosted.bridge.start()
  return hosted
}

function write(kind: 'begin' | 'end', n: number, more: Record<string, string | number>, pid = process.pid): string {
  const file = join(spool, `${pid}-${session}`)
  const fields = { kind, session, n, ...(kind === 'begin' && { pid, host: hostname(), cwd: '/tmp' }), ...more }
  appendFileSync(file, ['', 'daybook1', ...Object.entries(fields).map(([k, v]) => `${k}=${v}`), '.', ''].join('\0'))
  return file
}

const summaries = ({ kept }: Hosted) => kept.map(({ summary, phase }) => (phase ? `${summary} (${phase})` : summary))
const seconds = (ms: number) => (ms / 1000).toFixed(6)

test('what is written is told, then removed; half a record waits for its other half', async () => {
  const hosted = await start()
  const now = Date.now()
  write('begin', 1, { at: seconds(now), command: 'make', root: '/home/ada/thing', branch: 'main' })
  const file = write('end', 1, { exit: 2, until: seconds(now + 1_500) })
  await expect.poll(() => summaries(hosted)).toEqual(['make'])
  expect(hosted.kept[0]).toMatchObject({
    sessionId: session,
    duration: 1_500,
    timestamp: now,
    data: { exit_code: 2, project: 'thing', branch: 'main' },
  })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  appendFileSync(file, '\0daybook1\0kind=beg')
  await wallClock.sleep(60)
  appendFileSync(
    file,
    `in\0session=${session}\0n=2\0at=${seconds(now)}\0pid=${process.pid}\0host=${hostname()}\0command=ls\0.\0`,
  )
  write('end', 2, { exit: 0, ms: 3 })
  await expect.poll(() => summaries(hosted)).toEqual(['make', 'ls'])
  await wallClock.sleep(50)
  later.ms = 6_000
  await expect.poll(() => readdirSync(spool)[0], { timeout: 5_000 }).toMatch(/\.old$/)
  await wallClock.sleep(1_100)
  later.ms = 20_000
  await expect.poll(() => readdirSync(spool), { timeout: 10_000 }).toEqual([])
  expect(hosted.outbox().state.keys('spool/')).toEqual([])
})

test('killed before it has noted how far it read, it tells the same again, under the same ids', async () => {
  const hosted = await start()
  write('begin', 1, { at: seconds(Date.now()), command: 'make' })
  write('end', 1, { exit: 0, ms: 5 })
  await expect.poll(() => hosted.kept.length).toBe(1)
  await hosted.bridge.stop()
  const again = await start()
  const state = again.outbox().state
  await wallClock.sleep(50)
  expect(again.kept).toEqual([])
  for (const key of state.keys('spool/')) state.delete(key)
  write('begin', 2, { at: seconds(Date.now()), command: 'ls' })
  await expect.poll(() => again.kept.map(({ id }) => id)).toContain(hosted.kept[0]?.id)
})

test('an outbox that is full loses nothing', async () => {
  const hosted = await start()
  hosted.fail(new DaybookError('outbox_full'))
  write('begin', 1, { at: seconds(Date.now()), command: 'make' })
  write('end', 1, { exit: 0, ms: 5 })
  await expect.poll(() => hosted.bridge.health().state).toBe('degraded')
  hosted.fail(undefined)
  await expect.poll(() => summaries(hosted), { timeout: 5_000 }).toEqual(['make'])
  expect(hosted.bridge.health().state).toBe('ok')
})

test('a long command over a restart, and one whose shell is gone', async () => {
  const now = Date.now()
  write('begin', 1, { at: seconds(now - 61_000), command: 'ssh nas' })
  const first = await start()
  await expect.poll(() => summaries(first)).toEqual(['ssh nas (start)'])
  await first.bridge.stop()
  write('end', 1, { exit: 0, until: seconds(now) })
  write('begin', 1, { at: seconds(now), command: 'exit', session: 'ffffffff-gone' }, GONE)
  const second = await start()
  await expect.poll(() => summaries(second).sort(), { timeout: 5_000 }).toEqual(['exit', 'ssh nas (end)'])
  const [start1] = first.kept
  expect(second.kept.find(({ phase }) => phase === 'end')).toMatchObject({
    activityId: start1?.activityId,
    duration: 61_000,
  })
})

test('what is ignored by the configuration, or while paused, is told never', async () => {
  const hosted = await start({ ignore: { commands: ['pass *'], directories: ['/secret'] } })
  const now = Date.now()
  write('begin', 1, { at: seconds(now), command: 'pass show x' })
  write('begin', 2, { at: seconds(now), command: 'ls', cwd: '/secret/a' })
  write('begin', 3, { at: seconds(now), command: 'true' })
  write('end', 3, { exit: 0, ms: 1 })
  await expect.poll(() => summaries(hosted)).toEqual(['true'])
  hosted.bridge.pause(true)
  write('begin', 4, { at: seconds(Date.now()), command: 'hush' })
  write('end', 4, { exit: 0, ms: 1 })
  await expect.poll(() => hosted.bridge.health().figures?.files).toBe(1)
  await wallClock.sleep(1_200)
  hosted.bridge.pause(false)
  write('begin', 5, { at: seconds(Date.now() + 5), command: 'again' })
  write('end', 5, { exit: 0, ms: 1 })
  await expect.poll(() => summaries(hosted), { timeout: 5_000 }).toEqual(['true', 'again'])
})

const range = { since: 0, until: Number.MAX_SAFE_INTEGER }
const none = new AbortController().signal

test('the past comes in once, whoever tells it, and however often', async () => {
  const hosted = await start()
  const at = Math.floor(Date.now() / 1000) * 1000 - DAY
  write('begin', 1, { at: seconds(at + 400), command: 'git  status' })
  write('end', 1, { exit: 0, ms: 5 })
  await expect.poll(() => hosted.kept.length).toBe(1)

  const db = new DatabaseSync(join(folder, 'history.db'))
  db.exec('PRAGMA journal_mode = WAL')
  db.exec(
    'CREATE TABLE history (id TEXT PRIMARY KEY, timestamp INTEGER NOT NULL, duration INTEGER NOT NULL, exit INTEGER NOT NULL, command TEXT NOT NULL, cwd TEXT NOT NULL, session TEXT NOT NULL, hostname TEXT NOT NULL, deleted_at INTEGER, author TEXT, intent TEXT)',
  )
  const add = db.prepare('INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)')
  const ns = (ms: number) => BigInt(ms) * 1_000_000n + 123n
  const row = (
    id: string,
    ms: number,
    command: string,
    more: { took?: number; deleted?: number; author?: string } = {},
  ) =>
    add.run(
      id,
      ns(ms),
      BigInt(more.took ?? 5_000_000),
      0,
      command,
      '/work',
      's1',
      'nas:ada',
      more.deleted ?? null,
      more.author ?? 'ada',
    )
  row('a1', at + 450, 'git status')
  row('a2', at + 60_000, 'make')
  row('a3', at + 61_000, 'make secret', { deleted: 1 })
  row('a4', at + 62_000, 'npm test', { author: 'claude-code' })
  row('a5', Date.now() - 60_000, 'still running', { took: -1 })
  writeFileSync(join(folder, 'zsh'), `: ${at / 1000 + 60}:2;make\n: ${at / 1000 + 70}:0;ls\n: ${at / 1000 + 70}:0;ls\n`)

  const bring = async (file: string, from = join(folder, file)) => {
    const before = hosted.kept.length
    let read = 0
    await hosted.bridge.import({ ...range, from }, (p) => (read = p.read), none)
    return { read, ids: hosted.kept.slice(before).map(({ id }) => id) }
  }
  const atuin = await bring('history.db')
  expect(hosted.kept.slice(1).map(({ summary, data }) => [summary, data?.host, data?.author])).toEqual([
    ['make', 'nas', undefined],
    ['npm test', 'nas', 'agent'],
  ])
  expect(await bring('history.db')).toEqual(atuin)
  row('a6', at + 80_000, 'while it writes')
  expect((await bring('history.db')).ids).toHaveLength(3)
  const zsh = await bring('zsh')
  expect(new Set(zsh.ids).size).toBe(2)
  expect(hosted.kept.slice(-2).map(({ summary }) => summary)).toEqual(['ls', 'ls'])
  expect(await bring('zsh')).toEqual(zsh)
  db.close()
})

test('a past that cannot be brought in says why', async () => {
  const hosted = await start()
  writeFileSync(join(folder, 'plain'), 'ls\ncd\n')
  new DatabaseSync(join(folder, 'other.db')).exec('CREATE TABLE history (id TEXT)')
  const bring = (from?: string) => hosted.bridge.import({ ...range, from }, () => {}, none)
  await expect(bring(join(folder, 'plain'))).rejects.toThrow(/none of its 2 commands.*HISTTIMEFORMAT/)
  await expect(bring(join(folder, 'other.db'))).rejects.toThrow(/no history of Atuin/)
  await expect(bring(join(folder, 'nothing'))).rejects.toThrow(/is not there/)
  await expect(bring()).rejects.toThrow(/none is known here/)
  expect(existsSync(join(folder, 'other.db'))).toBe(true)
})

test('what is to be forgotten is not recognised any more', async () => {
  const hosted = await start()
  const at = Date.now() - DAY
  write('begin', 1, { at: seconds(at), command: 'make' })
  write('end', 1, { exit: 0, ms: 5 })
  await expect.poll(() => hosted.kept.length).toBe(1)
  expect(hosted.bridge.forget({ source: 'browser' })).toBe(0)
  expect(hosted.bridge.forget({ since: at - 5, until: at })).toBe(0)
  expect(hosted.bridge.forget({ since: at - 5, until: at + 5 })).toBe(1)
  expect(hosted.outbox().state.keys('known/')).toEqual([])
})
