// What is known of a review and of the objects in it, and how it grows with each message. Pure. Not for: telling it
// (translate.ts), or keeping it (memory.ts).
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { Notification } from '../bridge.ts'
import { type Finding, type Review, type Tracked, timeInId } from './wire.ts'

/** What is known of one tracked object. */
export interface Detail {
  id: string
  camera?: string
  label?: string
  /** A face, the owner of a plate, a delivery company. */
  name?: string
  plate?: string
  /** The best so far. */
  score?: number
  description?: string
  /** By model: `{"helmet_detector": "yes"}`. */
  attributes?: Record<string, string>
  /** Final once it has ended, a guess before. */
  hasSnapshot?: boolean
  ended?: boolean
  /** The last frame it was seen in, epoch seconds. */
  at?: number
}

/** What is known of one review, with what was told of it. */
export interface Known {
  review: Review
  /** Those of its detections of which something is known. */
  details: Record<string, Detail>
  /** Frigate's clock when it was last seen to go on, epoch seconds. */
  seen: number
  /** Our clock when it was last heard of, epoch ms. */
  heardAt: number
  /** The end that was told, epoch seconds. */
  end?: number
  /** We closed it, as Frigate was gone. */
  inferred?: boolean
  /** The meaning that was told last. */
  said?: string
  /** Our clock when the last update was told, epoch ms. */
  updatedAt?: number
  /** Its pictures, once they are kept here or given up. */
  refs?: { contentRef?: ContentRef; attachments?: NonNullable<Notification['attachments']> }
}

/** A review as it is now, with what was known of it and of its objects before. */
export function grown(
  known: Known | undefined,
  review: Review,
  detailOf: (id: string) => Detail | undefined,
  now: number,
): Known {
  const details = { ...known?.details }
  for (const id of review.data.detections) {
    const detail = detailOf(id)
    if (detail) details[id] = detail
  }
  const metadata = review.data.metadata ?? known?.review.data.metadata
  const merged = { ...known, review: { ...review, data: { ...review.data, metadata } }, details, heardAt: now, seen: 0 }
  return { ...merged, seen: lastSeen(merged, known?.seen) }
}

/** The same review with more known of one of its objects. */
export function withDetail(known: Known, detail: Detail, now: number): Known {
  const merged = { ...known, details: { ...known.details, [detail.id]: detail }, heardAt: now }
  return { ...merged, seen: lastSeen(merged, known.seen) }
}

function lastSeen({ review, details }: Pick<Known, 'review' | 'details'>, before = 0): number {
  const frames = Object.values(details).map(({ at = 0 }) => at)
  return Math.max(before, review.start_time, ...review.data.detections.map(timeInId), ...frames)
}

/** An object as one more message shows it. */
export function detailFrom(before: Detail | undefined, now: Tracked): Detail {
  const { id, camera, label, data } = now
  const name = now.sub_label?.name ?? before?.name
  const plate = (now.recognized_license_plate ?? data?.recognized_license_plate)?.name ?? before?.plate
  const scores = [before?.score, now.top_score, now.score, data?.top_score, data?.score].filter((n) => n !== undefined)
  const at = Math.max(before?.at ?? 0, now.frame_time ?? 0, now.end_time ?? 0, now.start_time)
  return {
    ...before,
    id,
    camera,
    label,
    at,
    ...(name && { name }),
    ...(plate && { plate }),
    ...(scores.length > 0 && { score: Math.max(...scores) }),
    ...(data?.description && { description: data.description }),
    ...(now.has_snapshot !== undefined && { hasSnapshot: now.has_snapshot }),
    ...(now.end_time && { ended: true }),
  }
}

/** An object with what was found out about it; undefined if that is nothing, or too unsure. */
export function detailWith(before: Detail | undefined, found: Finding, confidence: number): Detail | undefined {
  const { type, id, name, plate, description, model, sub_label, attribute, score = 1 } = found
  const base = before ?? { id }
  const sure = score >= confidence
  switch (type) {
    case 'description':
      return description ? { ...base, description } : undefined
    case 'face':
      return name && name !== 'unknown' && sure ? { ...base, name, label: base.label ?? 'person' } : undefined
    case 'lpr':
      return plate && sure ? { ...base, plate, ...(name && { name }), label: base.label ?? 'car' } : undefined
    case 'classification':
      if (sub_label) return sub_label === 'none' ? undefined : { ...base, name: sub_label }
      return attribute && model ? { ...base, attributes: { ...base.attributes, [model]: attribute } } : undefined
    default:
      return undefined
  }
}

/** The detection whose picture shows best what it was about; undefined if none can have one. */
export function bestOf({ review, details }: Known): string | undefined {
  const shown = review.data.detections.filter((id) => !(details[id]?.ended && details[id]?.hasSnapshot === false))
  const rank = (id: string) => (details[id]?.label === 'person' ? 2 : 0) + (details[id]?.score ?? 0)
  return shown.sort((a, b) => rank(b) - rank(a))[0]
}
