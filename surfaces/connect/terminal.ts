// Connects the shells of a desk: copies the hooks beside each other and has each shell read its own by one line in its
// start-up file, with one absolute path. Not for: what the hooks do (bridges/terminal), or importing, which is asked for.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, Edit } from './connector.ts'
import type { Desk } from './desk.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

interface Found {
  shell: Shell
  program: string
  /** What it reads when it starts; some shells read one of several. */
  files: string[]
}

const PROOF = ': daybook connect'
/** Lines that are ours, however they have been moved or indented since. */
const OURS = /^.*\/daybook\/terminal\/daybook\.(?:bash|zsh|fish).*(?:\r?\n|$)/gm
const SETTINGS = `# What the shells of this desk never record, besides lines that begin with a space. A pattern a line, as in a shell:
#   command *--password*
#   directory ~/private
# Run \`daybook connect terminal\` again afterwards, so that imports hold to it, too.
`

export const terminal: Connector = {
  source: 'terminal',
  aliases: ['shell'],
  summary: 'The commands of bash, zsh and fish',
  options: [
    {
      name: 'shell',
      value: 'NAMES',
      summary: 'terminal: bash, zsh, fish, or several with commas; default: those you use',
    },
  ],
  async plan(desk, _house, option) {
    const asked = option('shell')?.split(',')
    const wrong = asked?.find((name) => !shells.includes(name as Shell))
    if (wrong !== undefined) throw new DaybookError('usage', `--shell takes ${shells.join(', ')}, not "${wrong}".`)
    const all = await findShells(desk)
    const absent = asked?.find((name) => !all.some(({ shell }) => shell === name))
    if (absent !== undefined || all.length === 0) {
      throw new DaybookError('not_installed', `${absent ?? shells.join(', ')}: not on PATH.`)
    }
    const found = asked ? all.filter(({ shell }) => asked.includes(shell)) : used(all, desk)
    const settings = settingsFile(desk)
    const kept = desk.read(settings)
    return {
      found: found.map(({ program, files }) => `${program}, which reads ${files.join(' and ')}`),
      edits: [
        {
          path: settings,
          why: 'where the hooks write, and what they never record',
          apply: (before) => withSpool(before ?? SETTINGS, spoolOf(desk)),
        },
        ...found.flatMap((each) => editsOf(each, desk)),
      ],
      settings: {
        spool: spoolOf(desk),
        ignore: ignoredIn(kept ?? '', desk.home),
        histories: await historiesOf(desk, all),
      },
      todo: ['Open a new terminal: those that are open go on without it.'],
    }
  },
  async prove(desk) {
    const connected = (await findShells(desk)).filter(({ files }) => files.some((file) => isOurs(desk.read(file))))
    const begun = Date.now()
    for (const found of connected) await runIn(found, desk)
    const missing = new Set(connected.map(({ shell }) => shell))
    return {
      what: `${[...missing].join(', ')} ran \`${PROOF}\``,
      matches(activity: ActivityEvent) {
        const { command, shell } = activity.details ?? {}
        if (command === PROOF && activity.timestamp > begun - 2_000)
          missing.delete(String(shell).split(' ')[0] as Shell)
        return missing.size === 0 && command === PROOF
      },
    }
  },
  leftBehind: (desk) => leftBehind(desk),
  undo(path, now) {
    if (/\/daybook\/terminal\/(?:settings|daybook\.\w+)$/.test(path)) return null
    return isOurs(now) ? now.replace(OURS, '') : undefined
  },
}

/** Folders to remove once the terminal is disconnected: what was written since is in clear, and nobody reads it any more. */
export const leftBehind = (desk: Desk): string[] => [spoolOf(desk)]

const folderOf = (desk: Desk) => join(desk.data, 'terminal')
const hookOf = (desk: Desk, shell: Shell) => join(folderOf(desk), `daybook.${shell}`)
const settingsFile = (desk: Desk) => join(folderOf(desk), 'settings')
const spoolOf = (desk: Desk) => join(desk.state, 'terminal')
const isOurs = (text: string | null) => text !== null && text.search(OURS) >= 0

async function findShells(desk: Desk): Promise<Found[]> {
  const found: Found[] = []
  for (const shell of shells) {
    const program = desk.which(shell)
    if (program === null) continue
    found.push({ shell, program, files: await startFiles(desk, shell, program) })
  }
  return found
}

/** Those that are set up or are the person's own; else all. */
function used(all: readonly Found[], desk: Desk): Found[] {
  const own = desk.env.SHELL?.split('/').at(-1)
  const isUsed = ({ shell, files }: Found) =>
    shell === own ||
    files.some((file) => desk.read(file) !== null) ||
    (shell === 'fish' && desk.isFolder(join(desk.config, 'fish')))
  const some = all.filter(isUsed)
  return some.length > 0 ? some : [...all]
}

async function startFiles(desk: Desk, shell: Shell, program: string): Promise<string[]> {
  if (shell === 'fish') return [join(desk.config, 'fish/conf.d/daybook.fish')]
  if (shell === 'zsh') {
    // What ~/.zshenv says of it no other program knows.
    const { stdout } = await desk.run(program, ['-c', 'print -rn -- $ZDOTDIR'])
    return [join(stdout.startsWith('/') ? stdout : desk.home, '.zshrc')]
  }
  const rc = join(desk.home, '.bashrc')
  // A login shell, as each of a Mac's terminal is, reads the first of these instead.
  const logins = ['.bash_profile', '.bash_login', '.profile'].map((name) => join(desk.home, name))
  const login = logins.find((file) => desk.read(file) !== null)
  if (login !== undefined) return desk.read(login)?.includes('bashrc') ? [rc] : [rc, login]
  return process.platform === 'darwin' ? [rc, logins[0] as string] : [rc]
}

function editsOf({ shell, files }: Found, desk: Desk): Edit[] {
  const hook = hookOf(desk, shell)
  const text = desk.read(join(desk.product, 'bridges/terminal/hooks', `daybook.${shell}`))
  if (text === null) throw new DaybookError('internal', `The hook of ${shell} is missing in ${desk.product}.`)
  return [
    { path: hook, why: `what ${shell} does before and after a command`, apply: () => text },
    ...files.map(
      (path): Edit => ({
        path,
        why: `has ${shell} read it`,
        mode: 0o644,
        apply: (before) => withLine(before, lineFor(shell, hook)),
      }),
    ),
  ]
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`
const quotedForFish = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`

/** One line, which does nothing once the hook is gone. */
function lineFor(shell: Shell, hook: string): string {
  if (shell === 'fish') {
    const path = quotedForFish(hook)
    return `test -r ${path}; and source ${path}`
  }
  const path = quoted(hook)
  // ~/.profile is for every shell.
  return `if ${shell === 'bash' ? '[ -n "$BASH_VERSION" ] && ' : ''}[ -r ${path} ]; then . ${path}; fi`
}

function withLine(before: string | null, line: string): string {
  const text = before ?? ''
  if (text.split('\n').includes(line)) return text
  const rest = text.replace(OURS, '')
  const ended = rest === '' || rest.endsWith('\n') ? rest : `${rest}\n`
  // A line that a backslash continues goes on with an empty one, not with ours.
  return `${ended}${/\\\n$/.test(ended) ? '\n' : ''}${line}\n`
}

function withSpool(before: string, spool: string): string {
  const lines = before.split('\n').filter((line) => line !== '' && !line.startsWith('spool '))
  return `${[...lines, `spool ${spool}`].join('\n')}\n`
}

/** As the hooks read it. */
function ignoredIn(text: string, home: string): { commands: string[]; directories: string[] } {
  const of = (key: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${key} `))
      .map((line) => line.slice(key.length + 1).trim())
  return { commands: of('command'), directories: of('directory').map((each) => each.replace(/^~/, home)) }
}

/** Where the past is, if a person asks for it. */
async function historiesOf(desk: Desk, all: readonly Found[]): Promise<string[]> {
  const zsh = all.find(({ shell }) => shell === 'zsh')
  const zshFolder = zsh ? join(zsh.files[0] as string, '..') : desk.home
  const data = join(desk.data, '..')
  const places = [
    join(data, 'atuin/history.db'),
    join(desk.home, '.bash_history'),
    ...new Set([join(zshFolder, '.zsh_history'), join(desk.home, '.zsh_history'), join(desk.home, '.histfile')]),
  ]
  const fish = join(data, 'fish')
  const fishes = desk.isFolder(fish) ? readdirSync(fish).filter((name) => name.endsWith('_history')) : []
  return [...places.filter((path) => isThere(desk, path)), ...fishes.map((name) => join(fish, name))]
}

function isThere(desk: Desk, path: string): boolean {
  const { base, folder } = { base: path.split('/').at(-1) as string, folder: join(path, '..') }
  return desk.isFolder(folder) && readdirSync(folder).includes(base)
}

/**
 * A shell that thinks a person is there, and runs a command as one would type it. bash and zsh do that with lines from a pipe,
 * fish only in a terminal, which script(1) makes. Nothing of it enters a history.
 */
async function runIn({ shell, program, files }: Found, desk: Desk): Promise<void> {
  const env = { DAYBOOK_TERMINAL: '', TERM: 'dumb' }
  const file = files.find((each) => isOurs(desk.read(each))) as string
  if (shell === 'fish') {
    // It makes files where it finds none: a history, variables, a configuration.
    const own = mkdtempSync(join(tmpdir(), 'daybook-fish-'))
    try {
      await runFish(program, `source ${quotedForFish(file)}`, desk, {
        ...env,
        XDG_CONFIG_HOME: own,
        XDG_DATA_HOME: own,
      })
    } finally {
      rmSync(own, { recursive: true, force: true })
    }
    return
  }
  // With `share_history` zsh writes a line before it runs it: ours is one, and reads its files itself.
  const quiet =
    shell === 'zsh' ? ` [ ! -r ~/.zshenv ] || . ~/.zshenv; . ${quoted(file)}; unset HISTFILE` : ' unset HISTFILE'
  const args = shell === 'zsh' ? ['-f', '-i'] : ['-i']
  await desk.run(program, args, { input: `${quiet}\n${PROOF}\n exit\n`, env })
}

async function runFish(program: string, load: string, desk: Desk, env: Record<string, string>): Promise<void> {
  const script = desk.which('script')
  if (script === null) {
    const told = `${load}; emit fish_preexec '${PROOF}'; ${PROOF}; emit fish_postexec '${PROOF}'`
    await desk.run(program, ['-i', '-c', told], { env })
    return
  }
  const words = [program, '-i', '-C', load]
  const args =
    process.platform === 'darwin' ? ['-q', '/dev/null', ...words] : ['-qec', words.map(quoted).join(' '), '/dev/null']
  await desk.run(script, args, { input: ` set -g fish_history ''\r${PROOF}\r exit\r`, env })
}
