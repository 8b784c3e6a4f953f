// What Postgres leaves in its folder about the process that serves it, and what is true of it: a crash leaves the file,
// and the pid in it may be another program's by then. Not for: starting and stopping.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Postmaster, recentLog } from './process.ts'

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
  if (!file || !exists(file.pid)) return null
  const onLinux = process.platform === 'linux'
  if (!(onLinux ? worksIn(cluster, file.pid) : await isCalledPostgres(file.pid))) {
    await disown(cluster)
    return null
  }
  const since = Date.now()
  return {
    pid: file.pid,
    alive: () => (onLinux ? worksIn(cluster, file.pid) : exists(file.pid)),
    lastWords: () => recentLog(cluster, since),
  }
}

/**
 * Ends what a killed postmaster left behind: a backend amid a long computation does not notice by itself, and nothing
 * can start as long as it lives. Only Linux tells whose they are; elsewhere they are waited for.
 */
export function endOrphans(cluster: string): void {
  if (process.platform !== 'linux') return
  for (const pid of readdirSync('/proc').map(Number)) {
    try {
      if (pid && worksIn(cluster, pid) && readFileSync(`/proc/${pid}/comm`, 'utf8') === 'postgres\n') {
        process.kill(pid, 'SIGKILL')
      }
    } catch {
      // It ended meanwhile.
    }
  }
}

/**
 * Whether a process works in this folder, as each of its cluster does. Where a container forbids root that look at
 * another user's process, the command line must do. A zombie has neither.
 */
function worksIn(cluster: string, pid: number): boolean {
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

async function isCalledPostgres(pid: number): Promise<boolean> {
  const [program, ...args] =
    process.platform === 'win32' ? ['tasklist', '/FI', `PID eq ${pid}`] : ['ps', '-o', 'command=', '-p', `${pid}`]
  return promisify(execFile)(program, args).then(
    ({ stdout }) => stdout.includes('postgres'),
    () => false,
  )
}

/** A pid that we may not signal belongs to another user, so it cannot be our Postgres. */
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
