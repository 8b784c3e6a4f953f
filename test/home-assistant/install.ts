// Installs a real Home Assistant from PyPI into a virtual environment of its own, once. Not for: running it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The last one for Python 3.11, which Debian 12 has. Its account library needs an older josepy than it asks for. */
const VERSION = '2024.3.3'
const PACKAGES = [`homeassistant==${VERSION}`, 'josepy<2']
const PYTHONS = ['python3.11', 'python3']
const INSTALL_MS = 300_000

export type Installed = { python: string } | { missing: string }

/** Where its Python is, or why there is none. What its integrations need it installs itself at its first start. */
export async function installHomeAssistant(): Promise<Installed> {
  const folder = resolve(import.meta.dirname, '../../node_modules/.cache', `home-assistant-${VERSION}`)
  const python = join(folder, 'bin', 'python')
  const done = join(folder, 'installed')
  if (existsSync(done)) return { python }
  const base = await findPython()
  if (!base) return { missing: `Home Assistant ${VERSION} needs Python 3.11 (tried ${PYTHONS.join(', ')})` }
  try {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true })
    await run(base, ['-m', 'venv', folder], { timeout: INSTALL_MS })
    // uv fetches in parallel: seconds where pip takes minutes.
    await run(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', 'uv'], { timeout: INSTALL_MS })
    const uv = join(folder, 'bin', 'uv')
    await run(uv, ['pip', 'install', '-q', '--python', python, ...PACKAGES], { timeout: INSTALL_MS })
    await writeFile(done, VERSION)
    return { python }
  } catch (error) {
    return { missing: `Home Assistant ${VERSION} could not be installed: ${(error as Error).message.slice(0, 500)}` }
  }
}

async function findPython(): Promise<string | undefined> {
  for (const name of PYTHONS) {
    const version = await run(name, ['-c', 'import sys, venv; print("%d.%d" % sys.version_info[:2])']).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    )
    if (version === '3.11') return name
  }
  return undefined
}
