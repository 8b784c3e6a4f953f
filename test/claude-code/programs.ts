// The real command lines of Claude Code and Codex, each run once against a stand-in for its model, in a HOME of its own, by
// the rigs beside the checkout. Not for: what Daybook makes of it.
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const RIGS = resolve(import.meta.dirname, '../../../shared/rigs')
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/rigs')
const INSTALL_MS = 300_000

/** Where the program lies below its rig. */
const binaries = {
  'claude-code': 'claude-code/node_modules/@anthropic-ai/claude-code-*/claude',
  codex: 'codex/node_modules/@openai/codex-*/vendor/*/bin/codex',
}

export type Program = keyof typeof binaries

/** Where the rigs are; null: not beside this checkout. */
export const rigs = existsSync(join(RIGS, 'claude-code/run.sh')) ? RIGS : null

export interface Ran {
  code: number
  stderr: string
}

export interface Installed {
  home: string
  /** A folder with the program, for PATH. */
  bin: string
  /** One run in that HOME; `hooks`: what Codex is given as its hooks.json. */
  run(env?: Record<string, string>, args?: readonly string[], hooks?: string): Promise<Ran>
}

/** The program for a run folder; rejects where it cannot be fetched. */
export async function install(program: Program, folder: string): Promise<Installed> {
  const rig = join(RIGS, program)
  const base = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', RIG_DIR: process.env.RIG_DIR ?? CACHE }
  await mkdir(base.RIG_DIR, { recursive: true })
  const found = () => globSync(binaries[program], { cwd: base.RIG_DIR })[0]
  if (!found()) await run(join(rig, 'install.sh'), [], { env: base, timeout: INSTALL_MS })
  const [home, bin] = [join(folder, 'home'), join(folder, 'bin')]
  for (const each of [home, bin]) await mkdir(each, { recursive: true })
  const name = program === 'codex' ? 'codex' : 'claude'
  await symlink(join(base.RIG_DIR, found() ?? ''), join(bin, name))
  return {
    home,
    bin,
    async run(env = {}, args = [], hooks = '-') {
      // It names the port of the run before, which a new run may read before it is written anew.
      await rm(join(folder, 'fake.out'), { force: true })
      const options = { env: { ...base, RUN: folder, ...env }, timeout: 90_000 }
      return run(join(rig, 'run.sh'), [hooks, ...args], options).then(
        ({ stderr }) => ({ code: 0, stderr }),
        ({ code, stderr }) => ({ code: Number(code), stderr: String(stderr) }),
      )
    },
  }
}
