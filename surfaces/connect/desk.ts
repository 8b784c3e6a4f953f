// A person's machine as connectors see it: folders, programs, files. Not for: changing any file (edits.ts).
import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'

/** What the environment says of the person's folders and programs, handed in by config.ts. */
export type DeskEnvironment = Readonly<Record<string, string | undefined>>

export interface Ran {
  /** Null: it did not end in time, or could not be started. */
  code: number | null
  stdout: string
  stderr: string
}

export interface Desk {
  home: string
  env: DeskEnvironment
  /** Of this program, for what is copied from it. */
  product: string
  /** Where Daybook keeps what it must remember of this desk: $XDG_STATE_HOME/daybook. */
  state: string
  /** Where Daybook puts what other programs call: $XDG_DATA_HOME/daybook. */
  data: string
  /** $XDG_CONFIG_HOME, which is others'. */
  config: string
  /** Null: there is none. Throws `file_unwritable` for what cannot be read. */
  read(path: string): string | null
  isFolder(path: string): boolean
  /** A file that may be run. */
  isProgram(path: string): boolean
  /** The absolute path of a program on PATH; null: there is none. */
  which(program: string): string | null
  /** Runs a program to its end; never through a shell. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Ran>
}

export interface RunOptions {
  env?: Record<string, string>
  input?: string
  cwd?: string
  /** Default 20,000. */
  timeoutMs?: number
}

export function deskOf({ env, home, product }: { env: DeskEnvironment; home: string; product: string }): Desk {
  // XDG Base Directory Specification 0.8: what is not absolute is to be ignored.
  const base = (name: string, usual: string) => {
    const given = env[name]
    return given !== undefined && isAbsolute(given) ? given : join(home, usual)
  }
  return {
    home,
    env,
    product,
    state: join(base('XDG_STATE_HOME', '.local/state'), 'daybook'),
    data: join(base('XDG_DATA_HOME', '.local/share'), 'daybook'),
    config: base('XDG_CONFIG_HOME', '.config'),
    read(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENOENT' || code === 'ENOTDIR') return null
        throw new DaybookError('file_unwritable', (error as Error).message, { cause: error })
      }
    },
    isFolder(path) {
      return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
    },
    isProgram,
    which(program) {
      const folders = (env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
      return folders.map((folder) => join(folder, program)).find(isProgram) ?? null
    },
    run(program, args, { env: more = {}, input = '', cwd = home, timeoutMs = 20_000 } = {}) {
      return new Promise((resolve) => {
        const settings = { env: { ...env, ...more }, cwd, timeout: timeoutMs, killSignal: 'SIGKILL' as const }
        const child = execFile(program, [...args], settings, (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null
          resolve({ code, stdout, stderr: stderr || (error?.message ?? '') })
        })
        child.stdin?.on('error', () => {})
        child.stdin?.end(input)
      })
    },
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
