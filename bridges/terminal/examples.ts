// What the terminal bridge makes of commands: documentation, contract test and dry run. Not for: what hooks write, which
// records.test.ts shows.
import type { BridgeExample } from '../bridge.ts'
import type { Command } from './command.ts'

/** No hook writes anywhere. */
export const exampleConfig = { ignore: { commands: ['*--password*'], directories: ['/home/ada/private'] } }

export const exampleContext = { space: 'home', now: 1_760_000_100_000 }

const shell = { host: 'laptop', shell: 'zsh 5.9', session: '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2' }

export const examples: BridgeExample<Command>[] = [
  {
    title: 'A test run that failed, in a repository',
    input: {
      key: '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2/7',
      at: 1_760_000_000_000,
      command: 'npm test -- --bail',
      cwd: '/home/ada/work/daybook/bridges',
      root: '/home/ada/work/daybook',
      branch: 'main',
      exitCode: 1,
      duration: 8_412,
      ...shell,
    },
    output: [
      {
        source: 'terminal',
        type: 'command',
        summary: 'npm test -- --bail',
        timestamp: 1_760_000_000_000,
        sessionId: shell.session,
        duration: 8_412,
        data: {
          command: 'npm test -- --bail',
          cwd: '/home/ada/work/daybook/bridges',
          exit_code: 1,
          project: 'daybook',
          branch: 'main',
          host: 'laptop',
          shell: 'zsh 5.9',
        },
      },
    ],
  },
  {
    title: 'A command that has run for a minute',
    input: {
      key: '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2/8',
      at: 1_760_000_020_000,
      command: 'ssh nas',
      cwd: '/home/ada',
      phase: 'start',
      ...shell,
    },
    output: [{ type: 'command', phase: 'start', summary: 'ssh nas', timestamp: 1_760_000_020_000 }],
  },
  {
    title: 'Its end',
    input: {
      key: '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2/8',
      at: 1_760_000_020_000,
      command: 'ssh nas',
      cwd: '/home/ada',
      exitCode: 0,
      duration: 75_000,
      phase: 'end',
      ...shell,
    },
    output: [{ type: 'command', phase: 'end', timestamp: 1_760_000_020_000, duration: 75_000 }],
  },
  {
    title: 'A command of several lines that an agent ran in a terminal',
    input: {
      key: '0d7c2f0e-41a7-4f0b-9f38-6a0fd1f4a3c2/9',
      at: 1_760_000_096_000,
      command: 'for f in *.ts; do\n  wc -l "$f"\ndone',
      cwd: '/home/ada/work/daybook',
      agent: 'claude-code',
      exitCode: 0,
      duration: 12,
      ...shell,
    },
    output: [
      {
        type: 'command',
        summary: 'for f in *.ts; do …',
        data: {
          command: 'for f in *.ts; do\n  wc -l "$f"\ndone',
          cwd: '/home/ada/work/daybook',
          exit_code: 0,
          host: 'laptop',
          shell: 'zsh 5.9',
          author: 'agent',
          agent: 'claude-code',
        },
      },
    ],
  },
]
