// The files that shells append to, read without their help: each by the offset remembered of it. One in which nothing
// happens is renamed, so that its shell begins another, and removed once nothing more can come; so no record is lost or
// read twice, whichever of both is killed. Not for: what records say (records.ts), or when to look (bridges/spool.ts).
import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import type { BridgeState } from '../bridge.ts'
import { readRecords, type ShellRecord } from './records.ts'

/** `<pid>-<session>` as the hooks name it, and what we make of it. */
const LIVE = /^(\d+)-[\w-]{8,64}$/
const PUT_ASIDE = /^(\d+)-[\w-]{8,64}\.(\d+)\.old$/
/** What the hook of bash reads its history through. */
const LINE = /^(\d+)-[\w-]{8,64}\.line$/
/** A file is put aside when nothing was written for so long, and removed after so long again, ms. */
const QUIET_MS = 5_000
const GONE_MS = 10_000
/** More than the longest record. */
const PIECE = 1024 * 1024

export interface ShellSpool {
  /**
   * Hands over what is new, a piece at a time; what `take` has returned from is not read again, unless the house is killed
   * at that moment. What it throws ends the look.
   */
  look(take: (records: ShellRecord[]) => void): void
  /** Files there are. */
  readonly files: number
  /** Records that were cut or not understood. */
  readonly broken: number
}

export interface ShellSpoolOptions {
  folder: string
  state: BridgeState
  now(): number
  /** False: no process has this number. */
  lives(pid: number): boolean
}

interface Place {
  ino: number
  offset: number
}

export function openShellSpool({ folder, state, now, lives }: ShellSpoolOptions): ShellSpool {
  const unchanged = new Map<string, { size: number; since: number }>()
  let files = 0
  let broken = 0
  const key = (name: string) => `spool/${name}`

  /** True once all that can be read has been. */
  function read(name: string, take: (records: ShellRecord[]) => void): Place & { size: number } {
    const fd = openSync(join(folder, name), 'r')
    try {
      const { ino, size, mode } = fstatSync(fd)
      if ((mode & 0o077) !== 0) chmodSync(join(folder, name), 0o600)
      const known = state.get<Place>(key(name))
      let offset = known?.ino === ino && known.offset <= size ? known.offset : 0
      const piece = Buffer.alloc(Math.min(PIECE, Math.max(0, size - offset)))
      while (offset < size) {
        const length = readSync(fd, piece, 0, piece.length, offset)
        if (length === 0) break
        const found = readRecords(piece.subarray(0, length))
        if (found.records.length > 0) take(found.records)
        broken += found.broken
        const full = length === PIECE && found.used === 0
        if (full) broken++
        if (!full && found.used === 0) break
        offset += full ? length : found.used
        state.set(key(name), { ino, offset } satisfies Place)
      }
      return { ino, offset, size }
    } finally {
      closeSync(fd)
    }
  }

  /** How long a file has had this size, ms. */
  function quiet(name: string, size: number): number {
    const seen = unchanged.get(name)
    if (seen?.size !== size) unchanged.set(name, { size, since: now() })
    return seen?.size === size ? now() - seen.since : 0
  }

  function forget(name: string): void {
    unchanged.delete(name)
    state.delete(key(name))
  }

  function lookAt(name: string, take: (records: ShellRecord[]) => void): void {
    const place = read(name, take)
    const { ino, offset, size } = place
    const still = quiet(name, size)
    const aside = PUT_ASIDE.test(name)
    if (!aside && still >= QUIET_MS) {
      const old = `${name}.${now()}.old`
      state.set(key(old), { ino, offset } satisfies Place)
      renameSync(join(folder, name), join(folder, old))
      forget(name)
    } else if (aside && still >= GONE_MS) {
      if (offset < size) broken++
      rmSync(join(folder, name), { force: true })
      forget(name)
    }
  }

  return {
    get files() {
      return files
    },
    get broken() {
      return broken
    },
    look(take) {
      const names = readdirSync(folder).sort()
      const own = names.filter((name) => (LIVE.test(name) || PUT_ASIDE.test(name)) && isFile(join(folder, name)))
      files = own.length
      // What was put aside is older than what its shell writes now.
      for (const name of [...own.filter((n) => PUT_ASIDE.test(n)), ...own.filter((n) => LIVE.test(n))]) {
        lookAt(name, take)
      }
      for (const name of names) {
        const pid = LINE.exec(name)?.[1]
        if (pid !== undefined && !lives(Number(pid))) rmSync(join(folder, name), { force: true })
      }
      for (const stale of state.keys('spool/')) {
        const name = stale.slice('spool/'.length)
        if (!own.includes(name)) forget(name)
      }
    },
  }
}

/** A link is followed nowhere. */
function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true
}
