// What is typed into bash alone, which has no hooks of its own, so that ours meets whatever a person has set. Not for: what
// all shells are to tell (situations.ts).
import type { Situation } from './situations.ts'

export const situationsOfBash: readonly Situation[] = [
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
  ...['set -o posix', 'export POSIXLY_CORRECT=1', 'unset EPOCHREALTIME', 'readonly HISTTIMEFORMAT="%T "'].map(
    (before): Situation => ({
      what: `bash with ${before}`,
      shells: ['bash'],
      before,
      settings: 'command vault *\n',
      typed: ['true', 'vault login', 'echo a b', '(exit 3)', 'exit'],
      captured: [
        ['true', 0],
        ['echo a b', 0],
        ['(exit 3)', 3],
        ['exit', undefined],
      ],
      never: 'vault',
    }),
  ),
  {
    what: 'a shell that becomes posix',
    shells: ['bash'],
    typed: ['set -o posix', 'echo a b', '(exit 3)', 'exit'],
    captured: [
      ['set -o posix', 0],
      ['echo a b', 0],
      ['(exit 3)', 3],
      ['exit', undefined],
    ],
  },
  ...["PROMPT_COMMAND='n=1'", 'PROMPT_COMMAND="n=1; $PROMPT_COMMAND"', 'unset PS0; . ~/.bashrc'].map(
    (first): Situation => ({
      what: `bash in which ${first} comes later`,
      shells: ['bash'],
      before: 'PROMPT_COMMAND=n=1',
      typed: [first, 'false', '(exit 3)', 'test $n = 1', 'exit'],
      captured: [
        [first, 0],
        ['false', 1],
        ['(exit 3)', 3],
        ['test $n = 1', 0],
        ['exit', undefined],
      ],
    }),
  ),
  ...[
    "PROMPT_COMMAND='n=1'",
    'PROMPT_COMMAND="n=1; $PROMPT_COMMAND"',
    'old=$PROMPT_COMMAND; p() { n=1; eval "$old"; }; PROMPT_COMMAND=p',
  ].map(
    (after): Situation => ({
      what: `bash with ${after} after our line`,
      shells: ['bash'],
      after,
      typed: ['false', '(exit 3)', 'test $n = 1', 'exit'],
      captured: [
        ['false', 1],
        ['(exit 3)', 3],
        ['test $n = 1', 0],
        ['exit', undefined],
      ],
    }),
  ),
  {
    what: 'set -a gives nothing of ours to others',
    shells: ['bash'],
    before: 'set -a',
    typed: ['true', '! env | grep -q "_daybook_[^ae]"', 'exit'],
    captured: [
      ['true', 0],
      ['! env | grep -q "_daybook_[^ae]"', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'a readonly PS0',
    shells: ['bash'],
    before: 'readonly PS0=',
    typed: ['true', 'false', 'exit'],
    captured: [
      ['true', 0],
      ['false', 1],
      ['exit', undefined],
    ],
  },
  {
    what: 'a trap on ERR fires once a mistake',
    shells: ['bash'],
    before: 'n=0; set -E; trap "n=\\$((n + 1))" ERR',
    typed: ['echo "is:$n"', 'false', 'false', '', 'test $n = 2', 'exit'],
    captured: [
      ['echo "is:$n"', 0],
      ['false', 1],
      ['false', 1],
      ['test $n = 2', 0],
      ['exit', undefined],
    ],
  },
  {
    what: 'equal lines of any kind where only those are kept out',
    shells: ['bash'],
    before: 'HISTCONTROL=ignoredups',
    typed: ['(exit 3)', '(exit 3)', 'f() { :; }', 'f() { :; }', '', 'while false; do :; done', 'exit'],
    captured: [
      ['(exit 3)', 3],
      ['(exit 3)', 3],
      ['f() { :; }', 0],
      ['f() { :; }', 0],
      ['while false; do :; done', 0],
      ['exit', undefined],
    ],
  },
  ...['HISTCONTROL=ignorespace', "HISTCONTROL=; HISTIGNORE='*hush*'"].map(
    (before): Situation => ({
      what: `bash with ${before}: what is kept out is not taken for the line before`,
      shells: ['bash'],
      before,
      typed: ['echo a', `${before.endsWith('space') ? ' ' : ''}echo a; true hush`, 'echo a', 'exit'],
      captured: [
        ['echo a', 0],
        ['echo a', 0],
        ['exit', undefined],
      ],
      never: 'hush',
    }),
  ),
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
