// What is kept of a message that is refused, and what is told of it. Not for: refusing (validate.ts), storing or publishing
// (persist.ts).
import { isUtf8 } from 'node:buffer'
import type { Delivery } from '../broker/bus.ts'
import type { Rejection } from '../schemas/delivery.ts'
import { type ErrorCode, errors } from '../schemas/errors.ts'
import { eventId } from '../schemas/ids.ts'
import type { RejectedMessage } from '../storage/ledger.ts'
import type { PrivacyOfAll } from './privacy.ts'
import type { Redactor } from './redact.ts'
import type { Sender } from './validate.ts'

export interface Refused {
  delivery: Pick<Delivery, 'topic' | 'payload'>
  sender: Sender
  /** Epoch ms. */
  receivedAt: number
  refused?: { code: ErrorCode; reason: string }
}

export interface RejectedOptions {
  space: string
  redactor: Redactor
  /** See PrivacyOfAll. */
  admit: PrivacyOfAll['admit']
}

/** A function that gives what is kept: the bytes without their secrets, and an id that is the same each time. */
export function createRejected({ space, redactor, admit }: RejectedOptions) {
  const kept = ({ delivery, sender, receivedAt, refused }: Refused): RejectedMessage => {
    const key = `${delivery.topic}\0${delivery.payload.toString('base64')}`
    return {
      rejectedId: eventId({ space, source: 'rejected', key, timestamp: receivedAt }),
      topic: delivery.topic,
      producer: sender.producer,
      code: refused?.code ?? 'internal',
      reason: refused?.reason ?? '',
      payload: redactedBytes(delivery.payload),
      receivedAt,
      epoch: sender.epoch,
      seq: sender.seq,
      id: sender.claimedId,
    }
  }

  /** As far as it can be read, it is held to what nobody is to keep; null: nothing of it. */
  function admittedBody(body: object): object | null {
    const { source, type, summary, data } = body as Record<string, unknown>
    if (typeof data !== 'object' || data === null || Array.isArray(data)) return body
    const word = (value: unknown) => (typeof value === 'string' ? value : '')
    const before = { source: word(source), type: word(type), summary: word(summary), data: data as Fields }
    const after = admit(before)
    if (after === null) return null
    return after === before
      ? body
      : { ...body, ...(typeof summary === 'string' && { summary: after.summary }), data: after.data }
  }

  /** Also what is refused is kept without its secrets: as the JSON it is, so that it can be replayed, else as text. */
  function redactedBytes(payload: Buffer): Buffer {
    const encoding = isUtf8(payload) ? 'utf8' : 'latin1'
    const text = payload.toString(encoding)
    const body = parsed(text)
    if (typeof body === 'object' && body !== null) {
      const admitted = admittedBody(body)
      const before = { id: '', source: '', type: '', summary: '', timestamp: 0, data: { body: admitted } }
      const after = redactor.redact(before)
      return after === before && admitted === body ? payload : Buffer.from(JSON.stringify(after.data?.body))
    }
    const { text: clean, redacted } = redactor.redactText(text)
    return redacted.length > 0 ? Buffer.from(clean, encoding) : payload
  }

  return {
    kept,
    /** False for what must leave no trace, not even as refused. */
    mayBeKept(payload: Buffer): boolean {
      const body = parsed(payload.toString('utf8'))
      return typeof body !== 'object' || body === null || admittedBody(body) !== null
    },
  }
}

type Fields = Record<string, unknown>

/** What is published of it: all but its bytes. */
export function toldOf(message: RejectedMessage): Rejection {
  const { payload: _, reason, id, epoch, seq, ...kept } = message
  return {
    code: kept.code,
    message: sentence(kept.code, reason),
    topic: kept.topic,
    producer: kept.producer,
    ...(id !== undefined && { id }),
    ...(epoch !== undefined && { epoch }),
    ...(seq !== undefined && { seq }),
    receivedAt: kept.receivedAt,
    rejectedId: kept.rejectedId,
  }
}

/** The sentence of an error code, with what is special about this case. */
export function sentence(code: string, reason: string): string {
  const known = errors[code as ErrorCode]
  return known ? `${known.sentence} ${reason}`.trim() : reason
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
