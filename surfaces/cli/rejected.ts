// `daybook rejected`: what could not be stored, and why. Not for: replaying it.
import { listRejected } from '../operations/list-rejected.ts'
import { exitCodes } from './exit-codes.ts'
import { inputOf, optionsOf } from './options.ts'
import { plain } from './text.ts'
import { localDay, localTime } from './times.ts'
import type { Verb } from './verb.ts'

export const rejected: Verb = {
  name: 'rejected',
  summary: 'List what could not be stored, newest first',
  options: optionsOf(listRejected),
  async run(call) {
    const page = await call.connect().call(listRejected, inputOf(listRejected, call))
    if (call.json) {
      await call.print(JSON.stringify(page))
      return exitCodes.ok
    }
    const { timezone } = call.config()
    for (const { receivedAt, code, reason, topic, payload } of page.items) {
      await call.print(
        `${localTime(receivedAt, timezone)}  ${localDay(receivedAt, timezone)}  ${code}`,
        `  ${plain(reason)}`,
        `  ${plain(topic)}  ${plain(payload).slice(0, 200)}`,
        '',
      )
    }
    if (page.items.length === 0) call.io.stderr.write('Nothing was rejected.\n')
    return exitCodes.ok
  },
}
