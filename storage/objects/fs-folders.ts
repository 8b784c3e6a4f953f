// Folders that are still there after a power cut: whoever makes one also syncs what it was made in. Not for: the files
// in them.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './fs-errors.ts'

/** Remembers which folders are durable, so that each is synced once a run and not once a file. */
export class DurableFolders {
  private readonly known = new Set<string>()

  /** Makes a folder and those around it, 0700. They are durable once `settle` has resolved for what this returns. */
  async make(path: string): Promise<string[]> {
    if (this.known.has(path)) return []
    const parent = dirname(path)
    try {
      await mkdir(path, { mode: 0o700 })
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOENT' && parent !== path) return [...(await this.make(parent)), ...(await this.make(path))]
      if (code !== 'EEXIST') throw error
    }
    // It may stand there since a run that ended before it was synced.
    return [path]
  }

  /** Syncs files' folders and, for those that `make` returned, what they are in. */
  async settle(made: readonly string[], changed: readonly string[] = []): Promise<void> {
    const folders = new Set([...changed, ...made.map(dirname)])
    await Promise.all([...folders].map(syncFolder))
    for (const path of made) this.known.add(path)
  }

  /** After any failure: someone may have removed what we made. */
  forget(): void {
    this.known.clear()
  }
}

/** Entries of a folder reach the disk (fsync(2): syncing a file does not sync its entry). */
export async function syncFolder(path: string): Promise<void> {
  // Windows opens no folders; its file systems keep entries in a journal of their own.
  if (process.platform === 'win32') return
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
