// The terminal bridge: which commands a person's shells run, told by hooks in bash, zsh and fish. Not for: how, which the
// folder beside this file shows: hooks write records, spool and fold read them, command is what they become; known keeps
// what was told, and import reads what other recorders have.
import { defineBridge } from './bridge.ts'
import { openTerminal } from './terminal/bridge.ts'
import { type Command, command, commandNotification } from './terminal/command.ts'
import { type TerminalConfig, terminalConfig } from './terminal/config.ts'
import { exampleConfig, exampleContext, examples } from './terminal/examples.ts'

export const terminal = defineBridge<TerminalConfig, Command>({
  name: 'terminal',
  title: 'Terminal: the commands of bash, zsh and fish',
  types: ['command'],
  never: [
    'What a command prints, or what is typed into it: only the line itself.',
    'A line that begins with a space, whatever the settings of the shell are.',
    'What bash is told not to remember (`HISTCONTROL`, `HISTIGNORE`, `set +o history`), and a private fish.',
    'Scripts and other shells that nobody types into.',
    'Passwords, tokens and keys in a line: they are taken out before it leaves this machine.',
  ],
  config: terminalConfig,
  exampleConfig,
  exampleContext,
  examples,
  translate(input, context) {
    const told = command.safeParse(input)
    return told.success ? [commandNotification(told.data, context)] : []
  },
  open: (host) => openTerminal(host),
})
