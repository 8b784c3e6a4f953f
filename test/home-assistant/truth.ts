// What Home Assistant itself says has happened, and the rows that must come of it. Written apart from the bridge, with
// the plainest rule there is, so that the two can disagree. Not for: sensors with a unit, which are sampled.
import type { HomeAssistant } from './home-assistant.ts'

interface Row {
  entity_id: string
  state: string
  attributes: Record<string, unknown>
  last_changed: string
}

const NO_VALUE = new Set(['unknown', 'unavailable', ''])

/** Every change of a discrete entity since then, as "entity state ms", sorted. */
export async function changesIn(home: HomeAssistant, since: Date): Promise<string[]> {
  const states = (await home.get('states')) as Row[]
  const owned = states.flatMap(({ attributes }) => attributes.device_trackers ?? [])
  const discrete = states.filter(({ entity_id, attributes }) => {
    // What a person carries is told as the person.
    if (owned.includes(entity_id)) return false
    const measures = 'unit_of_measurement' in attributes || 'state_class' in attributes
    return !measures && attributes.device_class !== 'timestamp' && !entity_id.startsWith('counter.')
  })
  const query = new URLSearchParams({
    filter_entity_id: discrete.map(({ entity_id }) => entity_id).join(','),
    significant_changes_only: '0',
    end_time: new Date(Date.now() + 60_000).toISOString(),
  })
  const histories = (await home.get(`history/period/${since.toISOString()}?${query}`)) as Row[][]
  return histories.flatMap(changesOf).sort()
}

/** The first row is how it was before; rows without a value tell nothing, but a button may be as yet unpressed. */
function changesOf(rows: readonly Row[]): string[] {
  const isButton = /^(scene|event|button|input_button)\./.test(rows[0]?.entity_id ?? '')
  const [before, ...later] = rows.filter(({ state }, index) => !NO_VALUE.has(state) || (isButton && index === 0))
  let state = before?.state
  return later.flatMap((row) => {
    if (row.state === state) return []
    state = row.state
    return [`${row.entity_id} ${row.state} ${Math.floor(Date.parse(row.last_changed))}`]
  })
}

/** Every run of an automation or script since then, as "entity ms", sorted. */
export async function runsIn(home: HomeAssistant, since: Date): Promise<string[]> {
  const end = new Date(Date.now() + 60_000).toISOString()
  const entries = (await home.get(`logbook/${since.toISOString()}?end_time=${encodeURIComponent(end)}`)) as {
    domain?: string
    entity_id?: string
    when: string
  }[]
  return entries
    .filter(({ domain }) => domain === 'automation' || domain === 'script')
    .map(({ entity_id, when }) => `${entity_id} ${Math.floor(Date.parse(when))}`)
    .sort()
}
