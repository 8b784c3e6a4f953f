// How lists of activities are asked for: filters, paging and order, the same in HTTP, CLI and the store. Not for: SQL.
import { z } from 'zod'

const flag = z.union([
  z.boolean(),
  z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
])

/** A whole number, also as the text that a query parameter is. */
const whole = z.coerce
  .number({ error: ({ code }) => (code === 'invalid_type' ? 'must be a whole number' : undefined) })
  .int()

export const activityFilter = z
  .strictObject({
    source: z.string().optional(),
    type: z.string().optional(),
    producer: z.string().optional(),
    sessionId: z.string().optional(),
    activityId: z.string().optional(),
    entity: z.string().optional().describe('data.entity_id'),
    zone: z.string().optional().describe('data.zone or data.area'),
    processed: flag.optional().describe('whether enrichment is done with it'),
    q: z.string().min(1).max(200).optional().describe('words that stand in the summary or the data'),
    fold: flag.optional().describe('one event for each activityId: its latest phase'),
    since: whole.nonnegative().optional().describe('epoch ms, inclusive'),
    until: whole.nonnegative().optional().describe('epoch ms, exclusive'),
    limit: whole.min(1).max(1000).optional().describe('default 100'),
    cursor: z.string().optional().describe('`next` of the page before'),
    order: z.enum(['asc', 'desc']).optional().describe('by time; default desc'),
  })
  .meta({ id: 'ActivityFilter', description: 'Which activities, in which order, how many.' })

export type ActivityFilter = z.infer<typeof activityFilter>

/** A page of a list; `next` is the cursor of the page after it, null at the end. */
export interface Page<T> {
  items: T[]
  next: string | null
}
