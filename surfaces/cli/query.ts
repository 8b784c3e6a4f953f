// `daybook query`: activities as lines or JSON, page by page. Not for: what filters mean (storage/).
import { queryActivities } from '../operations/query-activities.ts'
import { activityLines } from './activity-lines.ts'
import { exitCodes } from './exit-codes.ts'
import { inputOf, optionsOf } from './options.ts'
import { timeForms } from './times.ts'
import type { Verb } from './verb.ts'

const PAGE = '1000'

export const query: Verb = {
  name: 'query',
  summary: 'List activities, newest first',
  words: '[words...]',
  options: [...optionsOf(queryActivities, ['q']), { name: 'all', summary: 'Page through everything that matches' }],
  details: `Words are searched for in summaries and data. A TIME is one of: ${timeForms}.`,
  examples: [
    'query --since today',
    'query kitchen light --source home_assistant --since 2d',
    'query --all --since 2026-11-24 --json',
  ],
  async run(call) {
    const client = call.connect()
    const q = call.words.join(' ')
    const input: Record<string, string> = { ...inputOf(queryActivities, call), ...(q && { q }) }
    const all = call.flag('all')
    const lines = activityLines(call.config().timezone)
    const stopped = call.interrupted()
    let cursor = input.cursor
    let shown = 0
    if (call.json && all) await call.print('{"items":[')
    for (;;) {
      const page = await client.call(queryActivities, { limit: all ? PAGE : undefined, ...input, cursor })
      if (call.json && !all) {
        await call.print(JSON.stringify(page))
        return exitCodes.ok
      }
      if (call.json)
        await call.print(...page.items.map((item, index) => (shown + index > 0 ? ',' : '') + JSON.stringify(item)))
      else await call.print(...lines(page.items))
      shown += page.items.length
      cursor = page.next ?? undefined
      if (cursor === undefined || !all || stopped.aborted) break
    }
    if (call.json) await call.print('],"next":null}')
    else if (stopped.aborted) return exitCodes.ok
    else if (shown === 0) call.io.stderr.write('Nothing matches.\n')
    else if (cursor) call.io.stderr.write(`\n${shown} shown, there is more: --all, or --cursor ${cursor}\n`)
    return exitCodes.ok
  },
}
