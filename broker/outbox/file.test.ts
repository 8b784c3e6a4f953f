// The file under an outbox when disks, crashes and other processes have their way with it. Real files, real processes.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { randomIds } from '../../component.ts'
import { DaybookError, type ErrorCode } from '../../schemas/errors.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { LedgerModel } from './outbox.model.ts'
import { type Outbox, openOutbox } from './outbox.ts'
import { ManualClock, World } from './outbox.world.ts'

const topics = topicsUnder('daybook')
let folder: string
let file: string
let clock: ManualClock
let world: World
let open: Outbox[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'outbox-file-'))
  file = join(folder, 'outbox.db')
  clock = new ManualClock()
  world = new World(clock, topics, 'p')
  open = []
})

afterEach(async () => {
  for (const outbox of open) await end(outbox)
  rmSync(folder, { recursive: true })
})

function make(producer = 'p', path = file): Outbox {
  const transport = world.connect()
  const outbox = openOutbox({ file: path, producer, source: 's', topics, transport, clock, ids: randomIds })
  open.push(outbox)
  return outbox
}

async function end(outbox: Outbox): Promise<void> {
  const stopped = outbox.stop()
  await clock.advance(3_000)
  await stopped
}

function codeOf(work: () => unknown): ErrorCode | undefined {
  try {
    work()
  } catch (error) {
    if (error instanceof DaybookError) return error.code
    throw error
  }
  return undefined
}

const events = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: `e${index + 1}`,
    source: 's',
    type: 't',
    summary: 'x',
    timestamp: 1,
  }))

function ledgerUpTo(epoch: string, seq: number): LedgerModel {
  const ledger = new LedgerModel()
  for (let n = 1; n <= seq; n++) ledger.receive({ id: `before-${n}`, epoch, seq: n })
  return ledger
}

/** Does something to the closed file behind the outbox's back. */
function tamper(sql: string): void {
  const db = new DatabaseSync(file)
  db.exec(sql)
  db.close()
}

/** A process that appends one event after the other and says so each time, until something ends it. */
const appender = `
  import { openOutbox } from '${join(import.meta.dirname, 'outbox.ts')}'
  import { randomIds, wallClock } from '${join(import.meta.dirname, '../../component.ts')}'
  import { topicsUnder } from '${join(import.meta.dirname, '../../schemas/topics.ts')}'
  const transport = { publish: async () => {}, subscribe: async () => () => {} }
  const about = { producer: 'p', source: 's', topics: topicsUnder('daybook'), transport, clock: wallClock, ids: randomIds }
  const outbox = openOutbox({ file: process.argv[1], ...about })
  const summary = 'x'.repeat(400)
  for (let n = 1; ; n++) {
    try {
      outbox.append([{ id: 'e' + n, source: 's', type: 't', summary, timestamp: 1 }])
    } catch (error) {
      console.log('refused', error.code, outbox.depth)
      break
    }
    console.log(n)
  }
  await outbox.stop()
`
const nodeArguments = () => ['--input-type=module', '-e', appender, file]

test('the file and what stands beside it can be read by its owner only', async () => {
  const outbox = make()
  outbox.append(events(1))
  for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o077, name).toBe(0)
  await end(outbox)
  expect(readdirSync(folder)).toEqual(['outbox.db'])
})

test('what was appended is there after kill -9, and the lock is free', async () => {
  const child = spawn(process.execPath, nodeArguments())
  let said = ''
  for await (const chunk of child.stdout) {
    said += chunk
    if (said.split('\n').length > 30) child.kill('SIGKILL')
  }
  const appended = said.trim().split('\n').length
  const outbox = make()
  expect(outbox.depth).toBeGreaterThanOrEqual(appended)
  expect(outbox.depth).toBeLessThanOrEqual(appended + 1)
  await outbox.start()
  await clock.advance(60_000)
  expect(world.ledger.stored.size).toBeGreaterThanOrEqual(appended)
  expect(outbox.depth).toBe(0)
})

test('a second process on the file is refused', async () => {
  make()
  const { stderr } = await promisify(execFile)(process.execPath, nodeArguments()).catch((error) => error)
  expect(stderr).toContain('already_running')
  expect(codeOf(() => make())).toBe('already_running')
})

test('a disk that takes no more refuses clearly, and keeps whole what it took', async () => {
  const limited = ['-c', 'ulimit -f 300; exec "$@"', 'sh', process.execPath, ...nodeArguments()]
  const { stdout } = await promisify(execFile)('sh', limited)
  const lines = stdout.trim().split('\n')
  const appended = lines.length - 1
  expect(appended).toBeGreaterThan(10)
  expect(lines.at(-1)).toBe(`refused data_unwritable ${appended}`)
  const outbox = make()
  expect(outbox.depth).toBe(appended)
  await outbox.start()
  await clock.advance(60_000)
  expect(world.ledger.stored.size).toBe(appended)
})

test('a folder that cannot be made is said to be unwritable', () => {
  writeFileSync(join(folder, 'plain'), '')
  expect(codeOf(() => make('p', join(folder, 'plain', 'outbox.db')))).toBe('data_unwritable')
})

test('a file that is no database is set aside, a new one begins, and health says so', async () => {
  const first = make()
  first.append(events(3))
  await end(first)
  writeFileSync(file, 'this was a database once. '.repeat(500))
  const outbox = make()
  await outbox.start()
  const aside = `${file}.damaged-${clock.now()}`
  expect(readFileSync(aside, 'utf8')).toContain('once')
  expect(outbox.epoch).not.toBe(first.epoch)
  expect(outbox.health()).toMatchObject({ state: 'degraded', detail: expect.stringContaining(aside) })
  outbox.append(events(1))
  await clock.advance(100)
  expect(outbox.depth).toBe(0)
})

test('a file with a damaged page is set aside', async () => {
  const first = make()
  first.append(events(500))
  await end(first)
  const bytes = readFileSync(file)
  bytes.fill(0xff, 8 * 4096, 12 * 4096)
  writeFileSync(file, bytes)
  expect(make().depth).toBe(0)
  expect(existsSync(`${file}.damaged-${clock.now()}`)).toBe(true)
})

/** A file as the first release made it, and what it held. */
const FIRST_RELEASE = `
  PRAGMA auto_vacuum = INCREMENTAL;
  PRAGMA journal_mode = WAL;
  CREATE TABLE head (producer TEXT NOT NULL, last INTEGER NOT NULL, bound INTEGER NOT NULL, held INTEGER NOT NULL) STRICT;
  CREATE TABLE epochs (epoch TEXT PRIMARY KEY, base INTEGER NOT NULL UNIQUE, last INTEGER NOT NULL) STRICT;
  CREATE TABLE entries (
    n INTEGER PRIMARY KEY, source TEXT NOT NULL, type TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
  ) STRICT;
  CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${0x0daeb00c};
  PRAGMA user_version = 1;
  INSERT INTO head VALUES ('p', 12, 12, 2);
  INSERT INTO epochs VALUES ('former', 0, 10), ('latest', 10, 0);
  INSERT INTO state VALUES ('seen', '{"until":7}');
`

test('a file of the first release is taken on without loss', async () => {
  tamper(FIRST_RELEASE)
  const db = new DatabaseSync(file)
  const keep = db.prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?)')
  for (const [index, event] of events(2).entries()) {
    const body = Buffer.from(JSON.stringify(event))
    keep.run(11 + index, 's', 't', crc32(body), body)
  }
  db.close()

  const outbox = make()
  expect(outbox).toMatchObject({ depth: 2, epoch: 'latest' })
  expect(outbox.state.get('seen')).toEqual({ until: 7 })
  world.restart(ledgerUpTo('former', 10))
  await outbox.start()
  await clock.advance(60_000)
  expect(world.sends).toMatchObject([
    { id: 'e1', epoch: 'latest', seq: 1 },
    { id: 'e2', epoch: 'latest', seq: 2 },
  ])
  expect(outbox.attach(Buffer.from('picture'), { mediaType: 'image/png' }).size).toBe(7)
  await end(outbox)
  expect(make().health().figures).toMatchObject({ depth: 0, payloads: 1, payloadBytes: 7 })
})

test('a file of a later release is left alone', async () => {
  await end(make())
  tamper('PRAGMA user_version = 3')
  expect(codeOf(() => make())).toBe('data_unwritable')
})

test("another producer's file, and a database that is no outbox, are left alone", async () => {
  await end(make())
  expect(codeOf(() => make('other'))).toBe('config_invalid')
  rmSync(file)
  tamper('CREATE TABLE photographs (name TEXT)')
  const before = readFileSync(file)
  expect(codeOf(() => make())).toBe('data_unwritable')
  expect(readFileSync(file).equals(before)).toBe(true)
})

test.each([
  ['lost', 'DELETE FROM entries WHERE n IN (2, 5)'],
  ['damaged', 'UPDATE entries SET body = zeroblob(length(body)) WHERE n IN (2, 5)'],
])('entries that the disk has %s are booked missing, exactly they, and nothing is sent for ever', async (_, sql) => {
  const first = make()
  first.append(events(6))
  await end(first)
  tamper(sql)
  const outbox = make()
  await outbox.start()
  await clock.advance(60_000)
  expect(world.sends.map(({ seq }) => seq)).toEqual([1, 3, 4, 6])
  expect(world.ledger.missing(outbox.epoch)).toEqual([2, 5])
  expect(world.ledger.receipt(outbox.epoch)).toMatchObject({ upTo: 6, settled: [] })
  expect(outbox.depth).toBe(0)
  expect(world.statuses.at(-1)).toMatchObject({ oldestSeq: 7, lastSeq: 6, outboxDepth: 0 })
  await clock.advance(7_200_000)
  expect(world.sends).toHaveLength(4)
  expect(world.statuses.length).toBeLessThan(6)
})

test('the last entry of all, lost on disk, is booked missing too', async () => {
  const first = make()
  first.append(events(3))
  await end(first)
  tamper('DELETE FROM entries WHERE n = 3')
  const outbox = make()
  await outbox.start()
  await clock.advance(60_000)
  expect(world.ledger.missing(outbox.epoch)).toEqual([3])
  expect(outbox.depth).toBe(0)
})

test('a file that was large gives its space back', async () => {
  const outbox = make()
  const data = { text: 'x'.repeat(100_000) }
  outbox.append(events(300).map((event) => ({ ...event, data })))
  await outbox.start()
  await clock.advance(60_000)
  expect(outbox.depth).toBe(0)
  await end(outbox)
  expect(statSync(file).size).toBeLessThan(12_000_000)
})
