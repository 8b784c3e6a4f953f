// What is typed into a shell and what is to be captured of it, a line each. Not for: driving the shells (drive.py), or what
// needs more than a look at the records (terminal-hooks.test.ts).
import { join } from 'node:path'
import { PROMPT, type ShellName, type Step } from './shells.ts'

export interface Situation {
  what: string
  shells?: readonly ShellName[]
  /** Of the start-up file, before and after the line that loads the hook. */
  before?: string
  after?: string
  env?: Record<string, string>
  settings?: string | undefined
  typed: readonly Step[]
  captured: readonly [string, number | undefined][]
  /** What must not stand in any file of the spool. */
  never?: string
}

const BIG = 'a'.repeat(3000)
const posix = ['bash', 'zsh'] as const
const typedFor = (type: string): Step => ({ type, seconds: 1 })
export const situations: readonly Situation[] = [
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
    // bash shows its prompt again only with the next key.
    typed: ['', typedFor('\x03'), typedFor('true\r'), typedFor('half\x03'), { type: '\x04' }],
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
  {
    what: 'ksh_arrays, and the functions of others',
    shells: ['zsh'],
    before: 'a() { A=1; }; b() { B=1; }; precmd_functions=(a b); setopt ksh_arrays',
    typed: ['test "$A$B" = 11', 'exit'],
    captured: [
      ['test "$A$B" = 11', 0],
      ['exit', undefined],
    ],
  },
]
