// Makes the cluster of the embedded Postgres, all or nothing: initdb works in a folder beside it that is renamed when
// complete, so a first start killed half-way leaves nothing that a later one could mistake for a database. Not for:
// running it.
import { execFile } from 'node:child_process'
import { appendFile, chown, mkdtemp, open, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Binaries } from './binaries.ts'
import { asUser, type SystemUser } from './user.ts'

export interface InitdbOptions {
  /** The cluster's folder; must not exist. Its parent must be within the user's reach. */
  cluster: string
  binaries: Binaries
  user: SystemUser | null
  /** The superuser `daybook`'s. */
  password: string
  /** Off only in tests. */
  sync?: boolean
}

/** The superuser and the database it owns. */
export const OWNER = 'daybook'

/** Resolves when the cluster is complete under its name. Throws `data_unwritable`, or `internal` with initdb's words. */
export async function initdb({ cluster, binaries, user, password, sync = true }: InitdbOptions): Promise<void> {
  let partial = ''
  let passwordFile = ''
  try {
    // A name of its own: an initdb whose Daybook was killed may still be at work in the former one.
    partial = await mkdtemp(`${cluster}${PARTIAL}`)
    passwordFile = `${partial}.password`
    await writeFile(passwordFile, password, { mode: 0o600, flag: 'wx' })
    if (user) {
      await chown(partial, user.uid, user.gid)
      await chown(passwordFile, user.uid, user.gid)
    }
    const common = ['-D', partial, '-U', OWNER, '--encoding=UTF8', '--locale-provider=builtin']
    const rest = ['--auth=scram-sha-256', `--pwfile=${passwordFile}`, ...(sync ? [] : ['--no-sync'])]
    const run = (locale: string[]) =>
      promisify(execFile)(binaries.initdb, [...common, ...locale, ...rest], { ...asUser(user), cwd: partial })
    await run(['--locale=C.UTF-8']).catch((error: Failure) => {
      // Some C libraries have no C.UTF-8 of their own; Postgres's built-in one, which orders and compares, is the same.
      if (!/invalid locale/.test(error.stderr ?? '')) throw error
      return run(['--locale=C', '--builtin-locale=C.UTF-8'])
    })
    await appendFile(join(partial, 'postgresql.conf'), "\ninclude 'daybook.conf'\n", { flush: true })
    await rename(partial, cluster)
    await syncFolder(dirname(cluster))
  } catch (error) {
    if (partial) await rm(partial, { recursive: true, force: true }).catch(() => undefined)
    throw explainFailure(error as Failure, cluster)
  } finally {
    if (passwordFile) await rm(passwordFile, { force: true }).catch(() => undefined)
  }
}

/** A rename outlives a power cut only when its folder is synced; rows acknowledged in the cluster depend on it. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  await folder.sync().finally(() => folder.close())
}

const PARTIAL = '.partial-'

/** Removes what killed first starts left beside the cluster, their password file included. */
export async function removeInterrupted(cluster: string): Promise<void> {
  for (const name of await readdir(dirname(cluster))) {
    if (!name.startsWith(`${basename(cluster)}${PARTIAL}`)) continue
    // Fails while the orphaned initdb still writes; a later start finds it gone.
    await rm(join(dirname(cluster), name), { recursive: true, force: true }).catch(() => undefined)
  }
}

type Failure = NodeJS.ErrnoException & { stderr?: string }

const UNWRITABLE =
  /No space left|free disk space|Disk quota exceeded|Permission denied|Read-only file system|invalid permissions|wrong ownership|ENOSPC|EDQUOT|EACCES|EROFS|EPERM/

/** What Postgres or the file system said, as an error that names the folder. */
export function explainFailure(error: Failure, cluster: string): DaybookError {
  if (error instanceof DaybookError) return error
  const said = (error.stderr || error.message).trim()
  const code = UNWRITABLE.test(said) ? 'data_unwritable' : 'internal'
  return new DaybookError(code, `Postgres in ${cluster}: ${said}`, { cause: error })
}
