// Operation: what could not be stored. Not for: replaying it.
import { z } from 'zod'
import { activityFilter } from '../../schemas/filter.ts'
import { defineOperation } from './operation.ts'

const rejectedItem = z
  .object({
    rejectedId: z.string(),
    code: z.string(),
    reason: z.string(),
    topic: z.string(),
    producer: z.string(),
    receivedAt: z.number().int().describe('epoch ms'),
    id: z.string().optional().describe('the id it claimed'),
    epoch: z.string().optional(),
    seq: z.number().int().optional(),
    payload: z.string().describe('its bytes as text, cut at 4,096 characters'),
  })
  .meta({ id: 'RejectedItem', description: 'A message that was refused and kept.' })

const PAYLOAD_MOST = 4_096

export const listRejected = defineOperation({
  name: 'listRejected',
  summary: 'List what could not be stored, newest first',
  method: 'GET',
  path: '/api/v1/rejected',
  access: 'read',
  input: z.strictObject({
    limit: activityFilter.shape.limit,
  }),
  output: z.object({ items: z.array(rejectedItem), next: z.null().describe('there is one page, the latest') }),
  errors: ['database_unavailable'],
  async run(house, { limit }) {
    const messages = await house.storage.ledger.rejected(limit)
    const items = messages.map(
      ({ rejectedId, code, reason, topic, producer, receivedAt, id, epoch, seq, payload }) => ({
        rejectedId,
        code,
        reason,
        topic,
        producer,
        receivedAt,
        ...(id !== undefined && { id }),
        ...(epoch !== undefined && { epoch }),
        ...(seq !== undefined && { seq }),
        payload: payload.toString('utf8').slice(0, PAYLOAD_MOST),
      }),
    )
    return { items, next: null }
  },
})
