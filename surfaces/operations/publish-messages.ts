// Operation: publish messages as they are, on any topic: what `daybook replay` sends. Not for: activities that somebody
// tells, which post-activities.ts makes topics for.
import { z } from 'zod'
import type { Outcome } from '../../broker/bus.ts'
import { asDaybookError, DaybookError, errors } from '../../schemas/errors.ts'
import { bytesOf, type RawMessage, rawMessage } from '../raw-message.ts'
import { defineOperation, type House } from './operation.ts'

/** RFC 4648, section 4, padded, as `toRaw` writes it: Node would leave out what is not of it, up to everything. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Adds an issue for a payload that is not what its encoding says: as nothing, it would clear a retained topic. */
export function checkPayload({ value, issues }: z.core.ParsePayload<RawMessage>): void {
  if (value.encoding !== 'base64' || (value.payload.length % 4 === 0 && BASE64.test(value.payload))) return
  issues.push({ code: 'custom', path: ['payload'], message: 'not base64', input: value.payload })
}

/** How many may come in one request. */
export const PUBLISH_MOST = 1_000

const published = z.object({
  published: z.number().int().describe('how many the bus took: all but the rejected'),
  stored: z.number().int().describe('of these, activities that are new'),
  duplicates: z.number().int().describe('activities that were known already; nobody is shown them again'),
  suppressed: z.number().int().describe('activities that were forgotten or paused, and stay away'),
  rejected: z.array(
    z.object({
      index: z.number().int().describe('its place in the request, from 0'),
      code: z.string(),
      message: z.string(),
    }),
  ),
})

export type Published = z.infer<typeof published>

export const publishMessages = defineOperation<{ messages: RawMessage[] }, Published>({
  name: 'publishMessages',
  summary: 'Publish messages as they are, in their order, on any topic',
  description:
    'As an MQTT client would, with QoS 1 or 0 (2 is sent as 1). Under the topics of activities each is stored, known or refused like ' +
    'every other; the answer comes after COMMIT. The status is 200 even when some were rejected. At most 1,000 messages or 4 MiB.',
  method: 'POST',
  path: '/api/v1/publish',
  access: 'write',
  input: z.strictObject({ messages: z.array(rawMessage.check(checkPayload)).min(1).max(PUBLISH_MOST) }),
  output: published,
  errors: ['bus_unavailable', 'database_unavailable', 'shutting_down'],
  async run(house, { messages }) {
    const outcomes = await Promise.all(messages.map((message) => publish(house, message)))
    const count = (status: Outcome['status']) => outcomes.filter((outcome) => outcome?.status === status).length
    const rejected = outcomes.flatMap((outcome, index) => {
      if (outcome?.status !== 'rejected') return []
      const { code = 'internal', message = errors.internal.sentence } = outcome
      return [{ index, code, message }]
    })
    return {
      published: messages.length - rejected.length,
      stored: count('stored'),
      duplicates: count('duplicate'),
      suppressed: count('suppressed'),
      rejected,
    }
  },
})

/** Undefined: taken, and no activity. A bus that is away fails the whole request, which may be sent again. */
async function publish(house: House, message: RawMessage): Promise<Outcome | undefined> {
  const { topic, qos, retain } = message
  try {
    if (topic.startsWith('$')) throw new DaybookError('forbidden', "Topics that begin with $ are the broker's own.")
    if (house.topics.isHouseOnly(topic)) throw new DaybookError('forbidden', `Only Daybook itself says ${topic}.`)
    return await house.bus.publish(topic, bytesOf(message), { qos: qos === 0 ? 0 : 1, retain })
  } catch (thrown) {
    const error = asDaybookError(thrown)
    if (error.remedy === 'retry') throw error
    return { status: 'rejected', code: error.code, message: error.message }
  }
}
