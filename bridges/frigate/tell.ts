// A review as a notification: its id, what its `data` holds, where its pictures are. Pure, and the same for live, read
// back and imported reviews. Not for: deciding when something is told (translate.ts).
import { createHash } from 'node:crypto'
import { type ContentRef, isObjectId } from '../../schemas/content-ref.ts'
import { eventId } from '../../schemas/ids.ts'
import type { PhysicalType } from '../../schemas/physical.ts'
import type { Notification } from '../bridge.ts'
import { categoryOf, describe, subjectsOf } from './describe.ts'
import { bestOf, type Known } from './known.ts'
import { millis } from './wire.ts'

export const SOURCE = 'frigate'
/** Keeps a message small: a review of a busy street holds hundreds. */
const MOST = { listed: 12, text: 800 }

interface Telling {
  space: string
  instance: string
  refers: boolean
}

/**
 * The native key is the Frigate and the review; `what` tells several updates or enrichments of one apart.
 * Timestamps are the review's own: start, end, and for an update when it was last seen.
 */
export function tell(
  known: Known,
  phase: NonNullable<Notification['phase']>,
  telling: Telling,
  what = '',
): Notification {
  const { review, end } = known
  const { instance, space } = telling
  const subjects = subjectsOf(known)
  const category = categoryOf(subjects)
  const at = phase === 'start' ? review.start_time : (end ?? known.seen)
  const timestamp = millis(Math.max(at, review.start_time))
  const key = [instance, review.id, ...(what ? [what] : [])].join('\0')
  const type: PhysicalType = category === 'person' ? 'person_detected' : 'device_state_change'
  return {
    id: eventId({ space, source: SOURCE, key, phase, timestamp }),
    source: SOURCE,
    type,
    summary: describe(known, subjects),
    timestamp,
    data: dataOf(known, category, instance),
    ...(end !== undefined && (known.refs ?? (telling.refers ? refsAtFrigate(known) : {}))),
    ...(end !== undefined && { duration: Math.max(0, millis(end) - millis(review.start_time)) }),
    activityId: `${instance}/${review.id}`.slice(0, 200),
    phase,
  }
}

/** A camera as Home Assistant would name its entity. */
export function entityOf(camera: string): string {
  return `camera.${camera.toLowerCase().replace(/[^a-z0-9_]+/g, '_')}`
}

/** Changes when there is something new to tell; scores, which change with every frame, are none. */
export function meaningOf(known: Known): string {
  const { confidence: _, detections: __, inferred: ___, ...rest } = dataOf(known, '', '')
  return createHash('sha256').update(JSON.stringify(rest)).digest('hex').slice(0, 16)
}

/** References that are resolved at Frigate on demand: for as long as it has them. */
export function refsAtFrigate(known: Known): NonNullable<Known['refs']> {
  const best = bestOf(known)
  const thumbnail = referenceAtFrigate(best ?? known.review.id, 'thumbnail')
  const snapshot = best === undefined ? undefined : referenceAtFrigate(best, 'snapshot')
  return {
    ...(snapshot && { contentRef: { ...snapshot, name: `${known.review.camera}.jpg` } }),
    ...(thumbnail && { attachments: [{ ...thumbnail, name: 'thumbnail' }] }),
  }
}

export function referenceAtFrigate(id: string, kind: 'snapshot' | 'thumbnail' | 'clip'): ContentRef | undefined {
  const mediaType = kind === 'clip' ? 'video/mp4' : 'image/jpeg'
  return isObjectId('frigate', `${id}:${kind}`) ? { storage: 'frigate', id: `${id}:${kind}`, mediaType } : undefined
}

function dataOf(known: Known, category: string, instance: string): Record<string, unknown> {
  const { review, details } = known
  const subjects = subjectsOf(known)
  const { zones, detections, metadata } = review.data
  const seen = detections.flatMap((id) => details[id] ?? [])
  const about = seen.filter(({ label }) => subjects.objects.includes('person') === (label === 'person'))
  const scores = (about.length > 0 ? about : seen).flatMap(({ score }) => score ?? [])
  const descriptions = seen.flatMap(({ description }) => description ?? [])
  const description = metadata?.shortSummary ?? metadata?.scene ?? descriptions.join(' ')
  return {
    entity_id: entityOf(review.camera),
    camera: review.camera,
    ...(zones[0] && { zone: zones[0] }),
    ...many('zones', zones),
    ...(subjects.people[0] && { person: subjects.people[0] }),
    ...many('people', subjects.people),
    ...(scores.length > 0 && { confidence: Math.max(...scores) }),
    category,
    severity: review.severity,
    objects: subjects.objects.slice(0, MOST.listed),
    ...some('names', subjects.others),
    ...(subjects.plates[0] && { plate: subjects.plates[0] }),
    ...many('plates', subjects.plates),
    ...some('audio', subjects.audio),
    ...(metadata?.title && { title: metadata.title.slice(0, MOST.text) }),
    ...(description && { description: description.slice(0, MOST.text) }),
    ...(metadata?.potential_threat_level !== undefined && { threat_level: metadata.potential_threat_level }),
    ...attributesOf(seen.map(({ attributes }) => attributes)),
    ...some('detections', detections),
    instance,
    ...(known.inferred !== undefined && { inferred: known.inferred }),
  }
}

function some(key: string, values: readonly string[]): Record<string, readonly string[]> {
  return values.length > 0 ? { [key]: values.slice(0, MOST.listed) } : {}
}

/** A list only where the single field beside it does not say it all. */
function many(key: string, values: readonly string[]): Record<string, readonly string[]> {
  return values.length > 1 ? some(key, values) : {}
}

function attributesOf(all: readonly (Record<string, string> | undefined)[]): { attributes?: Record<string, string> } {
  const merged = Object.entries(Object.assign({}, ...all) as Record<string, string>)
  return merged.length > 0 ? { attributes: Object.fromEntries(merged.slice(0, MOST.listed)) } : {}
}
