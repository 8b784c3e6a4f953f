// A database for one test: a fresh one on a Postgres that all tests of a worker share, or on the server that
// TEST_POSTGRES_URL names. Not for: testing how the product runs its own server (storage/postgres/server/server.test.ts).
import { spawn } from 'node:child_process'
import { chown, mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import pino from 'pino'
import { wallClock } from '../component.ts'
import { findBinaries } from '../storage/postgres/server/binaries.ts'
import { initdb, OWNER } from '../storage/postgres/server/initdb.ts'
import { readPidFile } from '../storage/postgres/server/pid-file.ts'
import { freePort } from '../storage/postgres/server/port.ts'
import { settings, writeSettings } from '../storage/postgres/server/settings.ts'
import { asUser, canReach, serviceUser } from '../storage/postgres/server/user.ts'

export interface TestDatabase {
  /** postgres://..., its account is a superuser on the shared server. */
  url: string
  /** Drops the database, cutting whoever is still connected. Safe twice. */
  stop(): Promise<void>
}

let shared: Promise<string> | null = null
let count = 0

/** An empty database. The shared server dies with the worker process, however that ends, and its folder with it. */
export async function testPostgres(): Promise<TestDatabase> {
  shared ??= process.env.TEST_POSTGRES_URL ? Promise.resolve(process.env.TEST_POSTGRES_URL) : startShared()
  const server = await shared
  const name = `test_${process.pid}_${Date.now().toString(36)}_${++count}`
  await query(server, `create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, stop: () => query(server, `drop database if exists ${name} with (force)`) }
}

async function startShared(): Promise<string> {
  const log = pino({ level: 'silent' })
  const user = await serviceUser(log)
  const base = !user || (await canReach(user, tmpdir())) ? tmpdir() : '/tmp'
  const folder = await mkdtemp(join(base, 'daybook-test-'))
  if (user) await chown(folder, user.uid, user.gid)
  const binaries = await findBinaries({ user, copyInto: folder, log })
  const cluster = join(folder, 'postgres')
  await initdb({ cluster, binaries, user, password: 'test', sync: false })
  const port = await freePort()
  // Durability is not what these tests are about, and nothing outlives them.
  const values = { ...settings(port), fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  await writeSettings(cluster, { ...values, logging_collector: 'off' }, user)
  guard(folder, [binaries.postgres, '-D', cluster], asUser(user))
  for (let waited = 0; (await readPidFile(cluster))?.status !== 'ready'; waited += 10) {
    if (waited > 10_000) throw new Error(`Postgres does not start: ${await readFile(join(folder, 'log'), 'utf8')}`)
    await wallClock.sleep(10)
  }
  return `postgres://${OWNER}:test@127.0.0.1:${port}/postgres`
}

/** A shell between us: its input ends when this process does, even by SIGKILL, and then it stops the server. */
function guard(folder: string, command: string[], account: ReturnType<typeof asUser>): void {
  const script = `trap '' INT TERM HUP
    folder=$1; shift
    "$@" >"$folder/log" 2>&1 & server=$!
    read -r _
    kill -QUIT $server; wait $server; rm -rf "$folder"`
  const shell = spawn('/bin/sh', ['-c', script, 'sh', folder, ...command], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  shell.unref()
  ;(shell.stdin as unknown as { unref(): void }).unref()
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}
