// Starts the product as a user would, `node main.ts start --json`, in a folder and on ports of its own, for journeys
// and benches. Not for: unit tests, which build the part they test.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { Credentials } from '../credentials.ts'
import type { Ready as AppReady } from '../lifecycle.ts'

const root = resolve(import.meta.dirname, '..')

/** As app.ts says it, with both listeners on. */
export type Ready = AppReady & { mqtt: { url: string }; http: { url: string } }

export interface House {
  ready: Ready
  credentials: Credentials
  data: string
  child: ChildProcess
  /** A request with the token; the path starts with a slash. */
  api(path: string, init?: RequestInit): Promise<Response>
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>
  /** kill -9, resolves when it is gone. */
  kill(): Promise<void>
  /** Everything written to stderr so far. */
  log(): string
}

export interface HouseOptions {
  /** Where its program is; default: here. */
  product?: string
  /** Kept by the caller; default: a temporary folder, which `removeHouse` deletes. */
  data?: string
  env?: Record<string, string>
  /** Default: every port any free one. */
  ports?: { mqtt?: number; http?: number; database?: number }
  /** Called with the process at once, for who wants to end it before it is ready. */
  spawned?: (child: ChildProcess) => void
}

export async function temporaryData(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'daybook-'))
}

export async function removeData(data: string): Promise<void> {
  await rm(data, { recursive: true, force: true, maxRetries: 5 })
}

/** Starts it and waits until it is ready; rejects with its log when it ends instead. */
export async function startHouse({
  product = root,
  data,
  env = {},
  ports = {},
  spawned,
}: HouseOptions = {}): Promise<House> {
  const folder = data ?? (await temporaryData())
  const child = spawn(process.execPath, ['main.ts', 'start', '--json'], {
    cwd: product,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      DAYBOOK__DATA: folder,
      DAYBOOK__MQTT__PORT: String(ports.mqtt ?? 0),
      DAYBOOK__HTTP__PORT: String(ports.http ?? 0),
      DAYBOOK__DATABASE__PORT: String(ports.database ?? 0),
      DAYBOOK__ACTIVITYWATCH__PORT: 'off',
      ...env,
    },
  })
  spawned?.(child)
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)))
  const first = new Promise<Ready>((done) => {
    createInterface({ input: child.stdout }).once('line', (line) => done(JSON.parse(line) as Ready))
  })
  const ready = await Promise.race([
    first,
    ended.then((code) => {
      throw new Error(`daybook ended with ${code} before it was ready:\n${log}`)
    }),
  ])
  const credentials = JSON.parse(await readFile(join(folder, 'credentials.json'), 'utf8')) as Credentials
  return {
    ready,
    credentials,
    data: folder,
    child,
    api: (path, init = {}) =>
      fetch(ready.http.url.replace(/\/$/, '') + path, {
        ...init,
        headers: {
          authorization: `Bearer ${credentials.http.token}`,
          'content-type': 'application/json',
          ...init.headers,
        },
      }),
    async stop() {
      child.kill('SIGTERM')
      return ended
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    log: () => log,
  }
}
