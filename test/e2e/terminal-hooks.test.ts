// The hooks in real shells in a pseudo terminal: what is typed, and what is captured. Also with a bash of another version:
// DAYBOOK_TEST_BASH=/opt/bash-3.2/bash.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { missing } from '../journey.ts'
import {
  captured,
  type Home,
  makeHome,
  PROMPT,
  programOf,
  type ShellName,
  type Step,
  typeInto,
} from '../terminal/shells.ts'

const python = missing(['python3', 'python3'])
if (python) console.warn(`skipped: ${python}`)
const shells = (['bash', 'zsh', 'fish'] as const).filter((shell) => {
  const here = programOf(shell) !== null
  if (!here) console.warn(`skipped: ${shell} is not here: apt-get install ${shell}`)
  return here && !python
})

interface Situation {
  what: string
  shells?: readonly ShellName[]
  /** Of the start-up file, before and after the line that loads the hook. */
  before?: string
  after?: string
  env?: Record<string, string>
  settings?: string
  typed: readonly Step[]
  captured: readonly [string, number | undefined][]
  /** What must not stand in any file of the spool. */
  never?: string
}

const BIG = 'a'.repeat(3000)
const posix = ['bash', 'zsh'] as const
const situations: Situation[] = [
  {
    what: 'exit codes, and the last command of a shell',
    typed: ['echo one', 'false', 'sh -c "exit 7"', 'exit 3'],
    captured: [
      ['echo one', 0],
      ['false', 1],
      ['sh -c "exit 7"', 7],
      ['exit 3', undefined],
    ],
  },
  {
    what: 'Enter, Ctrl-C on an empty line and on half a line, Ctrl-D',
    typed: ['', { type: '\x03', seconds: 0.4 }, 'true', { type: 'half\x03', seconds: 0.4 }, { type: '\x04' }],
    captured: [['true', 0]],
  },
  {
    what: 'a leading space',
    typed: ['echo a', ' echo hush', 'echo b', 'exit'],
    captured: [
      ['echo a', 0],
      ['echo b', 0],
      ['exit', undefined],
    ],
    never: 'hush',
  },
  {
    what: 'the same line again and again',
    typed: ['echo a', 'echo a', 'echo a', 'exit'],
    captured: [
      ['echo a', 0],
      ['echo a', 0],
      ['echo a', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'quotes, unicode and signs',
    typed: [`echo 'ein "Bär" = 100% \\ $x'`, 'echo ünï ☕', 'exit'],
    captured: [
      [`echo 'ein "Bär" = 100% \\ $x'`, 0],
      ['echo ünï ☕', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a pipe, a list, a background job',
    typed: ['echo a | cat | wc -c', 'true; false; true', 'sleep 0.01 &', 'exit'],
    captured: [
      ['echo a | cat | wc -c', 0],
      ['true; false; true', 0],
      ['sleep 0.01 &', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'Ctrl-C in a command',
    typed: [{ type: 'sleep 20\r', seconds: 0.5 }, { type: '\x03', wait: PROMPT }, 'exit'],
    captured: [
      ['sleep 20', 130],
      ['exit', undefined],
    ],
  },
  {
    what: 'Ctrl-Z, and back',
    shells: posix,
    typed: [{ type: 'sleep 0.4\r', seconds: 0.2 }, { type: '\x1a', wait: PROMPT }, 'fg', 'exit'],
    captured: [
      ['sleep 0.4', 148],
      ['fg', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a function and its call',
    shells: posix,
    typed: ['f() { false; }', 'f', 'exit'],
    captured: [
      ['f() { false; }', 0],
      ['f', 1],
      ['exit', undefined],
    ],
  },
  {
    what: 'a subshell, a group, a loop, a condition',
    shells: posix,
    typed: [
      '(exit 4)',
      '{ true; false; }',
      'for i in 1 2 3; do :; done',
      'if true; then false; fi',
      '[[ a == b ]]',
      'exit',
    ],
    captured: [
      ['(exit 4)', 4],
      ['{ true; false; }', 1],
      ['for i in 1 2 3; do :; done', 0],
      ['if true; then false; fi', 1],
      ['[[ a == b ]]', 1],
      ['exit', undefined],
    ],
  },
  {
    what: 'an alias, as it was typed',
    shells: posix,
    before: 'alias no=false',
    typed: ['no', 'exit'],
    captured: [
      ['no', 1],
      ['exit', undefined],
    ],
  },
  {
    what: 'several lines and a heredoc',
    shells: posix,
    typed: [{ type: 'cat <<X\rone\rX\r', wait: PROMPT }, 'exit'],
    captured: [
      ['cat <<X\none\nX', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'several lines of fish',
    shells: ['fish'],
    typed: [{ type: 'for i in 1 2\recho $i\rend\r', wait: PROMPT }, 'exit'],
    captured: [
      ['for i in 1 2\necho $i\nend', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'history expansion, as it was run',
    shells: posix,
    typed: ['echo a', '!!', 'exit'],
    captured: [
      ['echo a', 0],
      ['echo a', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a mistake in the syntax',
    shells: posix,
    typed: ['true', { type: ')\r', wait: PROMPT }, 'true', 'exit'],
    captured: [
      ['true', 0],
      ['true', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a shell in the shell',
    typed: ['true', 'sh', ...[{ type: 'exit\r', wait: PROMPT }], 'exit'],
    env: { PS1: PROMPT },
    captured: [
      ['true', 0],
      ['sh', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'patterns and folders that are ignored',
    settings: 'command *token*\ncommand vault [a-z]*\ndirectory /usr\n',
    typed: ['echo a', 'echo token', 'vault read', 'cd /usr/lib', 'ls -d .', 'cd /', 'exit'],
    captured: [
      ['echo a', 0],
      ['cd /usr/lib', 0],
      ['exit', undefined],
    ],
    never: 'token',
  },
  {
    what: 'DAYBOOK_TERMINAL=off',
    shells: posix,
    typed: ['export DAYBOOK_TERMINAL=off', 'echo hush', 'unset DAYBOOK_TERMINAL', 'true', 'exit'],
    captured: [
      ['export DAYBOOK_TERMINAL=off', 0],
      ['true', 0],
      ['exit', undefined],
    ],
    never: 'hush',
  },
  {
    what: 'nounset',
    shells: posix,
    before: 'set -u',
    typed: ['true', 'false', 'exit'],
    captured: [
      ['true', 0],
      ['false', 1],
      ['exit', undefined],
    ],
  },
  {
    what: 'errexit: the shell lives as long as it would',
    shells: posix,
    after: 'set -e',
    typed: ['', 'true', '(true)', 'cd /', ' true', 'true', { type: 'false\r' }],
    captured: [
      ['true', 0],
      ['(true)', 0],
      ['cd /', 0],
      ['true', 0],
      ['false', undefined],
    ],
  },
  {
    what: 'noclobber, and a trace that shows nothing of ours to the records',
    shells: posix,
    before: 'set -o noclobber',
    typed: ['true', 'set -x', 'true', 'exit'],
    captured: [
      ['true', 0],
      ['set -x', 0],
      ['true', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'loaded twice',
    shells: posix,
    after: `. ${join(import.meta.dirname, '../../bridges/terminal/hooks/daybook')}.$(basename "\${BASH:-zsh}")`,
    typed: ['true', 'exit'],
    captured: [
      ['true', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a long line is cut',
    shells: ['bash', 'zsh'],
    typed: [`: ${BIG}`, 'exit'],
    captured: [
      [`: ${BIG}`, 0],
      ['exit', undefined],
    ],
  },
  // bash alone
  ...[
    'HISTCONTROL=ignoreboth',
    'HISTCONTROL=ignoredups:erasedups',
    'HISTCONTROL=',
    'HISTTIMEFORMAT="%F %T "',
    'HISTSIZE=3',
  ].map(
    (before): Situation => ({
      what: `bash with ${before}`,
      shells: ['bash'],
      before,
      typed: ['echo a', ' echo hush', 'echo a', 'echo b', 'echo a', 'exit'],
      captured: [
        ['echo a', 0],
        ['echo a', 0],
        ['echo b', 0],
        ['echo a', 0],
        ['exit', undefined],
      ],
      never: 'hush',
    }),
  ),
  {
    what: 'bash is told not to remember',
    shells: ['bash'],
    before: "HISTIGNORE='hush*:ls'",
    typed: ['true', 'hush a', 'false', 'set +o history', 'true hush', 'exit'],
    captured: [
      ['true', 0],
      ['false', 1],
      ['set +o history', 0],
    ],
    never: 'hush',
  },
  ...['PROMPT_COMMAND="false; true"', 'PROMPT_COMMAND=(true false)', 'PROMPT_COMMAND="true;"'].map(
    (before): Situation => ({
      what: `bash with ${before}`,
      shells: ['bash'],
      before,
      typed: ['true', 'false', 'exit'],
      captured: [
        ['true', 0],
        ['false', 1],
        ['exit', undefined],
      ],
    }),
  ),
  {
    what: 'what others put into PROMPT_COMMAND and PS0 still works',
    shells: ['bash'],
    before: "PROMPT_COMMAND='seen=$?'",
    typed: ['(exit 9)', 'echo "saw:$seen"', 'exit'],
    captured: [
      ['(exit 9)', 9],
      ['echo "saw:$seen"', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'the last argument is still $_',
    shells: ['bash'],
    typed: ['echo first second', 'test $_ = second', 'exit'],
    captured: [
      ['echo first second', 0],
      ['test $_ = second', 0],
      ['exit', undefined],
    ],
  },
]

function check(shell: ShellName, situation: Situation, home: Home): void {
  const { never } = situation
  expect(captured(home)).toEqual(situation.captured)
  if (never === undefined) return
  for (const file of home.files()) expect(readFileSync(join(home.spool, file), 'latin1')).not.toMatch(`${never}\0`)
  expect(shell).toBe(home.shell)
}

/** As connect leaves it: beside the hook. */
function withSettings(home: Home, settings: string): void {
  const folder = join(home.path, 'hooks')
  mkdirSync(folder)
  const name = `daybook.${home.shell}`
  writeFileSync(join(folder, name), readFileSync(join(import.meta.dirname, '../../bridges/terminal/hooks', name)))
  writeFileSync(join(folder, 'settings'), settings)
}

describe.each(shells)('%s', (shell) => {
  const meant = situations.filter(({ shells = ['bash', 'zsh', 'fish'] }) => shells.includes(shell))
  test.each(meant)('$what', async (situation) => {
    const { before, after, settings } = situation
    const load = shell === 'fish' ? 'source ~/hooks/daybook.fish' : `. ~/hooks/daybook.${shell}`
    using home =
      settings === undefined
        ? makeHome(shell, { before, after } as object)
        : makeHome(shell, { bare: true, before: load })
    if (settings !== undefined) withSettings(home, settings)
    await typeInto(home, situation.typed, { env: situation.env ?? {} })
    check(shell, situation, home)
  })

  test('branch and root of the repository, in a worktree, in a detached head and outside', async () => {
    using home = makeHome(shell)
    home.write('repo/.git/HEAD', 'ref: refs/heads/topic/one\n')
    home.write('repo/.git/worktrees/tree/HEAD', 'ref: refs/heads/other\n')
    home.write('repo/deep/er/x', '')
    home.write('tree/.git', `gitdir: ${home.path}/repo/.git/worktrees/tree\n`)
    home.write('loose/.git/HEAD', '1234567890123456789012345678901234567890\n')
    await typeInto(home, [
      'cd repo/deep/er',
      'true 1',
      'cd ../../../tree',
      'true 2',
      'cd ../loose',
      'true 3',
      'cd ..',
      'true 4',
      'exit',
    ])
    const facts = home
      .records()
      .flatMap((r) => (r.kind === 'begin' && r.command.startsWith('true') ? [[r.root, r.branch]] : []))
    expect(facts).toEqual([
      [join(home.path, 'repo'), 'topic/one'],
      [join(home.path, 'repo'), 'other'],
      [join(home.path, 'loose'), undefined],
      [undefined, undefined],
    ])
  })

  test('what a record says: who, where, when and how long, in a file that only its owner can read', async () => {
    using home = makeHome(shell)
    const begun = Date.now()
    await typeInto(home, ['umask 000', 'sleep 0.3', 'umask', 'exit'], { env: { SHLVL: '3', CLAUDECODE: '1' } })
    const [, one] = home.records().filter((record) => record.kind === 'begin')
    expect(one).toMatchObject({
      command: 'sleep 0.3',
      n: 2,
      cwd: home.path,
      agent: 'claude-code',
      shell: expect.stringMatching(`^${shell} \\d`),
    })
    expect(one).toMatchObject({ host: expect.any(String), pid: expect.any(Number), level: expect.any(Number) })
    if (one?.kind !== 'begin') return
    expect(Math.abs(one.at - begun)).toBeLessThan(10_000)
    const end = home.records().find((record) => record.kind === 'end' && record.n === one.n)
    const took = end?.kind === 'end' ? (end.duration ?? (end.until ?? 0) - one.at) : 0
    // A bash without EPOCHREALTIME knows seconds only.
    if (!/^bash [34]/.test(one.shell ?? '')) expect(took).toBeGreaterThanOrEqual(280)
    expect(took).toBeLessThan(5_000)
    for (const file of home.files()) expect(statSync(join(home.spool, file)).mode & 0o777).toBe(0o600)
    expect(statSync(home.spool).mode & 0o777).toBe(0o700)
  })

  test('a spool that cannot be written is no word on the terminal', async () => {
    using home = makeHome(shell)
    home.write('.local/state/daybook', 'a file where a folder should be')
    const { screen } = await typeInto(home, ['echo on', 'false', 'exit'])
    expect(screen).toContain('on\r\n')
    expect(screen).not.toMatch(/daybook|denied|directory|No such/)
  })

  test('who is no person at a terminal writes nothing', async () => {
    using home = makeHome(shell)
    await typeInto(home, [], { args: ['-c', 'true'] })
    await typeInto(home, [], {
      args: ['-c', shell === 'fish' ? 'source ~/.config/fish/config.fish; true' : `. ~/.${shell}rc; true`],
    })
    expect(home.files()).toEqual([])
  })

  // Through a pipe, as a line editor draws so long a line for minutes; fish has no prompts there.
  test.skipIf(shell === 'fish')('a line of a megabyte is cut, and says how long it was', () => {
    using home = makeHome(shell)
    const line = `true ${'x'.repeat(1_000_000)}`
    const env = { HOME: home.path, PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }
    execFileSync(programOf(shell) as string, ['-i'], { env, cwd: home.path, input: `${line}\nexit\n`, stdio: 'pipe' })
    const [one] = home.records()
    expect(one).toMatchObject({ kind: 'begin', length: line.length, command: line.slice(0, 65_536) })
  })
})
