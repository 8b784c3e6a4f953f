// What kinds.ts says, case by case.
import { expect, test } from 'vitest'
import { isMoment, kindOf } from './kinds.ts'

const measured = { unit_of_measurement: 'x', state_class: 'measurement' }

test.each([
  ['person.alex', {}, 'presence_change', undefined, false],
  ['device_tracker.bag', {}, 'presence_change', undefined, false],
  ['zone.home', {}, 'presence_change', 'count', false],
  ['binary_sensor.a', { device_class: 'occupancy' }, 'presence_change', 'room', false],
  ['binary_sensor.a', { device_class: 'presence' }, 'presence_change', 'room', false],
  ['binary_sensor.a', { device_class: 'motion' }, 'device_state_change', 'motion', false],
  ['binary_sensor.a', { device_class: 'garage_door' }, 'device_state_change', 'opening', false],
  ['binary_sensor.a', { device_class: 'connectivity' }, 'device_state_change', 'availability', false],
  ['binary_sensor.a', { device_class: 'plug' }, 'device_state_change', undefined, false],
  ...['smoke', 'gas', 'carbon_monoxide', 'moisture', 'heat', 'cold', 'safety', 'problem', 'tamper'].map(
    (device_class) => ['binary_sensor.a', { device_class }, 'device_state_change', 'safety', false] as const,
  ),
  ...['light', 'switch', 'lock', 'cover', 'climate', 'fan', 'media_player', 'vacuum', 'valve', 'humidifier'].map(
    (domain) => [`${domain}.a`, {}, 'device_state_change', undefined, false] as const,
  ),
  ['alarm_control_panel.a', {}, 'device_state_change', 'safety', false],
  ['siren.a', {}, 'device_state_change', 'safety', false],
  ...['temperature', 'humidity', 'illuminance', 'carbon_dioxide', 'pm25', 'wind_direction', 'conductivity'].map(
    (device_class) => ['sensor.a', { device_class, ...measured }, 'environmental', undefined, true] as const,
  ),
  ...['power', 'energy', 'voltage', 'current', 'gas', 'water'].map(
    (device_class) => ['sensor.a', { device_class, ...measured }, 'device_state_change', 'energy', true] as const,
  ),
  ...['data_rate', 'signal_strength', 'battery', 'duration', 'distance', 'monetary'].map(
    (device_class) => ['sensor.a', { device_class, ...measured }, 'device_state_change', 'usage', true] as const,
  ),
  ['sensor.a', { device_class: 'timestamp' }, 'device_state_change', 'usage', true],
  ['sensor.a', { device_class: 'enum', options: ['a', 'b'] }, 'device_state_change', undefined, false],
  ['sensor.a', {}, 'device_state_change', undefined, false],
  ['input_number.a', { unit_of_measurement: '°C' }, 'device_state_change', undefined, true],
  ['counter.a', {}, 'device_state_change', undefined, true],
  ['weather.home', {}, 'environmental', 'weather', false],
  ['scene.a', {}, 'routine_trigger', 'scene', false],
  ['event.a', {}, 'routine_trigger', 'event', false],
  ['input_button.a', {}, 'routine_trigger', 'input_button', false],
] as const)('%s with %j is %s, %s', (entityId, attributes, type, category, continuous) => {
  expect(kindOf(entityId, attributes)).toEqual({ type, continuous, ...(category && { category }) })
})

test('the state of scenes, events and buttons is a moment', () => {
  expect(['scene.a', 'event.a', 'button.a', 'input_button.a'].every(isMoment)).toBe(true)
  expect(isMoment('light.a')).toBe(false)
})
