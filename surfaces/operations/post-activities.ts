// Operation: take in activities. They go the way of every other, over the bus. Not for: judging them (pipeline/).
import { z } from 'zod'
import { activityNotification } from '../../schemas/activity.ts'
import { DaybookError, errors } from '../../schemas/errors.ts'
import { defineOperation } from './operation.ts'
import { publishActivity } from './publish.ts'

/** How many may come in one request. */
export const POST_MOST = 1_000

const posted = z.object({
  stored: z.number().int().describe('how many are new'),
  duplicates: z.number().int().describe('how many were known already'),
  suppressed: z.number().int().describe('how many were forgotten or paused, and stay away'),
  ids: z.array(z.string()).describe('of the stored and the known, in the order of the request'),
  rejected: z.array(
    z.object({
      id: z.string().nullable().describe('the id it claimed, null if it had none'),
      code: z.string(),
      message: z.string(),
    }),
  ),
})

export const postActivities = defineOperation<unknown, z.infer<typeof posted>>({
  name: 'postActivities',
  summary: 'Store one activity or an array of them',
  description:
    'Each is published on the bus; the answer comes after COMMIT. The status is 200 even when some or all were rejected: ' +
    '`rejected` says which and why, and what was refused is kept (`GET /api/v1/rejected`). `producer` is `http` unless named. ' +
    'At most 1,000 activities or 4 MiB. Sending the same again changes nothing: ids make it a duplicate.',
  method: 'POST',
  path: '/api/v1/activities',
  access: 'write',
  input: z.union([activityNotification, z.array(activityNotification).max(POST_MOST)]),
  judgedLater: true,
  output: posted,
  errors: ['bus_unavailable', 'database_unavailable', 'shutting_down'],
  async run(house, input) {
    const bodies: unknown[] = Array.isArray(input) ? input : [input]
    if (bodies.length > POST_MOST) {
      throw new DaybookError('too_large', `A request may hold ${POST_MOST} activities, this one has ${bodies.length}.`)
    }
    const outcomes = await Promise.all(bodies.map((body) => publishActivity(house, body)))
    const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length
    return {
      stored: count('stored'),
      duplicates: count('duplicate'),
      suppressed: count('suppressed'),
      ids: outcomes.flatMap(({ status, id }) => ((status === 'stored' || status === 'duplicate') && id ? [id] : [])),
      rejected: outcomes.flatMap(({ status, id, code = 'internal', message = errors.internal.sentence }) =>
        status === 'rejected' ? [{ id: id ?? null, code, message }] : [],
      ),
    }
  },
})
