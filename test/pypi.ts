// Installs a program that PyPI has as a wheel, into a virtual environment of its own, once. Not for: running it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const INSTALL_MS = 300_000

export interface Wheel {
  title: string
  wheel: string
  version: string
  /** What it is called in the environment's bin/. */
  program: string
  /** Wheels that it needs in these versions, as in `Flask==2.3.3`, where the newest are not what it was made for. */
  pins?: readonly string[]
}

/** The path of the program, or why there is none. */
export async function installed({
  title,
  wheel,
  version,
  program,
  pins = [],
}: Wheel): Promise<string | { missing: string }> {
  const folder = resolve(import.meta.dirname, '../node_modules/.cache', `${program}-${version}`)
  const path = join(folder, 'bin', program)
  const done = join(folder, 'installed')
  if (existsSync(done)) return path
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS })
    const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', `${wheel}==${version}`, ...pins]
    await run(join(folder, 'bin', 'python'), pip, { timeout: INSTALL_MS })
    await writeFile(done, version)
    return path
  } catch (error) {
    const why = (error as Error).message.slice(0, 500)
    return { missing: `${title} ${version} could not be installed (it needs python3 with venv): ${why}` }
  }
}
