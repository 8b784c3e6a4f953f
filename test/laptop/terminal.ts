// A source of much, as the history of a terminal is: each line is a command, and what it printed goes along as a payload.
// Deterministic, so that whoever wrote a line knows the id of its row. Not for: the product's terminal bridge.
import { z } from 'zod'
import { defineBridge, type Notification } from '../../bridges/bridge.ts'
import { eventId } from '../../schemas/ids.ts'

export interface Command {
  n: number
  /** Epoch ms, by the laptop's clock. */
  at: number
  /** What it printed. */
  output?: string
}

export function commandNotification({ n, at: timestamp }: Command, space: string): Notification {
  const id = eventId({ space, source: 'terminal', key: `laptop ${n}`, timestamp })
  const data = { command: `make target-${n}`, cwd: '/home/me/work', exit_code: n % 10 === 0 ? 2 : 0, host: 'laptop' }
  return { id, source: 'terminal', type: 'command', summary: `make target-${n}`, timestamp, data }
}

/** `kept` hears of each command that is in the outbox. */
export const terminal = (kept: (n: number) => void) =>
  defineBridge<Record<string, never>, Command>({
    name: 'terminal',
    title: 'Commands of a shell',
    types: ['command'],
    config: z.strictObject({}),
    exampleConfig: {},
    always: true,
    exampleContext: { space: 'home', now: 1_760_000_000_000 },
    examples: [],
    translate: (command, { space }) => [commandNotification(command, space)],
    async open({ space, attach, emit }) {
      return {
        take(line) {
          const command = JSON.parse(line) as Command
          const { output } = command
          const printed = output && attach(Buffer.from(output), { mediaType: 'text/plain', name: 'output' })
          emit([{ ...commandNotification(command, space), ...(printed && { contentRef: printed }) }])
          kept(command.n)
        },
        health: () => ({ state: 'ok' }),
        pause() {},
        forget: () => 0,
        async close() {},
      }
    },
  })
