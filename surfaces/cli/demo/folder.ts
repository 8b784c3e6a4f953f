// The temporary folder of a demo: made, removed, and those removed that a demo left which was killed. Not for: the house in
// it (demo-house.ts).
import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { lockDataFolder } from '../../../storage/postgres/server/lock.ts'
import { readKept } from '../../../storage/postgres/server/place.ts'

/** The process whose demo it is, then what makes it the only one of that name. */
const NAME = /^daybook-demo-(\d+)-\w{6}$/

/** For us alone; its name says whose it is. */
export async function makeTemporary(among = tmpdir()): Promise<string> {
  return mkdtemp(join(among, `daybook-demo-${process.pid}-`))
}

/** With the database of the demo, wherever that is. */
export async function removeFolder(data: string): Promise<void> {
  // Where Postgres cannot reach the folder, its database is elsewhere.
  const { cluster } = await readKept(data)
  if (cluster !== undefined && dirname(cluster) !== data) await rm(dirname(cluster), { recursive: true, force: true })
  await rm(data, { recursive: true, force: true, maxRetries: 5 })
}

/** Removes what demos left here whose process and whose house are gone. Never rejects: the next demo may try again. */
export async function removeLeft(among = tmpdir()): Promise<void> {
  const names = await readdir(among).catch(() => [])
  for (const name of names) {
    const [, owner] = NAME.exec(name) ?? []
    const folder = join(among, name)
    if (owner === undefined || isAlive(Number(owner))) continue
    await removeUnused(folder).catch(() => {})
  }
}

async function removeUnused(folder: string): Promise<void> {
  const about = await lstat(folder)
  // Everybody may make such a name here, and what lies in a folder of somebody else is not to tell us what to remove.
  if (!about.isDirectory() || (process.getuid && about.uid !== process.getuid())) return
  // Throws while a house still stops in it.
  lockDataFolder(folder).release()
  await removeFolder(folder)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Another user's is alive, too.
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
