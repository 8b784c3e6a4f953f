// One line for people about a change: "Kitchen light turned on". Not for: anything a program should read, which is in
// `data`; Home Assistant's own words are kept there.
import { limits } from '../../schemas/activity.ts'
import type { Kind } from './kinds.ts'
import type { Change } from './observe.ts'
import { attribute, domainOf, type HomeState } from './wire.ts'

/** What `on` and `off` of a binary sensor mean, by device class. */
const binary: Record<string, [on: string, off: string]> = {
  battery: ['has a low battery', 'has a good battery again'],
  carbon_monoxide: ['detects carbon monoxide', 'no longer detects carbon monoxide'],
  cold: ['is cold', 'is no longer cold'],
  connectivity: ['is connected', 'is disconnected'],
  door: ['opened', 'closed'],
  garage_door: ['opened', 'closed'],
  gas: ['detects gas', 'no longer detects gas'],
  heat: ['is hot', 'is no longer hot'],
  lock: ['unlocked', 'locked'],
  moisture: ['is wet', 'is dry again'],
  motion: ['detects motion', 'no longer detects motion'],
  moving: ['is moving', 'stands still'],
  occupancy: ['is occupied', 'is empty'],
  opening: ['opened', 'closed'],
  plug: ['is plugged in', 'is unplugged'],
  power: ['has power', 'has no power'],
  presence: ['is occupied', 'is empty'],
  problem: ['has a problem', 'is fine again'],
  running: ['is running', 'stopped running'],
  safety: ['is unsafe', 'is safe again'],
  smoke: ['detects smoke', 'no longer detects smoke'],
  sound: ['hears a sound', 'is silent'],
  tamper: ['is being tampered with', 'is no longer tampered with'],
  vibration: ['vibrates', 'is still'],
  window: ['opened', 'closed'],
}

/** States that are sentences by themselves, by domain; others read "changed from X to Y". */
const verbs: Record<string, Record<string, string>> = {
  cover: { open: 'opened', closed: 'closed', opening: 'is opening', closing: 'is closing' },
  valve: { open: 'opened', closed: 'closed', opening: 'is opening', closing: 'is closing' },
  lock: { locked: 'locked', unlocked: 'unlocked', locking: 'is locking', unlocking: 'is unlocking', jammed: 'jammed' },
  media_player: { playing: 'plays', paused: 'paused', idle: 'is idle', standby: 'is in standby' },
  vacuum: { cleaning: 'is cleaning', docked: 'docked', returning: 'returns to its dock', paused: 'paused' },
  sun: { above_horizon: 'rose', below_horizon: 'set' },
}

/** The name that people gave it, else its id in words. */
export function nameOf(state: Pick<HomeState, 'entity_id' | 'attributes'>): string {
  return attribute(state.attributes, 'friendly_name') ?? words(state.entity_id.slice(state.entity_id.indexOf('.') + 1))
}

/** `unit` is that of the stored value. */
export function describe(change: Change, kind: Kind, unit: string | undefined): string {
  const { state } = change
  const domain = domainOf(state.entity_id)
  const name = nameOf(state)
  if (change.attribute) {
    return oneLine(`${name}: ${words(change.attribute)} set to ${change.new} (was ${change.old})`)
  }
  if (domain === 'zone') return oneLine(`${name}: ${change.new === 1 ? '1 person' : `${change.new} people`}`)
  if (kind.type === 'presence_change' && domain !== 'binary_sensor') return oneLine(presence(name, change))
  if (domain === 'event') return oneLine(`${name}: ${words(attribute(state.attributes, 'event_type') ?? 'event')}`)
  if (domain === 'scene') return oneLine(`Scene ${name} activated`)
  if (domain === 'button' || domain === 'input_button') return oneLine(`${name} pressed`)
  if (kind.continuous) return oneLine(`${name} is ${readable(change.new)}${unit ? ` ${unit}` : ''}`)
  const said = domain === 'binary_sensor' ? onOff(change, attribute(state.attributes, 'device_class')) : undefined
  const verb = said ?? verbs[domain]?.[state.state] ?? { on: 'turned on', off: 'turned off' }[state.state]
  if (verb) return oneLine(`${name} ${verb}`)
  return oneLine(
    `${name} changed${change.old === undefined ? '' : ` from ${shown(change.old)}`} to ${shown(change.new)}`,
  )
}

/** Fits a summary: one line, at most 512 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line.length <= limits.summary) return line
  return `${line.slice(0, limits.summary - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** `long_press_end` as "long press end". */
export function words(name: string): string {
  return name.replaceAll('_', ' ')
}

function presence(name: string, { old, new: now }: Change): string {
  if (now === 'home') return `${name} came home`
  if (now !== 'not_home') return `${name} is at ${now}`
  return old === undefined || old === 'home' ? `${name} left home` : `${name} left ${old}`
}

function onOff(change: Change, deviceClass: string | undefined): string | undefined {
  const meaning = deviceClass === undefined ? undefined : binary[deviceClass]
  return meaning?.[change.state.state === 'on' ? 0 : 1]
}

function readable(value: number | string): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : value
}

/** States are snake_case or people's own words; only the former are taken apart. */
function shown(value: number | string): string {
  return typeof value === 'string' && /^[a-z0-9]+(_[a-z0-9]+)+$/.test(value) ? words(value) : String(value)
}
