// A notification as it is kept and as it is sent: the same JSON object, to which the sending adds who counts it as what.
// Pure. Not for: the form of a notification (schemas/activity.ts), or for redacting it.
import { type ActivityNotification, limits } from '../../schemas/activity.ts'
import { type ContentRef, isOwn } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { isTopicWord } from '../../schemas/topics.ts'
import type { NewEntry } from './entries.ts'

/** A notification as a bridge emits it. */
export type Emitted = Omit<ActivityNotification, 'producer' | 'epoch' | 'seq'>

/** Room that producer, epoch and seq take. */
const STAMP_BYTES = 300

/** To be kept. Throws for what no pipeline could settle by its number: `topic_invalid`, `too_large`. */
export function toEntry(notification: Emitted): NewEntry {
  const { id, source, type } = notification
  if (!isTopicWord(source) || !isTopicWord(type)) {
    throw new DaybookError('topic_invalid', `got source "${source}" and type "${type}"`)
  }
  const unnumbered = { ...notification, producer: undefined, epoch: undefined, seq: undefined }
  const body = Buffer.from(JSON.stringify(unnumbered))
  if (body.length + STAMP_BYTES > limits.activityBytes) {
    throw new DaybookError('too_large', `${id} has ${body.length} bytes`)
  }
  const payloads = refsOf(notification).flatMap((ref) => (isOwn(ref.storage) ? [ref.id] : []))
  return { source, type, body, payloads }
}

/** Refers to its payloads as their upload did: the store they are in, and what they are there without their secrets. */
export function referring(body: Buffer, uploaded: (id: string) => ContentRef | undefined): Buffer {
  const notification = JSON.parse(body.toString()) as Emitted
  for (const ref of refsOf(notification)) {
    const { storage, id, size } = (isOwn(ref.storage) && uploaded(ref.id)) || ref
    Object.assign(ref, size === undefined ? { storage, id } : { storage, id, size })
  }
  return Buffer.from(JSON.stringify(notification))
}

function refsOf({ contentRef, attachments = [] }: Emitted): ContentRef[] {
  return contentRef ? [contentRef, ...attachments] : attachments
}

/** To be sent: the number stands last, so that the kept bytes need no parsing. */
export function stamped(body: Buffer, stamp: { producer: string; epoch: string; seq: number }): Buffer {
  return Buffer.concat([body.subarray(0, -1), Buffer.from(`,${JSON.stringify(stamp).slice(1)}`)])
}
