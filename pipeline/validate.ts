// A message from the bus as the event it would be, or the reason why it is none. Pure. Not for: redaction or storage.
import { type ActivityEvent, activityNotification, EPOCH, limits, SEQ_MOST } from '../schemas/activity.ts'
import type { DaybookError, ErrorCode } from '../schemas/errors.ts'
import { eventId, idTime, isUuidV7 } from '../schemas/ids.ts'
import type { Topics } from '../schemas/topics.ts'

const YEAR_2000 = Date.UTC(2000, 0)
/** Deeper data would overflow the stack of one of its readers. */
const DEPTH = 64
const AHEAD_MS = 24 * 3_600_000

export interface ValidateOptions {
  topics: Topics
  space: string
  /** The logical day of an epoch ms. */
  dayOf: (timestamp: number) => string
}

/** Who sent it, as far as that can be told: also of a message that is refused. */
export interface Sender {
  producer: string
  source: string
  epoch?: string
  seq?: number
  /** The id it came with. */
  claimedId?: string
}

export type Validated =
  | { ok: true; sender: Sender; event: ActivityEvent }
  | { ok: false; sender: Sender; code: ErrorCode; reason: string }

/** A function that validates one message received at `now` (epoch ms). */
export function createValidate({ topics, space, dayOf }: ValidateOptions) {
  return (topic: string, payload: Buffer, now: number): Validated => {
    const sender: Sender = topics.senderOf(topic)
    const refuse = (code: ErrorCode, reason: string): Validated => ({ ok: false, sender, code, reason })

    let body: unknown
    let unreadable: string | undefined
    try {
      body = JSON.parse(payload.toString('utf8'))
    } catch (error) {
      unreadable = (error as Error).message
    }
    // Before anything is refused, also what is too large: its number is settled, else its outbox would send it for ever.
    if (isObject(body)) identify(sender, body)
    if (payload.length > limits.activityBytes) return refuse('too_large', `It has ${payload.length} bytes.`)
    if (unreadable !== undefined) return refuse('not_json', unreadable)
    if (!isObject(body)) return refuse('invalid', 'The body must be a JSON object: one ActivityNotification.')

    let address: ReturnType<Topics['parseActivity']>
    try {
      address = topics.parseActivity(topic)
    } catch (error) {
      return refuse('topic_invalid', (error as DaybookError).detail)
    }
    const { source = address.source, type = address.type, producer = address.producer, ...rest } = body
    for (const [name, said, is] of [
      ['source', source, address.source],
      ['type', type, address.type],
      ['producer', producer, address.producer],
    ]) {
      if (typeof said === 'string' && said !== is)
        return refuse('topic_mismatch', `${name}: "${said}", the topic says "${is}".`)
    }

    const parsed = activityNotification.safeParse({ ...rest, source, type, producer })
    if (!parsed.success) {
      const issues = parsed.error.issues.slice(0, 5).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      return refuse('invalid', issues.join('; '))
    }
    const { id: claimed, type: eventType, data, ...notification } = parsed.data
    const { timestamp, phase } = notification
    if (isDeeper(data, DEPTH)) return refuse('invalid', `data: nested deeper than ${DEPTH}.`)
    if (timestamp < YEAR_2000) return refuse('clock', `timestamp: ${timestamp} is before 2000; seconds instead of ms?`)
    if (timestamp > now + AHEAD_MS) return refuse('clock', `timestamp: ${timestamp} is over 24 h ahead of ${now}.`)

    const lower = claimed.toLowerCase()
    const keep = isUuidV7(lower) && idTime(lower) === timestamp
    const event: ActivityEvent = {
      ...notification,
      id: keep ? lower : eventId({ space, source: address.source, key: claimed, phase, timestamp }),
      space,
      eventType,
      producer: address.producer,
      sessionId: notification.sessionId ?? `${address.producer}/${dayOf(timestamp)}`,
      receivedAt: now,
      ...(data && { details: data }),
      ...(!keep && { nativeId: claimed }),
    }
    return { ok: true, sender, event: holdsWhatPostgresCannot(payload) ? wellFormed(event) : event }
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What even a refused message may say about its place in an outbox: its number counts as settled. */
function identify(sender: Sender, body: Record<string, unknown>): void {
  const { epoch, seq, id } = body
  if (typeof id === 'string' && id !== '') sender.claimedId = id.slice(0, 200)
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0 || seq > SEQ_MOST) return
  sender.seq = seq
  if (typeof epoch === 'string' && EPOCH.test(epoch)) sender.epoch = epoch
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return depth === 0 || Object.values(value).some((inner) => isDeeper(inner, depth - 1))
}

/** Postgres text has no NUL and jsonb no lone surrogate; in JSON both can only come as escapes. */
function holdsWhatPostgresCannot(payload: Buffer): boolean {
  return payload.includes('\\u0000') || payload.includes('\\ud') || payload.includes('\\uD')
}

/** The same value with U+FFFD in place of what cannot be kept: nothing else is lost. */
function wellFormed<T>(value: T): T {
  if (typeof value === 'string') return value.toWellFormed().replaceAll('\0', '\ufffd') as T
  if (Array.isArray(value)) return value.map(wellFormed) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [wellFormed(key), wellFormed(inner)])) as T
}
