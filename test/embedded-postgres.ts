// What the tests of the embedded Postgres share: a folder that takes its servers along when it goes, and a Daybook-like
// process of its own that a test can kill. Not for: tests that only need a database (test/postgres.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import pg from 'pg'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { wallClock } from '../component.ts'
import { findPostmaster } from '../storage/postgres/server/pid-file.ts'
import {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  embeddedPostgres,
} from '../storage/postgres/server/server.ts'
import type { SystemUser } from '../storage/postgres/server/user.ts'

export interface Folder extends AsyncDisposable {
  path: string
  /** Options for a server in <path>/data on any port, whose warnings go to `said`. */
  options: EmbeddedPostgresOptions
  said: string[]
  /** Starts the server from a process of its own, in its own process group, with nothing in its environment. */
  startElsewhere(options?: Partial<EmbeddedPostgresOptions>, user?: SystemUser): Elsewhere
}

/** A temporary folder that everybody may pass through; its end kills the servers that a failed test left in it. */
export async function makeFolder(): Promise<Folder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'daybook-server-')))
  await chmod(path, 0o755)
  const said: string[] = []
  const elsewheres: Elsewhere[] = []
  const log = pino({ level: 'warn' }, { write: (line: string) => void said.push(JSON.parse(line).msg) })
  const options = { data: join(path, 'data'), port: 0, password: 'secret', log, clock: wallClock }
  return {
    path,
    said,
    options,
    startElsewhere(others, user) {
      const elsewhere = startElsewhere({ ...options, ...others }, user)
      elsewheres.push(elsewhere)
      return elsewhere
    },
    async [Symbol.asyncDispose]() {
      for (const { process } of elsewheres) process.kill('SIGKILL')
      for (const name of await readdir(path, { recursive: true })) {
        if (!name.endsWith('postmaster.pid')) continue
        const left = await findPostmaster(join(path, name, '..'))
        if (left) process.kill(left.pid, 'SIGQUIT')
      }
      await rm(path, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

export interface Elsewhere {
  process: ChildProcess
  /** Its first line: {url, pid} once it serves, or {code, message}. */
  ready: Promise<{ url: string; pid: number; code?: string; message?: string }>
  /** Stops it in order. */
  end(): Promise<void>
}

/** A folder for one test. */
export async function temporaryFolder(): Promise<Folder> {
  const folder = await makeFolder()
  onTestFinished(() => folder[Symbol.asyncDispose]())
  return folder
}

/** A server for one test, already started. */
export async function started(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const server = embeddedPostgres(options)
  onTestFinished(() => server.stop())
  await server.start()
  return server
}

function startElsewhere(options: EmbeddedPostgresOptions, user: SystemUser | undefined): Elsewhere {
  const { log: _, clock: __, ...rest } = options
  const at = (path: string) => JSON.stringify(new URL(path, import.meta.url).href)
  const script = `
    const { default: pino } = await import('pino')
    const { wallClock } = await import(${at('../component.ts')})
    const { embeddedPostgres } = await import(${at('../storage/postgres/server/server.ts')})
    const options = { ...${JSON.stringify(rest)}, clock: wallClock, log: pino({ level: 'silent' }) }
    const server = embeddedPostgres(options)
    try {
      await server.start()
      console.log(JSON.stringify({ url: server.url(), pid: server.health().figures.pid }))
    } catch ({ code, message }) {
      console.log(JSON.stringify({ code, message }))
    }
    process.stdin.once('end', () => server.stop()).resume()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    ...(user && { uid: user.uid, gid: user.gid }),
    cwd: join(import.meta.dirname, '..'),
    detached: true,
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return {
    process: child,
    ready: once(createInterface(child.stdout), 'line').then(([line]) => JSON.parse(String(line))),
    async end() {
      child.stdin.end()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

/** The first column of the first row. */
export async function ask(url: string, sql: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query({ text: sql, rowMode: 'array' })
    return rows[0]?.[0]
  } finally {
    await client.end().catch(() => undefined)
  }
}
