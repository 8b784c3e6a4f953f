// Operation: one activity. Not for: lists.
import { z } from 'zod'
import { activityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { defineOperation } from './operation.ts'

export const getActivity = defineOperation({
  name: 'getActivity',
  summary: 'Get an activity by its id, or by the foreign id it came with',
  method: 'GET',
  path: '/api/v1/activities/{id}',
  access: 'read',
  input: z.strictObject({ id: z.string().min(1).max(200).describe('ours, or the one the activity came with') }),
  output: activityEvent,
  errors: ['not_found', 'database_unavailable'],
  async run(house, { id }) {
    const activity = await house.storage.activities.getActivity(id)
    if (!activity) throw new DaybookError('not_found', `No activity has the id "${id}".`)
    return activity
  },
})
