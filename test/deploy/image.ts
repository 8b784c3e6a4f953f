// What deploy/Dockerfile puts into the image, in a folder: the files that .dockerignore lets in, and the packages that its
// own command installs. Not for: building an image, which needs a container engine.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { inImage, root } from './compose.ts'

const FOREIGN = new Set(['node_modules', 'data', '.git', '.rig'])

export async function buildImage(folder: string): Promise<void> {
  for (const file of inImage(filesIn(root))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    copyFileSync(join(root, file), join(folder, file))
  }
  const [, words = ''] = /^RUN npm (ci .*)$/m.exec(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')) ?? []
  await promisify(execFile)('npm', words.split(' '), { cwd: folder })
}

/** Paths below the root, forward slashes. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (FOREIGN.has(entry.name)) return []
    return entry.isDirectory() ? filesIn(path) : [relative(root, path).replaceAll('\\', '/')]
  })
}
