// Events that are no states: an automation or script that ran, a tag, a button in a notification, a service that a person
// called, Home Assistant itself starting and stopping. Not for: states (observe.ts).
import { eventId } from '../../schemas/ids.ts'
import type { Notification } from '../bridge.ts'
import { causeOf, type HomeContext, SOURCE } from './context.ts'
import { oneLine, words } from './describe.ts'
import { attribute, type HomeEvent, type LogbookEntry, micros, millis } from './wire.ts'

/** The types to subscribe to besides state_changed. All but state_changed need an administrator's token. */
export const routineEvents = [
  'automation_triggered',
  'script_started',
  'call_service',
  'tag_scanned',
  'mobile_app_notification_action',
  'homeassistant_start',
  'homeassistant_stop',
] as const

/** Plumbing that people call without knowing. */
const PLUMBING = new Set(['frontend', 'logger', 'persistent_notification', 'recorder', 'system_log'])

interface Routine {
  /** What it was about: with the moment the native key. */
  subject: string
  type: 'routine_trigger' | 'device_state_change'
  summary: string
  data: Record<string, unknown>
}

/** The notification of an event, undefined for those that are none of these. */
export function routineOf(event: HomeEvent, context: HomeContext): Notification | undefined {
  const at = micros(event.time_fired)
  const told = Number.isNaN(at) ? undefined : tell(event, context)
  if (!told) return undefined
  const timestamp = millis(at)
  const cause = causeOf(event.context)
  return {
    id: eventId({ space: context.space, source: SOURCE, key: `${told.subject}\0${at}`, timestamp }),
    source: SOURCE,
    type: told.type,
    summary: oneLine(told.summary),
    timestamp,
    data: told.data,
    ...(cause && { cause }),
  }
}

/** A line of the logbook as the event that it tells of; undefined for lines about states, which history has. */
export function eventOf(entry: LogbookEntry): HomeEvent | undefined {
  const { domain, name, source, entity_id, context_id, context_user_id } = entry
  const about = { time_fired: entry.when, context: context_id ? { id: context_id, user_id: context_user_id } : null }
  if (domain === 'automation' && entity_id && entry.message?.startsWith('triggered')) {
    return { event_type: 'automation_triggered', data: { name, entity_id, source }, ...about }
  }
  if (domain === 'script' && entity_id && entry.message === 'started') {
    return { event_type: 'script_started', data: { name, entity_id }, ...about }
  }
  if (domain === 'homeassistant' && entry.message === 'started') {
    return { event_type: 'homeassistant_start', data: {}, ...about }
  }
  if (domain === 'homeassistant' && entry.message === 'stopped') {
    return { event_type: 'homeassistant_stop', data: {}, ...about }
  }
  return undefined
}

function tell({ event_type, data, context: cause }: HomeEvent, context: HomeContext): Routine | undefined {
  const entity = attribute(data, 'entity_id')
  const name = attribute(data, 'name')
  const routine = (
    subject: string,
    category: string,
    summary: string,
    more: Record<string, unknown> = {},
  ): Routine => ({
    subject,
    type: 'routine_trigger',
    summary,
    data: { ...(entity && { entity_id: entity }), category, ...more },
  })
  switch (event_type) {
    case 'automation_triggered': {
      if (!entity || !context.wanted(entity, context.place(entity))) return undefined
      const source = attribute(data, 'source')
      const by = source ? `, triggered by ${source}` : ''
      return routine(entity, 'automation', `${name ?? entity} ran${by}`, { name, source })
    }
    case 'script_started':
      if (!entity || !context.wanted(entity, context.place(entity))) return undefined
      return routine(entity, 'script', `${name ?? entity} started`, { name })
    case 'tag_scanned': {
      const tag = attribute(data, 'tag_id')
      return tag ? routine(`tag ${tag}`, 'tag', `Tag ${name ?? tag} scanned`, { tag_id: tag, name }) : undefined
    }
    case 'mobile_app_notification_action': {
      const action = attribute(data, 'action')
      if (!action) return undefined
      const tag = attribute(data, 'tag')
      return routine(`notification ${action}`, 'notification', `Answered a notification: ${action}`, { action, tag })
    }
    case 'call_service':
      return cause?.user_id ? called(data, context, routine) : undefined
    case 'homeassistant_start':
    case 'homeassistant_stop': {
      const state = event_type === 'homeassistant_start' ? 'on' : 'off'
      const summary = `Home Assistant ${state === 'on' ? 'started' : 'stopped'}`
      return {
        subject: 'homeassistant',
        type: 'device_state_change',
        summary,
        data: { category: 'availability', new_state: state },
      }
    }
    default:
      return undefined
  }
}

/** What a person asked for, without the values of the call: alarm and lock codes are among them. */
function called(
  data: Record<string, unknown>,
  context: HomeContext,
  routine: (subject: string, category: string, summary: string, more: Record<string, unknown>) => Routine,
): Routine | undefined {
  const domain = attribute(data, 'domain')
  const service = attribute(data, 'service')
  if (!domain || !service || PLUMBING.has(domain)) return undefined
  const values = typeof data.service_data === 'object' && data.service_data !== null ? data.service_data : {}
  const named = 'entity_id' in values ? [values.entity_id].flat().filter((id) => typeof id === 'string') : []
  const targets = named.filter((id) => context.wanted(id, context.place(id)))
  if (named.length > 0 && targets.length === 0) return undefined
  const [first] = targets
  const at = targets.length === 1 && first ? context.place(first) : undefined
  const on = targets.length > 0 ? ` for ${targets.slice(0, 3).join(', ')}${targets.length > 3 ? ', ...' : ''}` : ''
  return routine(`${domain}.${service} ${targets.join(' ')}`, 'service', `${words(domain)}: ${words(service)}${on}`, {
    ...(targets.length === 1 && { entity_id: first }),
    ...(targets.length > 1 && { entity_ids: targets.slice(0, 50) }),
    ...(at?.area && { area: at.area, zone: at.zone }),
    service: `${domain}.${service}`,
  })
}
