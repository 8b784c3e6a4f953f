// What Claude Code's telemetry adds to what its hooks tell: what each request to the model cost, and which failed. Pure. Not
// for: what hooks tell anyway (prompts, tools, decisions), which is passed over.
import { eventId } from '../../../schemas/ids.ts'
import type { Notification } from '../../bridge.ts'
import type { Attributes, OtlpRecord } from './otlp.ts'

export interface TelemetryContext {
  space: string
  source: string
}

/** The name that Claude Code gives itself. */
export const SERVICE = 'claude-code'

/** Undefined: hooks tell it, or it says nothing of a day. */
export function tellRecord(
  { name, at, attributes }: OtlpRecord,
  { space, source }: TelemetryContext,
): Notification | undefined {
  const event = name.replace(/^claude_code\./, '')
  const session = text(attributes, 'session.id')
  if (session === undefined || !Number.isFinite(at) || (event !== 'api_request' && event !== 'api_error'))
    return undefined
  const sequence = number(attributes, 'event.sequence') ?? text(attributes, 'request_id') ?? event
  const prompt = text(attributes, 'prompt.id')
  const duration = number(attributes, 'duration_ms')
  const facts = event === 'api_request' ? costOf(attributes) : failureOf(attributes)
  return {
    id: eventId({ space, source, key: `usage/${session}/${sequence}`, timestamp: at }),
    source,
    type: 'usage',
    summary: facts.summary.slice(0, 512),
    timestamp: at,
    data: present({
      ...facts.data,
      model: text(attributes, 'model'),
      effort: text(attributes, 'effort'),
      speed: text(attributes, 'speed'),
      asked_by: text(attributes, 'query_source'),
      request_id: text(attributes, 'request_id'),
    }),
    sessionId: session.slice(0, 200),
    ...(duration !== undefined && duration >= 0 && { duration }),
    ...(prompt !== undefined && { cause: { id: prompt.slice(0, 128) } }),
  }
}

function costOf(attributes: Attributes) {
  const cost = number(attributes, 'cost_usd')
  const model = text(attributes, 'model') ?? 'a model'
  const [tokensIn = 0, tokensOut = 0] = [number(attributes, 'input_tokens'), number(attributes, 'output_tokens')]
  const price = cost === undefined ? '' : ` for $${cost < 0.01 ? cost.toPrecision(2) : cost.toFixed(2)}`
  return {
    summary: `${model}: ${tokensIn} tokens in, ${tokensOut} out${price}`,
    data: {
      ok: true,
      cost_usd: cost,
      tokens_in: tokensIn,
      tokens_out: tokensOut,
      tokens_cache_read: number(attributes, 'cache_read_tokens'),
      tokens_cache_write: number(attributes, 'cache_creation_tokens'),
      first_token_ms: number(attributes, 'ttft_ms'),
    },
  }
}

function failureOf(attributes: Attributes) {
  const error = text(attributes, 'error') ?? text(attributes, 'error_type') ?? 'failed'
  const status = number(attributes, 'status_code')
  const model = text(attributes, 'model') ?? 'a model'
  return {
    summary: `${model} did not answer: ${error.replace(/\s+/g, ' ')}`,
    data: { ok: false, error, status_code: status, attempt: number(attributes, 'attempt') },
  }
}

function text(attributes: Attributes, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Some versions write numbers as texts. */
function number(attributes: Attributes, name: string): number | undefined {
  const value = attributes[name]
  if (value === undefined || value === '' || typeof value === 'boolean') return undefined
  return Number.isFinite(Number(value)) ? Number(value) : undefined
}

function present(data: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined))
}
