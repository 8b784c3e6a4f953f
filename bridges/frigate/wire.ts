// What Frigate says over MQTT and HTTP, as far as it is read here, from 0.11 to 0.18. Fields came, went and changed their
// form between versions, so everything is checked once and nothing is trusted. Not for: what any of it means.
import { z } from 'zod'

/** Epoch seconds; some answers have ISO text without a zone, which is UTC. */
const seconds = z.union([
  z.number().positive(),
  z
    .string()
    .transform((text) => Date.parse(/Z|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}Z`) / 1000)
    .refine((time) => time > 0),
])
const text = z.string().min(1).optional().catch(undefined)
const texts = z.array(z.string()).catch([])
const share = z.number().min(0).max(1).optional().catch(undefined)
const truth = z.boolean().optional().catch(undefined)

/** A name with or without its score: `"Bob"`, `["Bob", 0.9]` or null. */
const named = z
  .union([z.string().min(1), z.tuple([z.string().min(1), z.number().nullish()]).rest(z.unknown())])
  .transform((value) =>
    typeof value === 'string' ? { name: value } : { name: value[0], score: value[1] ?? undefined },
  )
  .optional()
  .catch(undefined)

/** What its language model says of a review (0.17). */
const metadata = z
  .object({
    title: text,
    scene: text,
    shortSummary: text,
    potential_threat_level: z.number().int().optional().catch(undefined),
  })
  .optional()
  .catch(undefined)

/** A stretch of one camera in which something was going on; the same over MQTT and from `/api/review`. */
export const review = z.object({
  id: z.string().min(1).max(100),
  camera: z.string().min(1),
  start_time: seconds,
  end_time: seconds.nullish().catch(null),
  severity: z.string().catch('detection'),
  thumb_path: text,
  data: z
    .object({ detections: texts, objects: texts, sub_labels: texts, zones: texts, audio: texts, metadata })
    .catch({ detections: [], objects: [], sub_labels: [], zones: [], audio: [], metadata: undefined }),
})

export type Review = z.infer<typeof review>

/** A tracked object: the halves of `events` messages, and `/api/events`, which puts some of it below `data`. */
export const tracked = z.object({
  id: z.string().min(1).max(100),
  camera: z.string().min(1),
  label: z.string().min(1),
  sub_label: named,
  start_time: seconds,
  end_time: seconds.nullish().catch(null),
  frame_time: seconds.optional().catch(undefined),
  top_score: share,
  score: share,
  false_positive: truth,
  has_snapshot: truth,
  recognized_license_plate: named,
  recognized_license_plate_score: share,
  entered_zones: texts,
  zones: texts,
  data: z
    .object({
      top_score: share,
      score: share,
      sub_label_score: share,
      recognized_license_plate: named,
      recognized_license_plate_score: share,
      description: text,
    })
    .optional()
    .catch(undefined),
})

export type Tracked = z.infer<typeof tracked>

/** `frigate/reviews` and `frigate/events`; `before` is older, so only `after` is read. */
export const change = z.object({ type: z.string(), after: z.unknown() })

/** `frigate/tracked_object_update`: what was found out about an object, often after it has gone. */
export const finding = z.object({
  type: z.string(),
  id: z.string().min(1).max(100),
  description: text,
  name: text,
  score: share,
  plate: text,
  model: text,
  sub_label: text,
  attribute: text,
})

export type Finding = z.infer<typeof finding>

/** `frigate/triggers` (0.17): a tracked object is like what a trigger describes. */
export const trigger = z.object({
  name: z.string().min(1).max(200),
  camera: z.string().min(1),
  event_id: z.string().min(1).max(100),
  type: text,
  score: share,
})

/** Epoch ms of epoch seconds, which have six digits after the point. */
export function millis(time: number): number {
  return Math.floor(Math.round(time * 1e6) / 1000)
}

/** The time that an id of Frigate begins with: `1718987129.308396-fqk5ka`; 0 if it has none. */
export function timeInId(id: string): number {
  return Number(/^(\d{9,11}\.\d+)-/.exec(id)?.[1] ?? 0)
}
