// `daybook start`: runs the house in this process. Not for: how that is done, which main.ts hands in.
import type { Verb } from './verb.ts'

export const start: Verb = {
  name: 'start',
  summary: 'Start Daybook here and run it until Ctrl-C or SIGTERM',
  options: [],
  details:
    'With --json the first line on standard output says, as JSON, where everything is. Logs go to standard error.',
  run: (call) => call.io.start(call.text('config'), { json: call.json }),
}
