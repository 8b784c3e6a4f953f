// The real command lines of Claude Code and Codex, each run once against a stand-in for its model, in a HOME of its own, by
// the rigs beside the checkout. Not for: what Daybook makes of it.
import { execFile, spawn } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const RIGS = resolve(import.meta.dirname, '../../../shared/rigs')
const CACHE = resolve(import.meta.dirname, '../../node_modules/.cache/rigs')
/** It takes ten seconds; two that hang leave a run of the suite within three minutes. */
const INSTALL_MS = 75_000

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

/** Why a program is not here; a test of it is skipped. */
export class NotFetched extends Error {}

const failed = new Map<Program, NotFetched>()

/** Rejects with `NotFetched` where npm cannot fetch it in time, and at once for the same program from then on. */
async function fetchProgram(program: Program, folder: string): Promise<void> {
  const before = failed.get(program)
  if (before) throw before
  // npm needs what the person told it by variables: proxies, certificates. A group of its own: npm is a grandchild.
  const env = { ...process.env, RIG_DIR: folder }
  const stdio = ['ignore', 'pipe', 'pipe'] as const
  const child = spawn(join(RIGS, program, 'install.sh'), [], { env, stdio: [...stdio], detached: true })
  const said: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (piece) => said.push(String(piece)))
  const ended = Promise.withResolvers<string | undefined>()
  child.once('error', ({ message }) => ended.resolve(message))
  child.once('close', (code) => ended.resolve(code === 0 ? undefined : `it ended with ${code}`))
  const timer = setTimeout(() => {
    if (child.pid) process.kill(-child.pid, 'SIGKILL')
    ended.resolve(`it was not done after ${INSTALL_MS / 1000} s`)
  }, INSTALL_MS)
  const why = await ended.promise
  clearTimeout(timer)
  if (why === undefined) return
  const error = new NotFetched(`installing ${program} with npm: ${why}. ${said.join('').slice(-500)}`.trim())
  failed.set(program, error)
  throw error
}

/** The program for a run folder; rejects with `NotFetched` where it cannot be fetched. */
export async function install(program: Program, folder: string): Promise<Installed> {
  const rig = join(RIGS, program)
  const base = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', RIG_DIR: process.env.RIG_DIR ?? CACHE }
  await mkdir(base.RIG_DIR, { recursive: true })
  const found = () => globSync(binaries[program], { cwd: base.RIG_DIR })[0]
  if (!found()) await fetchProgram(program, base.RIG_DIR)
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
