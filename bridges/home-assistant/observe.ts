// The fold of one entity's states into what is worth telling. Live events and history rows are the same stream of states,
// so that whatever is filled in later is what would have been told live. Not for: wording or ids (translate.ts).
//
//   discrete    off ── unavailable ── off ── on ── on(attributes) ── off
//   told                                     on                      off      the last valid state is what counts, so
//                                                                             restarts and drop-outs tell nothing
//   continuous  20.0   20.1   21.0 ..................... 21.2   23.0
//   told        20.0          (held until a minute after 20.0) 21.0, 23.0     deadband, interval, heartbeat
//   moment      08:00 ── unavailable ── 08:00 ── 09:30
//   told                                         09:30                        only a newer moment
import { isNews, type ReadingOptions } from './deadband.ts'
import { isMoment, kindOf } from './kinds.ts'
import { toStored } from './units.ts'
import { attribute, domainOf, type HomeState, isValid, micros, millis } from './wire.ts'

/** What is remembered of an entity. Plain JSON. */
export interface Known {
  /** The last valid state; absent until there was one. */
  state?: string
  /** last_updated of the newest state taken in, epoch microseconds: nothing older is taken again. */
  at: number
  /** Watched attributes of the last valid state. */
  attributes?: Record<string, string | number>
  /** The last reading told, in the stored unit, and when it was measured (epoch ms). */
  told?: { value: number | string; at: number }
  /** A reading that waits for the interval to pass. Not kept through a restart: history has it. */
  held?: HomeState
}

/** Something to tell: a new state, or one attribute of it. */
export interface Change {
  state: HomeState
  old?: number | string
  new: number | string
  attribute?: string
}

export interface Observed {
  known: Known
  changes: Change[]
}

/** What people set on a device without changing its state. */
const watched: Record<string, readonly string[]> = {
  climate: ['temperature', 'target_temp_low', 'target_temp_high', 'preset_mode'],
  water_heater: ['temperature'],
  humidifier: ['humidity'],
}

/** Takes the next state of an entity in. Pure; `known` undefined is an entity never seen, whose first state is no change. */
export function observe(known: Known | undefined, next: HomeState, options: ReadingOptions): Observed {
  const at = micros(next.last_updated)
  if (known && at <= known.at) return { known, changes: [] }
  if (kindOf(next.entity_id, next.attributes).continuous) return observeReading(known, next, at, options)
  if (!isValid(next.state)) return { known: { ...known, at }, changes: [] }
  const attributes = watchedOf(next)
  const now: Known = { state: next.state, at, ...(attributes && { attributes }) }
  if (known === undefined) return { known: now, changes: [] }
  if (isMoment(next.entity_id)) return observeMoment(known, next, now)
  if (known.state === undefined) return { known: now, changes: [] }
  const changes: Change[] = []
  if (known.state !== next.state)
    changes.push({ state: next, old: stateValue(next, known.state), new: stateValue(next) })
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const old = known.attributes?.[name]
    if (old !== undefined && old !== value) changes.push({ state: next, old, new: value, attribute: name })
  }
  return { known: { ...now, ...(attributes && { attributes: { ...known.attributes, ...attributes } }) }, changes }
}

/** The reading that waited, if its time has come at `now` (epoch ms). */
export function release(known: Known, now: number, options: ReadingOptions): Observed {
  const { held, told, ...rest } = known
  if (!held || (told && now < told.at + options.minIntervalSeconds * 1000)) return { known, changes: [] }
  return tellReading({ ...rest, ...(told && { told }) }, held, options)
}

/** A button never pressed is `unknown` first: what follows is its first press, if it is newer than our first look. */
function observeMoment(known: Known, next: HomeState, now: Known): Observed {
  const moment = micros(next.state)
  const seen = known.state === undefined ? known.at : micros(known.state)
  if (!(moment > seen)) return { known: { ...known, at: now.at }, changes: [] }
  return { known: now, changes: [{ state: next, ...(known.state && { old: known.state }), new: next.state }] }
}

function observeReading(known: Known | undefined, next: HomeState, at: number, options: ReadingOptions): Observed {
  const time = millis(at)
  const before = known ? release(known, time, options) : { known: { at: 0 }, changes: [] }
  const base: Known = { ...before.known, at }
  const value = readingOf(next)
  if (value === undefined) return { known: base, changes: before.changes }
  if (base.state === undefined) {
    return { known: { ...base, state: next.state, told: { value, at: 0 } }, changes: before.changes }
  }
  const due = !base.told || time >= base.told.at + options.minIntervalSeconds * 1000
  if (!due) return { known: { ...base, held: next }, changes: before.changes }
  const now = tellReading(base, next, options)
  return { known: now.known, changes: [...before.changes, ...now.changes] }
}

/** Tells a reading if it is news or the heartbeat is due. */
function tellReading(known: Known, reading: HomeState, options: ReadingOptions): Observed {
  const value = readingOf(reading)
  const at = millis(micros(reading.last_updated))
  if (value === undefined) return { known, changes: [] }
  const { told } = known
  const old = told?.value
  const deviceClass = attribute(reading.attributes, 'device_class')
  const quiet = told && at < told.at + options.heartbeatSeconds * 1000
  const news = old === undefined || isNews(deviceClass, old, value, options)
  if (!news && (quiet || told?.at === 0)) return { known, changes: [] }
  const change = { state: reading, ...(old !== undefined && { old }), new: value }
  return { known: { ...known, state: reading.state, told: { value, at } }, changes: [change] }
}

/** A reading in the stored unit; text where the sensor has none (a timestamp); undefined if there is no value. */
function readingOf(state: HomeState): number | string | undefined {
  if (!isValid(state.state)) return undefined
  const number = Number(state.state)
  if (Number.isFinite(number)) return toStored(number, attribute(state.attributes, 'unit_of_measurement')).value
  return domainOf(state.entity_id) === 'sensor' && !('unit_of_measurement' in state.attributes)
    ? state.state
    : undefined
}

/** Numbers as numbers where the entity counts or measures. */
function stateValue(state: HomeState, value = state.state): number | string {
  const number = Number(value)
  return /^(sensor|number|input_number|zone)$/.test(domainOf(state.entity_id)) && Number.isFinite(number)
    ? number
    : value
}

function watchedOf(state: HomeState): Record<string, string | number> | undefined {
  const entries = (watched[domainOf(state.entity_id)] ?? []).flatMap((name): [string, string | number][] => {
    const value = state.attributes[name]
    return typeof value === 'number' || (typeof value === 'string' && value !== '') ? [[name, value]] : []
  })
  return entries.length ? Object.fromEntries(entries) : undefined
}
