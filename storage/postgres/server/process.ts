// One postmaster as a process: launched apart from us, and asked to end. Not for: deciding when to do so (server.ts), or
// finding one that already runs (pid-file.ts).
import { execFile, spawn } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Clock, Logger } from '../../../component.ts'
import type { Binaries } from './binaries.ts'
import { asUser, type SystemUser } from './user.ts'

export interface Postmaster {
  pid: number
  alive(): boolean
  /** What it wrote before it died, for the error. */
  lastWords(): Promise<string>
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
  if (!postmaster.alive()) return
  await send(postmaster.pid, 'SIGINT', binaries)
  if (await gone(postmaster, patience, clock)) return
  log.warn({ pid: postmaster.pid }, 'Postgres did not stop in time; it stops at once and recovers at the next start')
  await send(postmaster.pid, 'SIGQUIT', binaries)
  if (!(await gone(postmaster, 1_500, clock))) log.error({ pid: postmaster.pid }, 'Postgres does not stop')
}

/** The serious lines of the newest log file, from `since` on. */
export async function recentLog(cluster: string, since: number): Promise<string> {
  const folder = join(cluster, 'log')
  let newest = { path: '', time: 0 }
  for (const name of await readdir(folder).catch(() => [])) {
    const mtimeMs = await stat(join(folder, name)).then(
      (file) => file.mtimeMs,
      () => 0,
    )
    if (mtimeMs > newest.time) newest = { path: join(folder, name), time: mtimeMs }
  }
  const text = newest.path ? await readFile(newest.path, 'utf8').catch(() => '') : ''
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
