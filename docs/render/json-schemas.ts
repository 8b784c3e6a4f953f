// JSON Schemas of the public shapes, from their zod schemas. Not for: validating, which zod does. They describe what is
// accepted and sent; unknown fields are allowed, so that a reader of today can read the messages of tomorrow.
import { z } from 'zod'
import { activityEvent, activityNotification } from '../../schemas/activity.ts'
import { contentRef } from '../../schemas/content-ref.ts'
import { accounting, bridgeStatus, missingPayload, receipt, rejection } from '../../schemas/delivery.ts'
import { activityFilter } from '../../schemas/filter.ts'
import { physicalData } from '../../schemas/physical.ts'
import { activitySession } from '../../schemas/session.ts'

/** The shapes that programs outside may rely on, by the name of their file. */
export const publicShapes = {
  'activity-event': activityEvent,
  'activity-filter': activityFilter,
  'activity-notification': activityNotification,
  'activity-session': activitySession,
  accounting,
  'bridge-status': bridgeStatus,
  'content-ref': contentRef,
  'missing-payload': missingPayload,
  'physical-data': physicalData,
  receipt,
  rejection,
} as const satisfies Record<string, z.ZodType>

/** A shape as JSON Schema: 2020-12 unless a document that embeds it wants draft 7. */
export function jsonSchema(shape: z.ZodType, target: 'draft-2020-12' | 'draft-7' = 'draft-2020-12') {
  return z.toJSONSchema(shape, { io: 'input', target })
}
