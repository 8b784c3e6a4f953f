// Frigate's messages as notifications: one review is one activity with start, updates, end, and what is found out later.
// Pure: what was known before comes in the context, what is known then goes out. Not for: the notification itself
// (tell.ts), or remembering (memory.ts).
import type { Notification } from '../bridge.ts'
import { type Detail, detailFrom, detailWith, grown, type Known, withDetail } from './known.ts'
import { availabilityIn, type SingleContext, tellAvailable, tellTrigger } from './single.ts'
import { meaningOf, tell } from './tell.ts'
import * as wire from './wire.ts'

/** At most one update of an activity in so long. */
const UPDATE_MS = 60_000

/** A message of one Frigate; `kind` is the topic below its prefix. */
export interface Heard {
  kind: string
  payload: unknown
}

export interface FrigateContext extends SingleContext {
  known(reviewId: string): Known | undefined
  /** The reviews that a tracked object is part of. */
  holding(objectId: string): Known[]
  detail(objectId: string): Detail | undefined
  /** Faces and plates below it are ignored. */
  confidence: number
  /** Tracked objects are activities of their own. */
  objectsAlone: boolean
  /** Pictures stay at Frigate, so that the end can refer to them at once. */
  refers: boolean
}

/** What a message becomes, and what is to be remembered once that is safely kept. */
export interface Step {
  notifications: Notification[]
  reviews: Known[]
  detail?: Detail
  /** How Frigate says that it is. */
  available?: string
  /** Reviews that have just ended. */
  ended: Known[]
}

const nothing: Step = { notifications: [], reviews: [], ended: [] }

/** Takes one message; unknown ones give nothing. */
export function step(input: unknown, context: FrigateContext): Step {
  if (typeof input !== 'object' || input === null) return nothing
  const { kind, payload } = input as Heard
  if (kind === 'tracked_object_update') return stepFinding(payload, context)
  if (kind === 'triggers') return { ...nothing, notifications: tellTrigger(payload, context) }
  if (kind === 'available') return stepAvailable(payload, context)
  if (kind !== 'reviews' && kind !== 'events') return nothing
  const change = wire.change.safeParse(payload)
  if (!change.success) return nothing
  const { type, after } = change.data
  return kind === 'reviews' ? stepReview(type, after, context) : stepObject(type, after, context)
}

function stepAvailable(payload: unknown, context: FrigateContext): Step {
  const available = availabilityIn(payload)
  return available ? { ...nothing, notifications: tellAvailable(available, context), available } : nothing
}

function stepReview(type: string, after: unknown, context: FrigateContext): Step {
  const { data: review } = wire.review.safeParse(after)
  const isKnownType = type === 'new' || type === 'update' || type === 'end' || type === 'genai'
  if (!review || !isKnownType || !context.wants(review.camera)) return nothing
  return stepKnown(context.known(review.id), review, type === 'end' || type === 'genai', context)
}

function stepKnown(before: Known | undefined, review: wire.Review, ends: boolean, context: FrigateContext): Step {
  // An old message, said again: it knows less.
  if (before?.end !== undefined && !before.inferred && !ends) return nothing
  const now = grown(before, review, context.detail, context.now)
  const end = ends ? (review.end_time ?? now.seen) : undefined
  if (before?.end !== undefined) {
    if (end === undefined || !before.inferred) return stepChanged(now, context)
    // It was closed because Frigate was gone, and has ended after all.
    return said({ ...now, end, inferred: false }, 'enriched', context, 'end')
  }
  const begun = before ? nothing : said(now, 'start', context)
  const open = begun.reviews[0] ?? now
  if (end !== undefined) {
    const ended = said({ ...open, end }, 'end', context)
    return { ...ended, notifications: [...begun.notifications, ...ended.notifications], ended: ended.reviews }
  }
  return before ? stepChanged(now, context) : begun
}

/** Tells what is new of a review, if anything is, now or when an update may be told again: ask again then. */
export function stepChanged(known: Known, context: FrigateContext): Step {
  if (meaningOf(known) === known.said) return { ...nothing, reviews: [known] }
  if (known.end !== undefined) return said(known, 'enriched', context, meaningOf(known))
  if (context.now - (known.updatedAt ?? 0) < UPDATE_MS) return { ...nothing, reviews: [known] }
  return said({ ...known, updatedAt: context.now }, 'update', context, meaningOf(known))
}

/** Closes a review that will not end by itself, as its Frigate is gone, where it was last known to go on. */
export function stepGone(known: Known, context: FrigateContext): Step {
  const step = said({ ...known, end: known.seen, inferred: true }, 'end', context)
  return { ...step, ended: step.reviews }
}

/** Tells the pictures of a closed review; `what` is whether they are copies or only references. */
export function stepPictures(known: Known, what: 'pictures' | 'references', context: FrigateContext): Step {
  return said(known, 'enriched', context, what)
}

function said(known: Known, phase: NonNullable<Notification['phase']>, context: FrigateContext, what?: string): Step {
  const meant = { ...known, said: meaningOf(known) }
  return { notifications: [tell(meant, phase, context, what)], reviews: [meant], ended: [] }
}

function stepObject(type: string, after: unknown, context: FrigateContext): Step {
  const { data: object } = wire.tracked.safeParse(after)
  if (!object || object.false_positive || !context.wants(object.camera)) return nothing
  const detail = detailFrom(context.detail(object.id), object)
  const steps = told(detail, context)
  if (!context.objectsAlone) return steps
  const own = stepReview(type, asReview(object, detail), { ...context, detail: () => detail })
  return {
    notifications: [...steps.notifications, ...own.notifications],
    reviews: [...steps.reviews.filter(({ review }) => review.id !== object.id), ...own.reviews],
    detail,
    ended: own.ended,
  }
}

function stepFinding(payload: unknown, context: FrigateContext): Step {
  const { data: finding } = wire.finding.safeParse(payload)
  const detail = finding && detailWith(context.detail(finding.id), finding, context.confidence)
  return detail ? told(detail, context) : nothing
}

/** More is known of an object, and so of the reviews that it is part of. */
function told(detail: Detail, context: FrigateContext): Step {
  const steps = context.holding(detail.id).map((known) => stepChanged(withDetail(known, detail, context.now), context))
  return {
    notifications: steps.flatMap(({ notifications }) => notifications),
    reviews: steps.flatMap(({ reviews }) => reviews),
    detail,
    ended: [],
  }
}

/** A tracked object as a review of its own, for a Frigate that has none. */
function asReview({ id, camera, label, start_time, end_time, entered_zones, zones }: wire.Tracked, detail: Detail) {
  const data = { detections: [id], objects: [label], sub_labels: detail.name ? [detail.name] : [] }
  return {
    ...{ id, camera, start_time, end_time, severity: 'detection' },
    data: { ...data, zones: entered_zones.length > 0 ? entered_zones : zones, audio: [] },
  }
}
