// The table of what becomes what: domain and device class decide the activity type, the category, and whether an entity
// is discrete (each change counts) or continuous (a curve is sampled). Not for: which entities are wanted (filter.ts).
import type { PhysicalType } from '../../schemas/physical.ts'
import { attribute, domainOf } from './wire.ts'

export interface Kind {
  type: PhysicalType
  category?: string
  continuous: boolean
}

const set = (words: string): ReadonlySet<string> => new Set(words.split(' '))

const ROOM = set('occupancy presence')
const SAFETY = set('smoke gas carbon_monoxide moisture heat cold safety problem tamper')
const OPENING = set('door window garage_door opening lock')
const ENVIRONMENT = set(
  'temperature humidity absolute_humidity atmospheric_pressure pressure illuminance carbon_dioxide carbon_monoxide co2 co ' +
    'pm1 pm25 pm4 pm10 aqi volatile_organic_compounds volatile_organic_compounds_parts nitrogen_dioxide nitrogen_monoxide ' +
    'nitrous_oxide ozone sulphur_dioxide radon sound_pressure moisture precipitation precipitation_intensity wind_speed ' +
    'wind_direction irradiance ph conductivity',
)
const ENERGY = set('power energy voltage current gas water apparent_power reactive_power power_factor energy_storage')
/** Their state is the time of an activation. */
const MOMENTS = set('scene event button input_button')
/** Home Assistant's ALWAYS_CONTINUOUS_DOMAINS. */
const COUNTING = set('counter proximity')
const OUTSIDE = set('weather sun')

/** True for entities whose state is a moment: each newer one is an event. */
export function isMoment(entityId: string): boolean {
  return MOMENTS.has(domainOf(entityId))
}

/** Home Assistant's logbook rule splits discrete from continuous: a unit or a state class makes a curve. */
export function kindOf(entityId: string, attributes: Record<string, unknown>): Kind {
  const domain = domainOf(entityId)
  const deviceClass = attribute(attributes, 'device_class') ?? ''
  const continuous =
    COUNTING.has(domain) ||
    'unit_of_measurement' in attributes ||
    'state_class' in attributes ||
    (domain === 'sensor' && (deviceClass === 'timestamp' || deviceClass === 'uptime'))
  const kind = (type: PhysicalType, category?: string): Kind => ({ type, continuous, ...(category && { category }) })

  if (domain === 'person' || domain === 'device_tracker') return kind('presence_change')
  if (domain === 'zone') return kind('presence_change', 'count')
  if (MOMENTS.has(domain)) return kind('routine_trigger', domain)
  if (OUTSIDE.has(domain)) return kind('environmental', domain)
  if (domain === 'binary_sensor') {
    if (ROOM.has(deviceClass)) return kind('presence_change', 'room')
    if (SAFETY.has(deviceClass)) return kind('device_state_change', 'safety')
    if (OPENING.has(deviceClass)) return kind('device_state_change', 'opening')
    if (deviceClass === 'motion') return kind('device_state_change', 'motion')
    if (deviceClass === 'connectivity') return kind('device_state_change', 'availability')
    return kind('device_state_change')
  }
  if (domain === 'alarm_control_panel' || domain === 'siren') return kind('device_state_change', 'safety')
  if (domain === 'sensor') {
    if (ENVIRONMENT.has(deviceClass)) return kind('environmental')
    if (ENERGY.has(deviceClass)) return kind('device_state_change', 'energy')
    if (continuous) return kind('device_state_change', 'usage')
  }
  return kind('device_state_change')
}
