// What registries.ts says, case by case.
import { expect, test } from 'vitest'
import { readPlaces } from './registries.ts'

// The child device is that of home-assistant/developers.home-assistant:
// blog/2026-08-19-device-registry-websocket-api-changes.md, shortened.
const child = { id: 'child1234', parent_device_id: 'abcd1234', area_id: null, name: 'Left channel' }

const places = readPlaces({
  areas: [
    { area_id: 'kitchen', name: 'Kitchen', floor_id: 'ground' },
    { area_id: 'attic', name: 'Attic' },
    { name: 'broken' },
  ],
  floors: [{ floor_id: 'ground', name: 'Ground floor' }],
  devices: [{ id: 'abcd1234', area_id: 'kitchen' }, child],
  entities: [
    { entity_id: 'light.own_area', device_id: 'abcd1234', area_id: 'attic' },
    { entity_id: 'light.of_device', device_id: 'abcd1234', area_id: null },
    { entity_id: 'light.of_parent', device_id: 'child1234' },
    { entity_id: 'light.nowhere' },
    { entity_id: 'sensor.rssi', entity_category: 'diagnostic' },
    { entity_id: 'light.hidden', hidden_by: 'user' },
    { entity_id: 'light.disabled', disabled_by: 'integration' },
    { entity_id: 'sensor.session', unique_id: 'daybook_session' },
  ],
})

test('an area is the own one, else that of the device, else that of its parent', () => {
  const kitchen = { zone: 'kitchen', area: 'Kitchen', floor: 'Ground floor', internal: false, own: false }
  expect(places.get('light.own_area')).toEqual({ zone: 'attic', area: 'Attic', internal: false, own: false })
  expect(places.get('light.of_device')).toEqual(kitchen)
  expect(places.get('light.of_parent')).toEqual(kitchen)
  expect(places.get('light.nowhere')).toEqual({ internal: false, own: false })
})

test('diagnostics, hidden and disabled ones are internal, and ours are ours', () => {
  for (const id of ['sensor.rssi', 'light.hidden', 'light.disabled']) expect(places.get(id)?.internal).toBe(true)
  expect(places.get('sensor.session')?.own).toBe(true)
})

test('a registry that a version does not have is an empty one', () => {
  expect(readPlaces({ areas: undefined, floors: null, devices: {}, entities: 'no' }).size).toBe(0)
})
