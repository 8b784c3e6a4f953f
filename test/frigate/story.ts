// Stretches of what a Frigate says, in the shapes that were recorded (recorded/SOURCES.md), moved to any time: the same
// visit as MQTT messages and as rows of its HTTP API. Not for: playing them (player.ts).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A row of its database: a review or a tracked object. */
export interface Row extends Record<string, unknown> {
  id: string
  camera: string
  start_time: number
  end_time: number | null
}

/** A message; the topic is the one below its prefix. */
export interface Said {
  topic: string
  payload: unknown
}

export interface Visit {
  review: Row
  object: Row
  /** From the object's first frame to the end of the review. */
  messages: Said[]
}

export interface VisitOptions {
  /** Epoch seconds. */
  at: number
  /** Six letters or digits, part of its ids. */
  name: string
  camera?: string
  label?: string
  severity?: 'alert' | 'detection'
  zones?: string[]
  subLabel?: string
  seconds?: number
}

/** The lines or the one value of a recorded file. */
export function recorded(file: string): unknown[] {
  const text = readFileSync(join(import.meta.dirname, 'recorded', file), 'utf8')
  if (file.endsWith('.jsonl'))
    return text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  return [JSON.parse(text)]
}

/** Somebody, or something, comes and goes: one review with one tracked object. */
export function visit(options: VisitOptions): Visit {
  const { at, name, camera = 'front_door', label = 'person', severity = 'alert', zones = [], seconds = 30 } = options
  const [review] = recorded('mqtt_reviews_update_recorded.json') as [{ after: Row & { data: object } }]
  const [, , object] = recorded('mqtt_events_lifecycle.jsonl') as [never, never, { after: Row }]
  const names = options.subLabel ? [options.subLabel] : []
  const [started, ended] = [round(at), round(at + seconds)]
  const objectId = `${stamp(at - 2)}-${name}`
  const reviewId = `${stamp(at)}-${name}`
  const whole: Row = {
    ...review.after,
    ...{ id: reviewId, camera, severity, start_time: started, end_time: ended },
    thumb_path: `/media/frigate/clips/review/thumb-${camera}-${reviewId}.webp`,
    data: { ...review.after.data, detections: [objectId], objects: [label], sub_labels: names, zones },
  }
  const tracked: Row = {
    ...object.after,
    ...{ id: objectId, camera, label, start_time: round(at - 2), end_time: ended, frame_time: ended },
    ...{ current_zones: zones, entered_zones: zones, has_snapshot: true, top_score: 0.87 },
    sub_label: options.subLabel ? [options.subLabel, 0.94] : null,
  }
  const going = { ...whole, end_time: null, severity: 'detection', data: { ...(whole.data as object), sub_labels: [] } }
  const moving = { ...tracked, end_time: null, frame_time: round(at - 1), has_snapshot: false, sub_label: null }
  return {
    review: whole,
    object: { ...tracked, sub_label: options.subLabel ?? null, data: { top_score: 0.87, type: 'object' } },
    messages: [
      { topic: 'events', payload: { type: 'new', before: { ...moving, false_positive: true }, after: moving } },
      { topic: 'reviews', payload: { type: 'new', before: going, after: going } },
      { topic: 'events', payload: { type: 'update', before: moving, after: { ...moving, frame_time: round(at + 3) } } },
      { topic: 'reviews', payload: { type: 'update', before: going, after: { ...whole, end_time: null } } },
      { topic: 'events', payload: { type: 'end', before: moving, after: tracked } },
      { topic: 'reviews', payload: { type: 'end', before: { ...whole, end_time: null }, after: whole } },
    ],
  }
}

/** Bytes that begin and end as a JPEG does; the same text gives the same picture. */
export function picture(text: string, bytes = 2000): Buffer {
  const comment = Buffer.from(text.padEnd(bytes, '.'))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(comment.length + 2)
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xfe]), length, comment, Buffer.from([0xff, 0xd9])])
}

function stamp(seconds: number): string {
  return seconds.toFixed(6)
}

function round(seconds: number): number {
  return Number(stamp(seconds))
}
