// Operation: a page of activities, raw or folded. Not for: the filter's meaning (schemas/filter.ts, storage/).
import { z } from 'zod'
import { activityEvent } from '../../schemas/activity.ts'
import { activityFilter } from '../../schemas/filter.ts'
import { defineOperation } from './operation.ts'

export const queryActivities = defineOperation({
  name: 'queryActivities',
  summary: 'List activities by time, newest first unless asked otherwise',
  description:
    'Rows as they were stored; with `fold=true` one for each activityId. A page holds `limit` items (default 100, at most 1,000); ' +
    'pass `next` as `cursor` for the page after it. A parameter that does not exist is an error.',
  method: 'GET',
  path: '/api/v1/activities',
  access: 'read',
  input: activityFilter,
  output: z.object({ items: z.array(activityEvent), next: z.string().nullable() }),
  errors: ['database_unavailable'],
  run: (house, filter) => house.storage.activities.queryActivities(filter),
})
