// What is said about delivery: outcomes, receipts, a bridge's status, the accounts, rejections. Not for: how any of it
// is computed, which storage and broker do.
import { z } from 'zod'
import { ownStorages } from './content-ref.ts'

/** Settled means one of these; only then is a message acknowledged and may its outbox entry go. */
export const outcomes = ['stored', 'duplicate', 'suppressed', 'rejected'] as const

export type OutcomeStatus = (typeof outcomes)[number]

/** Inclusive ranges of seq. */
export const ranges = z.array(z.tuple([z.number().int(), z.number().int()]))

export type Ranges = z.infer<typeof ranges>

export const receipt = z
  .object({
    epoch: z.string().optional().describe('absent: the producer numbers without one'),
    upTo: z.number().int().describe('every seq up to here is settled or given up'),
    settled: ranges.describe('what is settled above it'),
  })
  .meta({
    id: 'Receipt',
    description: 'What of one outbox is settled; retained, after each batch that held any of it.',
  })

export type Receipt = z.infer<typeof receipt>

export const bridgeStatus = z
  .object({
    online: z.boolean(),
    version: z.string().optional(),
    source: z.string().optional(),
    timeZone: z.string().optional().describe('IANA name'),
    epoch: z.string().optional(),
    oldestSeq: z.number().int().optional().describe('the lowest seq its outbox still holds or will send next'),
    lastSeq: z.number().int().optional().describe('the highest seq it has given out'),
    outboxDepth: z.number().int().optional(),
    oldestAt: z.number().int().optional().describe('the time of the oldest event that waits there, epoch ms'),
    at: z.number().int().optional().describe('epoch ms'),
    health: z.string().optional().describe('ok, or the error code that holds it up'),
  })
  .meta({ id: 'BridgeStatus', description: "A bridge's retained status; its will says offline." })

export type BridgeStatus = z.infer<typeof bridgeStatus>

export const rejection = z
  .object({
    code: z.string(),
    message: z.string(),
    topic: z.string(),
    producer: z.string(),
    id: z.string().optional(),
    epoch: z.string().optional(),
    seq: z.number().int().optional(),
    receivedAt: z.number().int(),
    rejectedId: z.string().describe('where the message is kept, to look at and to replay'),
  })
  .meta({
    id: 'Rejection',
    description: 'A message that could not be stored, and why. It is kept, without its secrets.',
  })

export type Rejection = z.infer<typeof rejection>

export const missingPayload = z
  .object({
    code: z.literal('object_missing'),
    message: z.string(),
    producer: z.string(),
    id: z.string().describe('the first activity that refers to it'),
    storage: z.enum(ownStorages),
    objectId: z.string().describe('SHA-256 of the payload, 64 lower-case hex digits'),
    asked: z.number().int().positive().describe('how often it was asked for'),
    askedAt: z.number().int().describe('epoch ms'),
  })
  .meta({
    id: 'MissingPayload',
    description:
      'An activity is stored, but the payload that it refers to never came: whoever has it may still put it.',
  })

export type MissingPayload = z.infer<typeof missingPayload>

const count = z.number().int().nonnegative()
const counts = { received: count, stored: count, duplicates: count, rejected: count, suppressed: count, missing: count }

export const account = z
  .object({
    producer: z.string(),
    source: z.string(),
    ...counts,
    gaps: ranges.describe('the missing numbers of all epochs'),
    lastSeq: z.number().int().nullable().describe('the highest seq of the latest epoch'),
    lastSeenAt: z.number().int().nullable(),
  })
  .meta({ id: 'Account', description: 'What became of everything a producer sent.' })

export type Account = z.infer<typeof account>

export const accounting = z.object({ producers: z.array(account), totals: z.object(counts) }).meta({
  id: 'Accounting',
  description: 'received = stored + duplicates + rejected + suppressed; missing never came.',
})

export type Accounting = z.infer<typeof accounting>
