// Home Assistant's events as notifications. Pure: what it must know besides the event comes in the context. Not for:
// remembering, which the session does with the same step.
import { eventId } from '../../schemas/ids.ts'
import type { PhysicalType } from '../../schemas/physical.ts'
import type { Notification } from '../bridge.ts'
import { causeOf, type HomeContext, SOURCE } from './context.ts'
import { describe, nameOf } from './describe.ts'
import { type Kind, kindOf } from './kinds.ts'
import { type Change, type Known, observe } from './observe.ts'
import type { Place } from './registries.ts'
import { routineOf } from './routines.ts'
import { toStored } from './units.ts'
import * as wire from './wire.ts'

/** What an event becomes, and what is to be remembered once that is safely kept. */
export interface Step {
  notifications: Notification[]
  /** When it was, epoch microseconds of Home Assistant's clock. */
  at?: number
  remember?: [entityId: string, known: Known]
}

const nothing: Step = { notifications: [] }

/** Takes one bus event, as it came over the line; unknown ones give nothing. */
export function step(input: unknown, context: HomeContext): Step {
  const parsed = wire.event.safeParse(input)
  if (!parsed.success) return nothing
  const event = parsed.data
  const own = context.ownUser !== undefined && event.context?.user_id === context.ownUser
  if (event.event_type !== 'state_changed') {
    const routine = own ? undefined : routineOf(event, context)
    return routine ? { notifications: [routine], at: wire.micros(event.time_fired) } : nothing
  }
  const next = wire.state.safeParse(event.data.new_state)
  if (!next.success) return nothing
  const taken = stepState(next.data, context, wire.state.safeParse(event.data.old_state).data)
  return own ? { ...taken, notifications: [] } : taken
}

/** Takes one state, live or from history. `before` is only used for an entity that is not known yet. */
export function stepState(next: wire.HomeState, context: HomeContext, before?: wire.HomeState): Step {
  const id = next.entity_id
  const at = wire.micros(next.last_updated)
  if (Number.isNaN(at) || !context.wanted(id, context.place(id)) || context.isOwnedTracker(id)) return nothing
  const known = context.known(id) ?? (before && observe(undefined, before, context.readings).known)
  const observed = observe(known, next, context.readings)
  return { notifications: observed.changes.map((c) => notificationOf(c, context)), at, remember: [id, observed.known] }
}

/** A change as a notification; its native key is entity_id and last_updated, the same in every channel. */
export function notificationOf(change: Change, context: HomeContext): Notification {
  const { state } = change
  const at = wire.micros(state.last_updated)
  const kind = kindOf(state.entity_id, state.attributes)
  const original = wire.attribute(state.attributes, 'unit_of_measurement')
  const number = Number(state.state)
  const { unit } = toStored(number, original)
  const key = [state.entity_id, at, ...(change.attribute ? [change.attribute] : [])].join('\0')
  const timestamp = wire.millis(at)
  const caused = causeOf(state.context)
  return {
    id: eventId({ space: context.space, source: SOURCE, key, timestamp }),
    source: SOURCE,
    type: kind.type,
    summary: describe(change, kind, unit),
    timestamp,
    data: {
      entity_id: state.entity_id,
      ...placed(state, kind, context.place(state.entity_id)),
      ...(kind.category && { category: kind.category }),
      ...present('device_class', wire.attribute(state.attributes, 'device_class')),
      ...present('attribute', change.attribute),
      ...present('event_type', wire.attribute(state.attributes, 'event_type')),
      ...present('old_state', change.old),
      new_state: change.new,
      ...present('unit', change.attribute ? undefined : unit),
      ...(unit !== original && !change.attribute && { original_state: number, original_unit: original }),
    },
    ...(caused && { cause: caused }),
  }
}

/** Area and floor of a thing; of a person the zone that they are in, by id where newer versions give it. */
function placed(state: wire.HomeState, kind: Kind, place: Place) {
  const { zone, area, floor } = place
  if (kind.type !== ('presence_change' satisfies PhysicalType) || wire.domainOf(state.entity_id) === 'binary_sensor') {
    return { ...present('zone', zone), ...present('area', area), ...present('floor', floor) }
  }
  const [inZone] = Array.isArray(state.attributes.in_zones) ? state.attributes.in_zones : []
  const at = typeof inZone === 'string' ? inZone.replace(/^zone\./, '') : slug(state.state)
  return {
    ...(state.state !== 'not_home' && kind.category !== 'count' && { zone: at }),
    ...(wire.domainOf(state.entity_id) === 'person' && { person: nameOf(state) }),
  }
}

/** A name as Home Assistant makes an id of it, for most names. */
function slug(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '_')
}

function present<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>)
}
