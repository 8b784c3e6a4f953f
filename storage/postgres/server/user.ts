// Which account the embedded Postgres runs under. Postgres refuses root, so a root Daybook lends it a service user;
// anyone else runs it as themselves. Not for: accounts inside the database.
import { execFile } from 'node:child_process'
import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '../../../component.ts'

export interface SystemUser {
  name: string
  uid: number
  gid: number
}

const LOGIN_DISABLED = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin']

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Null unless we are root; then `daybook`, else `postgres`, else a `daybook` made with useradd, else `nobody`. */
export async function serviceUser(log: Logger): Promise<SystemUser | null> {
  if (!isRoot()) return null
  const present = (await findUser('daybook')) ?? (await findUser('postgres'))
  if (present) return present
  try {
    await promisify(execFile)('useradd', [...LOGIN_DISABLED, 'daybook'])
    log.info('Postgres does not run as root: made the system user "daybook" for it')
  } catch (error) {
    log.warn({ reason: reason(error) }, 'Postgres does not run as root and useradd failed: it runs as "nobody"')
  }
  return (await findUser('daybook')) ?? (await findUser('nobody')) ?? { name: 'nobody', uid: 65534, gid: 65534 }
}

/** The account that owns a cluster: an existing one is always run by its owner. */
export async function ownerOf(path: string): Promise<SystemUser> {
  const { uid, gid } = await stat(path)
  return { name: `uid ${uid}`, uid, gid }
}

/** Whether the mode bits let this user walk through every folder down to `path`, itself included. */
export async function canReach(user: SystemUser, path: string): Promise<boolean> {
  for (let folder = await realpath(path); ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder)
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
    if ((mode & bit) === 0) return false
    if (folder === dirname(folder)) return true
  }
}

/** For spawn: the account, and an environment that owes nothing to ours (LANG may be unset, PGPORT set). */
export function asUser(user: SystemUser | null): { uid?: number; gid?: number; env: Record<string, string> } {
  const env = { LC_ALL: 'C', PATH: '/usr/bin:/bin' }
  return user ? { uid: user.uid, gid: user.gid, env } : { env }
}

async function findUser(name: string): Promise<SystemUser | null> {
  const passwd = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const fields = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((line) => line[0] === name)
  return fields ? { name, uid: Number(fields[2]), gid: Number(fields[3]) } : null
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message.trim() : String(error)
}
