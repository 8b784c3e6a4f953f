// The five kinds of event that a house produces, and the fields their `data` shares. Not for: how a source's own
// payload is read, which its bridge knows.
import { z } from 'zod'

export const physicalTypes = [
  'presence_change',
  'device_state_change',
  'person_detected',
  'routine_trigger',
  'environmental',
] as const

export type PhysicalType = (typeof physicalTypes)[number]

const value = z.union([z.string(), z.number(), z.boolean(), z.null()])

/** Further kinds (safety, energy, availability, ...) are one of the five with a `category`. */
export const physicalData = z
  .looseObject({
    entity_id: z.string().optional(),
    zone: z.string().optional(),
    area: z.string().optional(),
    floor: z.string().optional(),
    device_class: z.string().optional(),
    unit: z.string().optional(),
    old_state: value.optional(),
    new_state: value.optional(),
    attribute: z.string().optional().describe('named when an attribute changed, not the state'),
    person: z.string().optional(),
    confidence: z.number().min(0).max(1).optional(),
    category: z.string().optional(),
  })
  .meta({ id: 'PhysicalData', description: 'The data of the five physical types; further fields are kept.' })

export type PhysicalData = z.infer<typeof physicalData>
