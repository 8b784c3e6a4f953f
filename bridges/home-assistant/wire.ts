// What Home Assistant sends, as far as it is read here: states, bus events, contexts, times. Every field may be missing
// in some version, so everything is checked once and nothing is trusted. Not for: what any of it means.
import { z } from 'zod'

const text = z.string().optional().catch(undefined)

/** Causality: `user_id` is a human or a token, `parent_id` the context that caused this one. */
export const context = z.object({
  id: z.string().nullish().catch(null),
  parent_id: z.string().nullish().catch(null),
  user_id: z.string().nullish().catch(null),
})

export const state = z.object({
  entity_id: z.string().regex(/^[a-z0-9_]+\.[a-z0-9_]+$/),
  state: z.string(),
  attributes: z.record(z.string(), z.unknown()).catch({}),
  /** Moves with `state` and attributes; the pair (entity_id, last_updated) names a state in every channel. */
  last_updated: z.union([z.string(), z.number()]),
  context: context.nullish().catch(null),
})

export type HomeState = z.infer<typeof state>

export const event = z.object({
  event_type: z.string(),
  data: z.record(z.string(), z.unknown()).catch({}),
  time_fired: z.union([z.string(), z.number()]).optional().catch(undefined),
  context: context.nullish().catch(null),
})

export type HomeEvent = z.infer<typeof event>

/** One line of the logbook, as `/api/logbook` gives it. */
export const logbookEntry = z.object({
  when: z.union([z.string(), z.number()]),
  domain: text,
  entity_id: text,
  name: text,
  message: text,
  source: text,
  context_id: text,
  context_user_id: z.string().nullish().catch(null),
})

export type LogbookEntry = z.infer<typeof logbookEntry>

const ISO = /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)?$/

/**
 * A time of Home Assistant as epoch microseconds, which is its own precision: ISO text from the API, float seconds from
 * compressed states and the database. NaN for anything else.
 */
export function micros(time: string | number | undefined): number {
  if (typeof time === 'number') return Math.round(time * 1e6)
  const [, seconds, fraction = '', zone = 'Z'] = (time && ISO.exec(time)) || []
  if (!seconds) return Number.NaN
  return Date.parse(`${seconds.replace(' ', 'T')}${zone}`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6))
}

/** Epoch ms of epoch microseconds. */
export function millis(us: number): number {
  return Math.floor(us / 1000)
}

/** Home Assistant's own words for "no value". */
export function isValid(value: string): boolean {
  return value !== 'unavailable' && value !== 'unknown' && value !== ''
}

export function domainOf(entityId: string): string {
  return entityId.slice(0, entityId.indexOf('.'))
}

/** A text attribute, undefined if it is none. */
export function attribute(attributes: Record<string, unknown>, name: string): string | undefined {
  const value = attributes[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
