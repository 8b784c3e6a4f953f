// The file under the buckets when disks, crashes and other processes have their way with it. Real files and processes.
import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import type { Buckets } from './buckets.ts'
import { openBuckets } from './open.ts'

const bucket = { id: 'b', type: 't', client: 'c', hostname: 'h' }
const title = 'a title that nobody shall find again'
let folder: string
let file: string
let open: Buckets[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'buckets-file-'))
  file = join(folder, 'buckets.db')
  open = []
})

afterEach(async () => {
  for (const buckets of open) await buckets.close()
  rmSync(folder, { recursive: true })
})

function make(): Buckets {
  const buckets = openBuckets(file, { clock: wallClock, log: pino({ level: 'silent' }) })
  open.push(buckets)
  return buckets
}

/** A process that sends heartbeats in groups of eight, says which were acknowledged, and why it ended if it did. */
const writer = `
  import { writeSync } from 'node:fs'
  import pino from 'pino'
  import { wallClock } from '${join(import.meta.dirname, '../../../component.ts')}'
  import { openBuckets } from '${join(import.meta.dirname, 'open.ts')}'
  const buckets = openBuckets(process.argv[1], { clock: wallClock, log: pino({ level: 'silent' }) })
  await buckets.create({ id: 'b', type: 't', client: 'c', hostname: 'h' })
  const text = 'x'.repeat(400)
  const beat = async (i) => {
    const draft = { start: i * 1e6, duration: 0, data: { event: Math.floor(i / 3), text } }
    const { id, duration } = await buckets.heartbeat('b', draft, 5e6)
    writeSync(1, JSON.stringify([i, id, duration]) + '\\n')
  }
  for (let n = 0, code; !code; n += 8) {
    const group = Array.from({ length: 8 }, (_, at) => beat(n + at).catch((error) => (code = error.code)))
    await Promise.all(group)
    if (code) writeSync(1, JSON.stringify(code))
  }
  await buckets.close()
`
const nodeArguments = () => ['--input-type=module', '-e', writer, file]

type Acknowledged = [heartbeat: number, id: number, duration: number]

function acknowledgedIn(said: string): Acknowledged[] {
  return said
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

function expectKept(acknowledged: readonly Acknowledged[]): void {
  const buckets = make()
  for (const [i, id, duration] of acknowledged) {
    const event = buckets.event('b', id)
    expect(event?.data.event, `heartbeat ${i}`).toBe(Math.floor(i / 3))
    expect(event?.duration).toBeGreaterThanOrEqual(duration)
  }
  const changed = buckets.changedSince(0, 1_000_000)
  const ids = changed.map(({ event }) => event.id).toSorted((a, b) => b - a)
  expect(ids).toEqual(buckets.events('b').map(({ id }) => id))
  expect(changed.at(-1)?.change).toBe(buckets.cursor())
}

test('every heartbeat that was acknowledged is there after kill -9, and found as changed', async () => {
  const child = spawn(process.execPath, nodeArguments())
  let said = ''
  for await (const chunk of child.stdout) {
    said += chunk
    if (said.split('\n').length > 300) child.kill('SIGKILL')
  }
  const acknowledged = acknowledgedIn(said)
  expect(acknowledged.length).toBeGreaterThan(200)
  expectKept(acknowledged)
})

test('a disk that takes no more refuses clearly, and keeps what it took', async () => {
  const limited = ['-c', 'ulimit -f 1000; exec "$@"', 'sh', process.execPath, ...nodeArguments()]
  const { stdout } = await promisify(execFile)('sh', limited)
  const acknowledged = acknowledgedIn(stdout)
  expect(acknowledged.length).toBeGreaterThan(50)
  expect(stdout.split('\n').at(-1)).toBe('"data_unwritable"')
  expectKept(acknowledged)
})

test('a second process on the file is refused', () => {
  make()
  expect(make).toThrow(expect.objectContaining({ code: 'already_running' }))
})

test('the file and what stands beside it are for nobody else, and nothing stands beside it after closing', async () => {
  const buckets = make()
  await buckets.create(bucket)
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0)
  await buckets.close()
  expect(readdirSync(folder)).toEqual(['buckets.db'])
})

test('a damaged file is set aside, and a new one begins', async () => {
  writeFileSync(file, 'no database at all, '.repeat(1000))
  const buckets = make()
  expect(buckets.setAside).toMatch(/buckets\.db\.damaged-\d+$/)
  expect(readFileSync(buckets.setAside as string, 'utf8')).toContain('no database')
  expect(await buckets.create(bucket)).toBe(true)
})

test('the database of something else is not touched', () => {
  const other = new DatabaseSync(file)
  other.exec('CREATE TABLE theirs (x)')
  other.close()
  expect(make).toThrow(expect.objectContaining({ code: 'data_unwritable' }))
})

test.each([
  ['forgotten', (buckets: Buckets) => buckets.forget({})],
  ['deleted', (buckets: Buckets) => buckets.deleteEvent('b', 1)],
  ['dropped with its bucket', (buckets: Buckets) => buckets.delete('b')],
])('what was %s is nowhere in the files any more', async (_, forget) => {
  const buckets = make()
  await buckets.create(bucket)
  await buckets.heartbeat('b', { start: 0, duration: 0, data: { title } }, 1)
  const found = () => readdirSync(folder).some((name) => readFileSync(join(folder, name)).includes(title))
  expect(found()).toBe(true)
  await forget(buckets)
  expect(found()).toBe(false)
})
