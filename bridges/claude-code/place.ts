// What a folder belongs to: the repository and the branch, read from git's own files (gitrepository-layout). Git itself is
// never run: a hostile repository can make it run programs. Not for: anything but looking.
import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import type { Place } from './call.ts'

/** How far up a repository is looked for. */
const LEVELS = 40

/** `cwd` absolute; undefined for what is no absolute path. A folder that is gone still has its name. */
export function placeOf(cwd: string): Place | undefined {
  if (!isAbsolute(cwd)) return undefined
  let folder = cwd
  for (let level = 0; level < LEVELS; level++) {
    const git = gitFolder(folder)
    if (git) return { project: projectOf(folder, git), branch: branchOf(git) }
    const above = dirname(folder)
    if (above === folder) break
    folder = above
  }
  return { project: basename(cwd) || cwd }
}

/** `.git`, or where it points: in a worktree and in a submodule it is a file. */
function gitFolder(folder: string): string | undefined {
  const path = join(folder, '.git')
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat?.isDirectory()) return path
  const [, target] = /^gitdir: (.+)$/m.exec(stat?.isFile() && stat.size < 4096 ? read(path) : '') ?? []
  return target === undefined ? undefined : resolve(folder, target.trim())
}

function branchOf(git: string): string | undefined {
  const head = read(join(git, 'HEAD')).trim()
  const [, branch] = /^ref: refs\/heads\/(.+)$/.exec(head) ?? []
  return branch ?? (/^[0-9a-f]{40,64}$/.test(head) ? head.slice(0, 12) : undefined)
}

function projectOf(folder: string, git: string): string {
  const main = read(join(git, 'commondir')).trim()
  const whole = main === '' ? folder : resolve(git, main)
  const name = basename(whole) === '.git' ? basename(dirname(whole)) : basename(whole).replace(/\.git$/, '')
  return name || basename(folder) || folder
}

/** Empty: it cannot be read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
