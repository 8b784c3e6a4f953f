// The sentences that people read.
import { expect, test } from 'vitest'
import { describe } from './describe.ts'
import { kindOf } from './kinds.ts'
import type { Change } from './observe.ts'

function said(
  entity_id: string,
  old: string | number | undefined,
  now: string | number,
  attributes = {},
  unit?: string,
) {
  const state = { entity_id, state: String(now), attributes, last_updated: 0 }
  const change: Change = { state, new: now, ...(old !== undefined && { old }) }
  return describe(change, kindOf(entity_id, attributes), unit)
}

test.each([
  [said('light.kitchen_table', 'off', 'on'), 'kitchen table turned on'],
  [said('light.a', 'on', 'off', { friendly_name: 'Lamp' }), 'Lamp turned off'],
  [said('binary_sensor.a', 'off', 'on', { friendly_name: 'Front door', device_class: 'door' }), 'Front door opened'],
  [
    said('binary_sensor.a', 'on', 'off', { friendly_name: 'Hob', device_class: 'smoke' }),
    'Hob no longer detects smoke',
  ],
  [said('binary_sensor.a', 'off', 'on', { friendly_name: 'X', device_class: 'brand_new' }), 'X turned on'],
  [said('lock.a', 'locked', 'unlocked', { friendly_name: 'Door' }), 'Door unlocked'],
  [said('cover.a', 'open', 'closing', { friendly_name: 'Blind' }), 'Blind is closing'],
  [said('person.a', 'not_home', 'home', { friendly_name: 'Alex' }), 'Alex came home'],
  [said('person.a', 'home', 'not_home', { friendly_name: 'Alex' }), 'Alex left home'],
  [said('person.a', 'Work', 'not_home', { friendly_name: 'Alex' }), 'Alex left Work'],
  [said('person.a', 'home', 'Work', { friendly_name: 'Alex' }), 'Alex is at Work'],
  [said('zone.home', 1, 2, { friendly_name: 'Home' }), 'Home: 2 people'],
  [said('sensor.a', 20, 21.456, { unit_of_measurement: '°C', friendly_name: 'Hall' }, '°C'), 'Hall is 21.46 °C'],
  [said('input_select.a', 'Home', 'Away', { friendly_name: 'Mode' }), 'Mode changed from Home to Away'],
  [
    said('alarm_control_panel.a', 'disarmed', 'armed_away', { friendly_name: 'Alarm' }),
    'Alarm changed from disarmed to armed away',
  ],
  [said('event.a', undefined, 'x', { friendly_name: 'Bell', event_type: 'long_press_end' }), 'Bell: long press end'],
  [said('scene.a', undefined, 'x', { friendly_name: 'Evening' }), 'Scene Evening activated'],
])('%s', (sentence, expected) => {
  expect(sentence).toBe(expected)
})

test('a name of any length makes one line that fits', () => {
  const line = said('light.a', 'off', 'on', { friendly_name: `A\nvery ${'long '.repeat(200)}name` })
  expect(line.length).toBe(512)
  expect(line).toMatch(/^A very long .*…$/)
})
