// Publishes an activity on the bus as any client would: the topic comes from what the body says of itself. What cannot
// be a topic goes out under `unknown`, so that the write path refuses it and keeps it. Not for: judging it.
import type { Outcome } from '../../broker/bus.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { isProducer, isTopicWord } from '../../schemas/topics.ts'
import type { House } from './operation.ts'

const UNKNOWN = 'unknown'

/** What HTTP publishes without naming a producer. */
const PRODUCER = 'http'

/** Resolves after COMMIT with what became of it; rejects if the bus is away or stopping, and then it may be sent again. */
export async function publishActivity(house: House, body: unknown): Promise<Outcome> {
  const fields = isObject(body) ? body : {}
  const source = word(fields.source)
  const type = word(fields.type)
  const producer = fields.producer === undefined ? PRODUCER : fields.producer
  const topic = house.topics.activity({
    source,
    type,
    producer: typeof producer === 'string' && isProducer(producer) ? producer : PRODUCER,
  })
  const payload = text(isObject(body) ? named(body) : body)
  if (payload === null) return { status: 'rejected', code: 'invalid', message: 'It is nested too deeply.' }
  const outcome = await house.bus.publish(topic, payload)
  if (!outcome) throw new DaybookError('internal', 'The bus gave no outcome for an activity.')
  return outcome.status === 'rejected' ? explained(outcome, fields) : outcome
}

function word(value: unknown): string {
  return typeof value === 'string' && isTopicWord(value) ? value : UNKNOWN
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Over MQTT a missing source or type is the topic's; here there is none to take it from, so missing stays missing. */
function named(body: Record<string, unknown>): Record<string, unknown> {
  return { ...body, source: body.source ?? null, type: body.type ?? null }
}

/** JSON, or null for what is nested so deeply that it cannot be written again. */
function text(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

/** Whoever posts has seen no topic: say which field could not be made one. */
function explained(outcome: Outcome, fields: Record<string, unknown>): Outcome {
  const wrong = ['source', 'type'].flatMap((name) => {
    const value = fields[name]
    if (typeof value !== 'string' || isTopicWord(value)) return []
    return [`${name}: "${value.slice(0, 80)}" must be lower case letters, digits, _ - or . (at most 64).`]
  })
  const { producer } = fields
  if (typeof producer === 'string' && !isProducer(producer))
    wrong.push(`producer: "${producer.slice(0, 80)}" must be letters, digits, _ - . : or @ (at most 128).`)
  return wrong.length === 0 ? outcome : { ...outcome, message: wrong.join(' ') }
}
