// A PostgreSQL from Debian's packages, as an installation of Daybook may already have one: in a temporary folder, on any
// free port, with password and database. Not for: the embedded one (storage/postgres/server/server.ts).
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import pino from 'pino'
import { wallClock } from '../component.ts'
import { freePort } from '../storage/postgres/server/port.ts'
import { asUser, serviceUser } from '../storage/postgres/server/user.ts'

export interface DebianPostgres extends AsyncDisposable {
  /** postgres://daybook:...@127.0.0.1:.../daybook, a superuser's. */
  url: string
  /** Of the running postmaster. */
  readonly pid: number | undefined
  /** SIGKILL of the postmaster alone: its backends see it and end by themselves. */
  kill(): Promise<void>
  /** Again, on the same data and port. Resolves when it takes connections. */
  start(): Promise<void>
}

export interface DebianPostgresOptions {
  password?: string
  /** Words for initdb: who may log in how, in which encoding and order. */
  initdb?: readonly string[]
}

const READY_MS = 60_000
const USUAL = ['--auth=scram-sha-256', '--encoding=UTF8']

export async function debianPostgres(
  binaries: string,
  { password = 'secret', initdb = USUAL }: DebianPostgresOptions = {},
): Promise<DebianPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-debian-'))
  const user = await serviceUser(pino({ level: 'silent' }))
  const account = { ...asUser(user), cwd: '/' }
  const passwords = join(folder, 'password')
  await writeFile(passwords, `${password}\n`)
  for (const path of user ? [folder, passwords] : []) await chown(path, user?.uid ?? 0, user?.gid ?? 0)
  const cluster = join(folder, 'cluster')
  const how = ['--username=daybook', `--pwfile=${passwords}`, '--no-sync', ...initdb]
  await promisify(execFile)(join(binaries, 'initdb'), ['-D', cluster, ...how], account)
  const port = await freePort()
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off', `port=${port}`]
  const command = ['-D', cluster, ...settings.flatMap((each) => ['-c', each])]
  const url = `postgres://daybook:${password}@127.0.0.1:${port}`
  let server: ChildProcess | undefined

  const runs = () => server !== undefined && server.exitCode === null && server.signalCode === null

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (!server || !runs()) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await ended
  }

  async function start(): Promise<void> {
    const until = Date.now() + READY_MS
    while (!(await connects(`${url}/postgres`))) {
      if (Date.now() > until) throw new Error('PostgreSQL does not start')
      // It refuses to while backends of its last life are still there.
      if (!runs()) server = spawn(join(binaries, 'postgres'), command, { ...account, stdio: 'ignore' })
      await wallClock.sleep(50)
    }
  }

  const postgres: DebianPostgres = {
    url: `${url}/daybook`,
    get pid() {
      return runs() ? server?.pid : undefined
    },
    kill: () => end('SIGKILL'),
    start,
    async [Symbol.asyncDispose]() {
      await end('SIGQUIT')
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  await start()
  await withClient(`${url}/postgres`, (client) => client.query('create database daybook'))
  return postgres
}

async function connects(url: string): Promise<boolean> {
  return withClient(url, () => true).catch(() => false)
}

async function withClient<T>(url: string, work: (client: pg.Client) => T | Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return await work(client)
  } finally {
    await client.end().catch(() => {})
  }
}
