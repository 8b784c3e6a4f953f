// What the Home Assistant bridge makes of what it hears: documentation, contract test and dry run. The payloads have the
// form of Home Assistant's WebSocket API documentation; the house is made up. Not for: every device class (kinds.ts).
import type { BridgeExample } from '../bridge.ts'
import { homeAssistantConfig } from './config.ts'
import type { HomeContext } from './context.ts'
import { createFilter } from './filter.ts'
import type { Known } from './observe.ts'
import { nowhere, readPlaces } from './registries.ts'

export const exampleConfig = { url: 'http://127.0.0.1:9', token: 'not-a-real-token' }

const at = (time: string) => `2026-03-14T${time}+00:00`
const context = { id: '01HRXK3Z5W0Q6T8N2M4P7R9VBC', parent_id: null, user_id: null }

function changed(entity_id: string, state: string, time: string, attributes: Record<string, unknown>, more = {}) {
  const last = at(time)
  const new_state = { entity_id, state, attributes, last_changed: last, last_updated: last, context, ...more }
  return { event_type: 'state_changed', data: { entity_id, old_state: null, new_state }, time_fired: last, context }
}

const known: Record<string, Known> = {
  'light.kitchen': { state: 'off', at: 1 },
  'person.alex': { state: 'home', at: 1 },
  'binary_sensor.cellar_water': { state: 'off', at: 1 },
  'sensor.bedroom_temperature': { state: '19.0', at: 1, told: { value: 19, at: 1 } },
  'climate.living_room': { state: 'heat', at: 1, attributes: { temperature: 20 } },
}

const places = readPlaces({
  areas: [
    { area_id: 'kitchen', name: 'Kitchen', floor_id: 'ground' },
    { area_id: 'bedroom', name: 'Bedroom', floor_id: null },
  ],
  floors: [{ floor_id: 'ground', name: 'Ground floor' }],
  devices: [{ id: 'd1', area_id: 'kitchen' }],
  entities: [
    { entity_id: 'light.kitchen', device_id: 'd1' },
    { entity_id: 'sensor.bedroom_temperature', area_id: 'bedroom' },
  ],
})

const { readings, include, exclude } = homeAssistantConfig.parse(exampleConfig)

export const exampleContext: HomeContext = {
  space: 'home',
  now: Date.parse(at('12:00:00')),
  known: (id) => known[id],
  place: (id) => places.get(id) ?? nowhere,
  wanted: createFilter({ include, exclude }),
  isOwnedTracker: () => false,
  readings,
}

export const examples: readonly BridgeExample<unknown>[] = [
  {
    title: 'A light is turned on',
    input: changed('light.kitchen', 'on', '07:02:11.482913', { friendly_name: 'Kitchen light', brightness: 180 }),
    output: [
      {
        source: 'home_assistant',
        type: 'device_state_change',
        summary: 'Kitchen light turned on',
        timestamp: Date.parse(at('07:02:11.482')),
        data: {
          entity_id: 'light.kitchen',
          zone: 'kitchen',
          area: 'Kitchen',
          floor: 'Ground floor',
          old_state: 'off',
          new_state: 'on',
        },
        cause: { id: context.id },
      },
    ],
  },
  {
    title: 'Somebody goes to work',
    input: changed('person.alex', 'Work', '08:10:00.000001', { friendly_name: 'Alex', in_zones: ['zone.work'] }),
    output: [
      {
        type: 'presence_change',
        summary: 'Alex is at Work',
        data: { entity_id: 'person.alex', zone: 'work', person: 'Alex', old_state: 'home', new_state: 'Work' },
      },
    ],
  },
  {
    title: 'A temperature, which the user sees in Fahrenheit',
    input: changed('sensor.bedroom_temperature', '69.8', '09:00:00.5', {
      friendly_name: 'Bedroom temperature',
      device_class: 'temperature',
      state_class: 'measurement',
      unit_of_measurement: '°F',
    }),
    output: [
      {
        type: 'environmental',
        summary: 'Bedroom temperature is 21 °C',
        data: {
          entity_id: 'sensor.bedroom_temperature',
          zone: 'bedroom',
          area: 'Bedroom',
          device_class: 'temperature',
          old_state: 19,
          new_state: 21,
          unit: '°C',
          original_state: 69.8,
          original_unit: '°F',
        },
      },
    ],
  },
  {
    title: 'Water in the cellar',
    input: changed('binary_sensor.cellar_water', 'on', '10:00:00', {
      friendly_name: 'Cellar floor',
      device_class: 'moisture',
    }),
    output: [
      {
        type: 'device_state_change',
        summary: 'Cellar floor is wet',
        data: {
          entity_id: 'binary_sensor.cellar_water',
          category: 'safety',
          device_class: 'moisture',
          old_state: 'off',
          new_state: 'on',
        },
      },
    ],
  },
  {
    title: 'A target temperature is set',
    input: changed('climate.living_room', 'heat', '11:00:00', { friendly_name: 'Heating', temperature: 21.5 }),
    output: [
      {
        type: 'device_state_change',
        summary: 'Heating: temperature set to 21.5 (was 20)',
        data: { entity_id: 'climate.living_room', attribute: 'temperature', old_state: 20, new_state: 21.5 },
      },
    ],
  },
  {
    title: 'A light that comes back after a restart tells nothing',
    input: changed('light.kitchen', 'off', '11:30:00', { friendly_name: 'Kitchen light' }),
    output: [],
  },
  {
    title: 'An automation runs',
    input: {
      event_type: 'automation_triggered',
      data: { name: 'Hall lamp', entity_id: 'automation.hall_lamp', source: 'state of binary_sensor.hall' },
      time_fired: at('11:45:00.25'),
      context: { id: '01HRXK4ZZZ0Q6T8N2M4P7R9VBC', parent_id: context.id, user_id: null },
    },
    output: [
      {
        type: 'routine_trigger',
        summary: 'Hall lamp ran, triggered by state of binary_sensor.hall',
        data: {
          entity_id: 'automation.hall_lamp',
          category: 'automation',
          name: 'Hall lamp',
          source: 'state of binary_sensor.hall',
        },
        cause: { id: '01HRXK4ZZZ0Q6T8N2M4P7R9VBC', parentId: context.id },
      },
    ],
  },
]
