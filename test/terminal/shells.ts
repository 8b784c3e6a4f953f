// Real shells for tests: each with a HOME of its own that holds our hook, driven in a pseudo terminal by drive.py. Not for:
// what is to be captured, which the tests say.
import { spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { readRecords, type ShellRecord } from '../../bridges/terminal/records.ts'

export type ShellName = 'bash' | 'zsh' | 'fish'

/** Typed and sent by Enter; or as it is, waiting for a text, by default not at all. */
export type Step = string | { type: string; wait?: string | null; seconds?: number }

export const PROMPT = '@@> '
const hooks = resolve(import.meta.dirname, '../../bridges/terminal/hooks')
const driver = join(import.meta.dirname, 'drive.py')

/** The absolute path of a program; null: it is not here. Other builds can be named: DAYBOOK_TEST_BASH=/opt/bash-3.2/bash. */
export function programOf(name: string): string | null {
  const named = process.env[`DAYBOOK_TEST_${name.toUpperCase()}`]
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

export interface Home extends Disposable {
  path: string
  spool: string
  shell: ShellName
  /** Writes a file below it. */
  write(path: string, text: string | Uint8Array): void
  /** Everything that the shells have written, beginnings in order of time. */
  records(): ShellRecord[]
  /** The names in the spool. */
  files(): string[]
}

export interface HomeOptions {
  /** Lines of the start-up file before and after the one that loads the hook. */
  before?: string
  after?: string
  /** No hook. */
  bare?: boolean
}

const startFiles = { bash: '.bashrc', zsh: '.zshrc', fish: '.config/fish/config.fish' } as const

export function makeHome(shell: ShellName, { before = '', after = '', bare = false }: HomeOptions = {}): Home {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `daybook-${shell}-`)))
  const spool = join(path, '.local/state/daybook/terminal')
  const write: Home['write'] = (name, text) => {
    mkdirSync(join(path, name, '..'), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  const prompt = shell === 'fish' ? `function fish_prompt; echo -n '${PROMPT}'; end` : `PS1='${PROMPT}'`
  const load = shell === 'fish' ? `source ${hooks}/daybook.fish` : `. ${hooks}/daybook.${shell}`
  write(startFiles[shell], [prompt, before, bare ? '' : load, after, ''].join('\n'))
  const files = () => (existsSync(spool) ? readdirSync(spool).sort() : [])
  return {
    path,
    spool,
    shell,
    write,
    files,
    records: () =>
      files()
        .flatMap((name) => readRecords(readFileSync(join(spool, name))).records)
        .sort((a, b) => timeOf(a) - timeOf(b)),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  }
}

const timeOf = (record: ShellRecord) => (record.kind === 'begin' ? record.at : Number.MAX_SAFE_INTEGER)

/** Types these into a shell; it is killed if it does not end by itself. */
export async function typeInto(
  home: Home,
  steps: readonly Step[],
  { args = ['-i'], env = {} }: { args?: readonly string[]; env?: Record<string, string> } = {},
): Promise<{ screen: string; code: number }> {
  const plan = {
    argv: [programOf(home.shell), ...args],
    env: { HOME: home.path, PATH: '/usr/local/bin:/usr/bin:/bin', TERM: 'xterm', LANG: 'C.UTF-8', ...env },
    cwd: home.path,
    prompt: PROMPT,
    steps,
  }
  const python = spawn('python3', [driver], { stdio: ['pipe', 'pipe', 'inherit'] })
  let out = ''
  python.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  python.stdin.end(JSON.stringify(plan))
  await new Promise((ended) => python.once('close', ended))
  return JSON.parse(out) as { screen: string; code: number }
}

/** What was captured: the line, and its exit code, if an end was written; of `exit` only fish writes one. */
export function captured(home: Home): [command: string, exit: number | undefined][] {
  const records = home.records()
  return records.flatMap((record) => {
    if (record.kind !== 'begin') return []
    const end = records.find((one) => one.kind === 'end' && one.session === record.session && one.n === record.n)
    const code = end?.kind === 'end' && !record.command.startsWith('exit') ? end.exitCode : undefined
    return [[record.command, code] as [string, number | undefined]]
  })
}
