// One postmaster as a process: launched apart from us, found again by its pid file, asked to end. Not for: deciding
// when to do so, which server.ts does.
import { execFile, spawn } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock, Logger } from '../../component.ts'
import type { Binaries } from './server-binaries.ts'
import { asUser, type SystemUser } from './server-user.ts'

export interface Postmaster {
  pid: number
  alive(): boolean
  /** What it wrote before it died, for the error. */
  lastWords(): Promise<string>
}

/** postmaster.pid: line 1 the pid, 4 the port, 8 the status (starting, ready, stopping). */
export interface PidFile {
  pid: number
  port: number
  status: string
}

export async function readPidFile(cluster: string): Promise<PidFile | null> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => null)
  const lines = text?.split('\n')
  if (!lines?.[0]) return null
  return { pid: Number(lines[0]), port: Number(lines[3]), status: lines[7]?.trim() ?? '' }
}

/** The living postmaster of this cluster, whoever started it; null when the file is stale or names somebody else. */
export async function findPostmaster(cluster: string): Promise<Postmaster | null> {
  const file = await readPidFile(cluster)
  if (!file) return null
  if (!runs(file.pid, cluster)) {
    if (exists(file.pid)) await disown(cluster)
    return null
  }
  return { pid: file.pid, alive: () => runs(file.pid, cluster), lastWords: () => recentLog(cluster, 0) }
}

/**
 * Whether this pid is the postmaster of this cluster, which works in its folder. Without /proc, or where a container
 * forbids root that look at another's process, the command line must do. A zombie has neither.
 */
function runs(pid: number, cluster: string): boolean {
  if (process.platform !== 'linux') return exists(pid)
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === cluster
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') return false
  }
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return words[words.indexOf('-D') + 1] === cluster
  } catch {
    return false
  }
}

/** Ours or one that we may signal: a pid that belongs to another user cannot be our Postgres. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * Postgres refuses to start while the pid in its file lives, even as another program's. Only that line is replaced, by
 * a pid that no system gives: the rest is how Postgres sees that a dead postmaster's backends still use the memory.
 */
async function disown(cluster: string): Promise<void> {
  const path = join(cluster, 'postmaster.pid')
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace(/^\d+/, '2147483647'))
}

/** In a session of its own: Ctrl-C in our terminal does not reach it, and it outlives us if we are killed. */
export function launch(binaries: Binaries, cluster: string, user: SystemUser | null): Promise<Postmaster> {
  const started = Date.now()
  const child = spawn(binaries.postgres, ['-D', cluster], {
    ...asUser(user),
    cwd: cluster,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
  })
  let early = ''
  // Only until its log collector runs. Later nobody writes here, so that our end may close with us.
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    early = (early + text).slice(-4_000)
  })
  const stderr = child.stderr as unknown as { unref(): void }
  stderr.unref()
  child.unref()
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('spawn', () =>
      resolve({
        pid: child.pid ?? 0,
        alive: () => child.exitCode === null && child.signalCode === null,
        lastWords: async () => `${early}\n${await recentLog(cluster, started)}`.trim(),
      }),
    )
  })
}

/** Fast shutdown; after `patience` ms an immediate one, from which the next start recovers. Safe on a dead one. */
export async function shutDown(
  postmaster: Postmaster,
  { binaries, clock, log, patience = 6_000 }: { binaries: Binaries; clock: Clock; log: Logger; patience?: number },
): Promise<void> {
  await send(postmaster.pid, 'SIGINT', binaries)
  if (await gone(postmaster, patience, clock)) return
  log.warn({ pid: postmaster.pid }, 'Postgres did not stop in time; it stops at once and recovers at the next start')
  await send(postmaster.pid, 'SIGQUIT', binaries)
  if (!(await gone(postmaster, 1_500, clock))) log.error({ pid: postmaster.pid }, 'Postgres does not stop')
}

/** The serious lines of the newest log file, from `since` on. */
async function recentLog(cluster: string, since: number): Promise<string> {
  const folder = join(cluster, 'log')
  let newest = { path: '', time: 0 }
  for (const name of await readdir(folder).catch(() => [])) {
    const { mtimeMs } = await stat(join(folder, name))
    if (mtimeMs > newest.time) newest = { path: join(folder, name), time: mtimeMs }
  }
  const text = newest.path ? await readFile(newest.path, 'utf8') : ''
  const lines = text.split('\n').filter((line) => /FATAL|PANIC|could not/.test(line))
  return lines
    .filter((line) => Date.parse(`${line.slice(0, 23).replace(' ', 'T')}Z`) >= since)
    .slice(-3)
    .map((line) => line.slice(line.indexOf(']') + 1).trim())
    .join('\n')
}

async function gone(postmaster: Postmaster, patience: number, clock: Clock): Promise<boolean> {
  for (let waited = 0; postmaster.alive(); waited += 20) {
    if (waited >= patience) return false
    await clock.sleep(20)
  }
  return true
}

async function send(pid: number, signal: 'SIGINT' | 'SIGQUIT', binaries: Binaries): Promise<void> {
  if (process.platform === 'win32') {
    const program = join(dirname(binaries.postgres), 'pg_ctl.exe')
    await promisify(execFile)(program, ['kill', signal.slice(3), String(pid)]).catch(() => undefined)
    return
  }
  try {
    process.kill(pid, signal)
  } catch {
    // It is gone already.
  }
}
