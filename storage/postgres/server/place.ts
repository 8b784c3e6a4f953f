// Where the cluster of the embedded Postgres lies and who owns it: <data>/postgres, unless a root Daybook keeps its data
// where the service user cannot go. What must be remembered between starts stands in <data>/postgres.json. Not for:
// what is in the cluster.
import { createHash } from 'node:crypto'
import { chmod, chown, lstat, mkdir, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { KeptPort } from './port.ts'
import { canReach, isRoot, ownerOf, type SystemUser, serviceUser } from './user.ts'

export interface Place {
  /** The folder around the cluster, within the user's reach. */
  home: string
  cluster: string
  /** Whether the cluster is there. */
  made: boolean
  /** Null: ourselves. */
  user: SystemUser | null
}

/** What <data>/postgres.json keeps. */
export interface Kept {
  port?: KeptPort
  /** The cluster, when it is not <data>/postgres. */
  cluster?: string
  /** Set once that cluster was complete. */
  made?: boolean
}

export interface PlaceOptions {
  data: string
  /** Where a folder for the service user may be made: /var/lib. */
  fallback: string
  log: Logger
}

/** Throws `data_unwritable` with what to change. */
export async function findPlace({ data: given, fallback, log }: PlaceOptions): Promise<Place> {
  await mkdir(given, { recursive: true, mode: 0o700 })
  const data = await realpath(given)
  const kept = await readKept(data)
  const cluster = kept.cluster ?? join(data, 'postgres')
  if (await exists(join(cluster, 'PG_VERSION'))) return ofOwner(data, cluster)
  if (kept.made) {
    const fix = `Bring it back, or delete ${keptFile(data)} to begin with an empty one.`
    throw new DaybookError('data_unwritable', `The database was kept in ${cluster} and is gone. ${fix}`)
  }
  const user = await serviceUser(log)
  if (!user || (await letThrough(data, user))) return { home: data, cluster, made: false, user }
  return outside(data, fallback, user, log)
}

export async function readKept(data: string): Promise<Kept> {
  const text = await readFile(keptFile(data), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}'
    throw new DaybookError('data_unwritable', error.message, { cause: error })
  })
  try {
    return JSON.parse(text) as Kept
  } catch (error) {
    throw new DaybookError('data_unwritable', `${keptFile(data)} is not JSON any more.`, { cause: error })
  }
}

export async function writeKept(data: string, kept: Kept): Promise<void> {
  const partial = `${keptFile(data)}.partial`
  await writeFile(partial, `${JSON.stringify(kept, null, 2)}\n`, { mode: 0o600, flush: true })
  await rename(partial, keptFile(data))
}

function keptFile(data: string): string {
  return join(data, 'postgres.json')
}

async function ofOwner(data: string, cluster: string): Promise<Place> {
  const owner = await ownerOf(cluster)
  const place = { home: dirname(cluster), cluster, made: true }
  if (!isRoot()) {
    if (process.getuid === undefined || owner.uid === process.getuid()) return { ...place, user: null }
    const fix = `Start Daybook as that user or as root, or hand the data folder over with chown -R.`
    throw new DaybookError('data_unwritable', `The database in ${cluster} belongs to ${owner.name}. ${fix}`)
  }
  if (owner.uid === 0) {
    throw new DaybookError('data_unwritable', `Postgres does not run as root: chown -R ${cluster} to another user.`)
  }
  if (await letThrough(data, owner, cluster)) return { ...place, user: owner }
  const fix = `Let it pass through the folders above (chmod o+x).`
  throw new DaybookError('data_unwritable', `${owner.name}, who owns the database, cannot reach ${cluster}. ${fix}`)
}

/** A data folder closed by nothing but its own mode opens a crack: the user's group may pass through, not look in. */
async function letThrough(data: string, user: SystemUser, target = data): Promise<boolean> {
  if (await canReach(user, target)) return true
  const { uid, gid, mode } = await stat(data)
  const ours = uid === 0 && (gid === 0 || (mode & 0o070) === 0)
  if (!ours || !(await canReach(user, dirname(data)))) return false
  await chown(data, 0, user.gid)
  await chmod(data, (mode & 0o700) | 0o010)
  return canReach(user, target)
}

async function outside(data: string, fallback: string, user: SystemUser, log: Logger): Promise<Place> {
  const name = createHash('sha256').update(data).digest('hex').slice(0, 12)
  const home = join(fallback, `daybook-${name}`)
  const cluster = join(home, 'postgres')
  try {
    await mkdir(home, { recursive: true, mode: 0o711 })
  } catch (error) {
    throw new DaybookError('data_unwritable', `Neither ${data} nor ${home} suits user ${user.name}.`, { cause: error })
  }
  if (!(await canReach(user, home))) {
    throw new DaybookError('data_unwritable', `User ${user.name} can reach neither ${data} nor ${home}.`)
  }
  if (await exists(cluster)) {
    const aside = `${cluster}.left-${Date.now()}`
    await rename(cluster, aside)
    log.warn({ aside }, 'found the database of an earlier data folder of this name and put it aside')
  }
  await writeKept(data, { ...(await readKept(data)), cluster })
  log.warn({ user: user.name, data, cluster }, 'Postgres cannot reach the data folder: the database is kept elsewhere')
  return { home, cluster, made: false, user }
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
