// What Daybook stands on: Node, disk, clock. Not for: the network.
import { existsSync, type Stats, statSync } from 'node:fs'
import { rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fail, ok, type Verdict, warn } from './finding.ts'

const NODE_MAJOR = 24
const SPACE = { warn: 2 * 1024 ** 3, fail: 256 * 1024 ** 2 }
/** This was written then: no clock can be right before it. */
const NOT_BEFORE = Date.UTC(2026, 0)
const FUTURE_MS = 2 * 60_000

export function checkNode(version: string): Verdict {
  if (Number.parseInt(version, 10) >= NODE_MAJOR) return ok(`Node ${version}`)
  return fail(`Node ${version} cannot run Daybook`, 'Run `npx daybook`, which finds Node 24; or `npm install` again.')
}

/** Exists, can be written, has room. A folder that is not there yet is made at the first start. */
export async function checkFolder(data: string): Promise<Verdict> {
  let folder = data
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  const probe = join(folder, `.daybook-doctor-${process.pid}`)
  try {
    await writeFile(probe, 'x', { flag: 'wx' })
    await rm(probe)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOSPC') return fail(`${folder} is on a full disk`, 'Free some space.')
    return fail(
      `${folder} cannot be written (${code})`,
      'Correct its owner and rights, or set `data` to another folder.',
    )
  }
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  const room = `${data}, ${(free / 1024 ** 3).toFixed(1)} GB free`
  if (free < SPACE.fail) return fail(room, 'Free some space: Postgres stops on a full disk.')
  if (free < SPACE.warn) return warn(room, 'Free some space.')
  return ok(folder === data ? room : `${room}; it is made at the first start`)
}

/** Nobody else may read the secrets. Null if there are none yet. */
export function checkCredentials(file: string): Verdict | null {
  if (!existsSync(file)) return null
  const { mode } = statSync(file)
  const rights = (mode & 0o777).toString(8).padStart(4, '0')
  if ((mode & 0o077) === 0) return ok(`only its owner may read it (${rights})`)
  return fail(`others may read it (${rights})`, `chmod 600 ${file}`)
}

/** A clock that is wrong makes wrong ids and rejected activities. `files`: some that Daybook wrote. */
export function checkClock(now: number, files: readonly string[]): Verdict {
  const said = new Date(now).toISOString()
  if (now < NOT_BEFORE) return fail(`it says ${said}`, 'Set the clock; let NTP keep it.')
  const newest = Math.max(0, ...files.flatMap((file) => modified(file) ?? []))
  if (newest <= now + FUTURE_MS) return ok(said)
  return fail(
    `it says ${said}, but Daybook wrote a file at ${new Date(newest).toISOString()}`,
    'The clock went back: set it; let NTP keep it.',
  )
}

/** How far a peer's Date header is from our clock; null when it tells nothing. */
export function checkSkew(response: Response, now: number): Verdict | null {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  const seconds = Math.round((now - theirs) / 1000)
  if (Number.isNaN(seconds)) return null
  if (Math.abs(seconds) * 1000 <= FUTURE_MS) return ok('its clock and ours agree')
  return warn(`its clock is ${Math.abs(seconds)} s ${seconds > 0 ? 'behind' : 'ahead of'} ours`, 'Let NTP keep both.')
}

function modified(file: string): number | null {
  const stats: Stats | undefined = statSync(file, { throwIfNoEntry: false })
  return stats ? stats.mtimeMs : null
}
