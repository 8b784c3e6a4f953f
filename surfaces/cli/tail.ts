// `daybook tail`: activities as they are stored. Not for: what was stored before (query.ts).
import type { ActivityNotification } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { activityLines } from './activity-lines.ts'
import { exitCodes } from './exit-codes.ts'
import { serverSentEvents } from './server-sent-events.ts'
import type { Verb } from './verb.ts'

const filters = ['source', 'type', 'producer'] as const

export const tail: Verb = {
  name: 'tail',
  summary: 'Follow activities as they are stored; Ctrl-C ends it',
  options: filters.map((name) => ({ name, value: name.toUpperCase(), summary: `Only of this ${name}` })),
  details: 'With --json one activity a line. It shows what happens from now on; `daybook query` shows what was.',
  examples: ['tail', 'tail --source terminal --json'],
  async run(call) {
    const query = new URLSearchParams()
    for (const name of filters) {
      const given = call.text(name)
      if (given !== undefined) query.set(name, given)
    }
    const client = call.connect()
    const stopped = call.interrupted()
    const lines = activityLines(call.config().timezone)
    try {
      const response = await client.get(query.size > 0 ? `/stream?${query}` : '/stream', stopped)
      for await (const { event, data } of serverSentEvents(response)) {
        if (event !== 'activity') continue
        const activity = JSON.parse(data) as ActivityNotification
        await call.print(...(call.json ? [data] : lines([{ ...activity, eventType: activity.type }])))
      }
    } catch (error) {
      if (stopped.aborted) return exitCodes.ok
      throw error
    }
    if (stopped.aborted) return exitCodes.ok
    throw new DaybookError('not_running', `${client.url} ended the stream: it stops, or we read too slowly.`)
  },
}
