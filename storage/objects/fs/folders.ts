// Folders that are still there after a power cut: whoever makes one also syncs what it was made in. Not for: the files
// in them.
import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** A folder that is there. */
export interface MadeFolder {
  /** False if it stood there before. */
  anew: boolean
  /** Resolves once it outlives a power cut. Whoever needs that waits; nobody else is told of a failure. */
  durable: Promise<void>
}

/** Remembers which folders under a root are durable, so that each is synced once a run and not once a file. */
export class DurableFolders {
  private readonly known = new Set<string>()
  private readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** Makes a folder and those around it, 0700. */
  async make(path: string): Promise<MadeFolder> {
    if (this.known.has(path)) return { anew: false, durable: Promise.resolve() }
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    const top = first !== undefined && first.length < this.root.length ? first : this.root
    const fresh = [path]
    // What stood there already may stem from a run that ended before it was synced.
    for (let at = path; at !== top && !this.known.has(dirname(at)); at = dirname(at)) fresh.push(dirname(at))
    const durable = this.settle(fresh)
    durable.catch(() => {})
    return { anew: first !== undefined, durable }
  }

  /** Makes many folders in one, with one sync for all; durable when it resolves. */
  async makeWithin(path: string, names: readonly string[]): Promise<void> {
    await (await this.make(path)).durable
    await Promise.all(names.map((name) => mkdir(join(path, name), { recursive: true, mode: 0o700 })))
    await syncFolder(path)
    for (const name of names) this.known.add(join(path, name))
  }

  private async settle(fresh: readonly string[]): Promise<void> {
    await Promise.all(fresh.map((path) => syncFolder(dirname(path))))
    for (const path of fresh) this.known.add(path)
  }

  /** After any failure: someone may have removed what we made. */
  forget(): void {
    this.known.clear()
  }
}

/** Entries of a folder reach the disk (fsync(2): syncing a file does not sync its entry). */
export async function syncFolder(path: string): Promise<void> {
  await syncAfter(path, Promise.resolve())
}

/** Syncs a folder once `change` is done in it, and opens it meanwhile. */
export async function syncAfter(path: string, change: Promise<void>): Promise<void> {
  // Windows opens no folders; its file systems keep entries in a journal of their own.
  if (process.platform === 'win32') return change
  const [opened, changed] = await Promise.allSettled([open(path, 'r'), change])
  try {
    if (changed.status === 'rejected') throw changed.reason
    if (opened.status === 'rejected') throw opened.reason
    await opened.value.sync()
  } finally {
    // Nobody has to wait for this.
    if (opened.status === 'fulfilled') opened.value.close().catch(() => {})
  }
}
