// The folder that the hooks write into: its files, oldest first, and what cannot be read, which is put aside. Not for: when
// to look (bridges/spool.ts), or what the calls mean.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type HookCall, readCall } from './call.ts'

const MIB = 1024 * 1024
/** A file that is larger is put aside unread. */
const FILE_MOST = 64 * MIB
/** What lies aside; beyond it the oldest goes. */
const ASIDE_MOST = { files: 100, bytes: 64 * MIB }
/** A hook that was killed while it wrote leaves a file that is not whole, or not yet renamed. */
const ABANDONED_MS = 3_600_000
const PART = /^\.\d+-\d+$/

export interface SpoolFile {
  path: string
  name: string
  /** When it was written, epoch ms. */
  at: number
  bytes: number
}

export interface Spool {
  /** What waits, in the order in which it was written. */
  waiting(now: number): SpoolFile[]
  /** How many wait, roughly. */
  depth(): number
  /** Undefined: it is gone, or could not be read and was put aside. */
  read(file: SpoolFile): HookCall | undefined
  remove(file: SpoolFile): void
  /** Since when the hooks kept nothing because too much lay there, epoch ms; from now on they keep again. */
  reopen(): number | undefined
  /** How many files lie aside, and where. */
  aside(): { folder: string; files: number }
}

export function spoolIn(folder: string): Spool {
  const asideFolder = join(folder, 'unreadable')

  function listed(where: string): (SpoolFile & { ns: bigint })[] {
    return namesIn(where).flatMap((name) => {
      const path = join(where, name)
      const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
      if (!stat?.isFile()) return []
      return [{ path, name, at: Number(stat.mtimeNs / 1_000_000n), bytes: Number(stat.size), ns: stat.mtimeNs }]
    })
  }

  function putAside({ path, name, at }: SpoolFile): void {
    mkdirSync(asideFolder, { recursive: true, mode: 0o700 })
    renameSync(path, join(asideFolder, `${at}-${name.replace(/^\./, '')}`))
    const all = listed(asideFolder).sort((a, b) => Number(b.ns - a.ns))
    let bytes = 0
    for (const [index, file] of all.entries()) {
      bytes += file.bytes
      if (index >= ASIDE_MOST.files || bytes > ASIDE_MOST.bytes) rmSync(file.path, { force: true })
    }
  }

  return {
    waiting(now) {
      const abandoned = ({ name, at }: SpoolFile) => PART.test(name) && now - at > ABANDONED_MS
      const [files, nothing]: [ReturnType<typeof listed>, SpoolFile[]] = [[], []]
      for (const file of listed(folder)) {
        if (abandoned(file) && file.bytes === 0) nothing.push(file)
        else if (!file.name.startsWith('.') || abandoned(file)) files.push(file)
      }
      // A hook that was killed before it wrote, or that found the disk full, told nothing.
      for (const { path } of nothing) rmSync(path, { force: true })
      return files.sort((a, b) => (a.ns === b.ns ? (a.name < b.name ? -1 : 1) : a.ns < b.ns ? -1 : 1))
    },
    depth: () => namesIn(folder).filter((name) => !name.startsWith('.') && name !== 'unreadable').length,
    read(file) {
      try {
        const call = file.bytes > FILE_MOST ? undefined : readCall(readFileSync(file.path, 'utf8'), file.at)
        if (!call) putAside(file)
        return call
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') putAside(file)
        return undefined
      }
    },
    remove: ({ path }) => rmSync(path, { force: true }),
    reopen() {
      const mark = join(folder, '.full')
      const since = statSync(mark, { throwIfNoEntry: false })?.mtimeMs
      if (since !== undefined) rmSync(mark, { force: true })
      return since
    },
    aside: () => ({ folder: asideFolder, files: namesIn(asideFolder).length }),
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
