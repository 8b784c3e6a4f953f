// The one message and the one row: ActivityNotification on the wire, ActivityEvent in the store, and the way between.
// Not for: what `data` holds for a source, which physical.ts and docs/reference say, or the fold of phases (fold.ts).
import { z } from 'zod'
import { contentRef } from './content-ref.ts'

/** Rows never change: a growing thing is told in phases under one `activityId`. */
export const phases = ['start', 'update', 'end', 'enriched'] as const

/** Limits of the wire, bytes and characters. */
export const limits = {
  summary: 512,
  activityBytes: 256 * 1024,
  /** The most that we publish. */
  publishedBytes: 16 * 1024,
  /** `data` above this moves into an object, and a head of it stays. */
  dataBytes: 4 * 1024,
  headBytes: 2 * 1024,
  attachments: 16,
} as const

/** More would make sums of missing numbers inexact; microseconds of an epoch still fit. */
export const SEQ_MOST = 2e15

/** An epoch: letters, digits and `_ . : -`, at most 64. */
export const EPOCH = /^[A-Za-z0-9_.:-]{1,64}$/

const name = z.string().min(1).max(128)
const epochMs = z.number().int().nonnegative().max(281_474_976_710_655)

export const cause = z
  .object({
    id: z.string().min(1).max(128).describe('a Home Assistant context, a prompt id, a trace'),
    parentId: z.string().max(128).optional(),
    userId: z.string().max(128).optional(),
  })
  .meta({ id: 'Cause', description: 'What made this happen.' })

export type Cause = z.infer<typeof cause>

export const attachment = contentRef
  .and(z.object({ name: z.string().min(1).max(255) }))
  .meta({ id: 'Attachment', description: 'A named reference: thumbnail, diff, moved data.' })

/** An object with any keys. Checked as one: its keys need no check and are many. */
const facts = z.looseObject({})

const common = {
  source: name.describe('browser, terminal, home_assistant, frigate, ...: an open set'),
  summary: z.string().min(1).max(limits.summary).describe('one line for people'),
  timestamp: epochMs.describe('when it happened, epoch ms'),
  contentRef: contentRef.optional(),
  attachments: z.array(attachment).max(limits.attachments).optional(),
  sessionId: z.string().min(1).max(200).optional().describe('a login, a Claude Code session, a boot'),
  duration: z.number().nonnegative().max(1e12).optional().describe('ms'),
  producer: name.optional().describe('which bridge, where'),
  epoch: z.string().regex(EPOCH).optional().describe('names the outbox that seq counts in'),
  seq: z.number().int().nonnegative().max(SEQ_MOST).optional().describe('gapless number in the epoch'),
  activityId: z.string().min(1).max(200).optional().describe('the thing that starts, updates and ends'),
  phase: z.enum(phases).optional(),
  cause: cause.optional(),
}

export const activityNotification = z
  .object({
    id: z.string().min(1).max(200).describe('a UUIDv7 of the timestamp; any other id is mapped and kept as nativeId'),
    type: name.describe('command, visit, presence_change, ...: an open set'),
    ...common,
    data: facts.optional().describe('the facts, snake_case; above 4 KB by reference'),
  })
  .meta({ id: 'ActivityNotification', description: 'Something that happened, as it is published.' })

export type ActivityNotification = z.infer<typeof activityNotification>

export const activityEvent = z
  .object({
    id: z.string().describe('UUIDv7 of the timestamp'),
    space: z.string().describe('the household or person'),
    eventType: name,
    ...common,
    producer: name,
    sessionId: z.string(),
    details: facts.optional(),
    receivedAt: epochMs.describe('when Daybook took it in, epoch ms'),
    batch: z.number().int().optional().describe('the commit it arrived in: the cursor for what is new'),
    nativeId: z.string().optional().describe('the foreign id it came with'),
  })
  .meta({ id: 'ActivityEvent', description: 'Something that happened, as it is stored. It never changes.' })

export type ActivityEvent = z.infer<typeof activityEvent>

/** A stored event as a notification again, keys in the order of the wire; the foreign id it came with is not repeated. */
export function toNotification(event: ActivityEvent): ActivityNotification {
  const { id, source, eventType, summary, timestamp, details, contentRef, attachments, sessionId, duration } = event
  const { producer, epoch, seq, activityId, phase, cause } = event
  const wire = { id, source, type: eventType, summary, timestamp, data: details, contentRef, attachments, sessionId }
  return { ...wire, duration, producer, epoch, seq, activityId, phase, cause } as ActivityNotification
}
