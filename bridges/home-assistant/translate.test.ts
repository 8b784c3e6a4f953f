// Payloads that were recorded elsewhere, and what history makes of the same states. Not for: the examples, which the
// contract runs.
import { expect, test } from 'vitest'
import { exampleContext } from './examples.ts'
import type { Known } from './observe.ts'
import { step, stepState } from './translate.ts'
import { state } from './wire.ts'

// home-assistant/HAKit: Tests/States.test.swift, shortened
const selected = {
  event_type: 'state_changed',
  data: {
    entity_id: 'input_select.muffin',
    old_state: {
      entity_id: 'input_select.muffin',
      state: 'three',
      attributes: { options: ['one', 'two', 'three'], editable: true, friendly_name: 'muffin', icon: 'mdi:light' },
      last_changed: '2021-02-23T05:55:17.008448+00:00',
      last_updated: '2021-02-23T05:55:17.008448+00:00',
      context: { id: '81c2755244fc6356fa52bffa76343f03', parent_id: null, user_id: '76ce52a813c44fdf80ee36f926d62328' },
    },
    new_state: {
      entity_id: 'input_select.muffin',
      state: 'two',
      attributes: { options: ['one', 'two', 'three'], editable: true, friendly_name: 'muffin', icon: 'mdi:light' },
      last_changed: '2021-02-24T04:31:10.045916+00:00',
      last_updated: '2021-02-24T04:31:10.045916+00:00',
      context: { id: 'ebc9bf93dd90efc0770f1dc49096788f', parent_id: null, user_id: '76ce52a813c44fdf80ee36f926d62328' },
    },
  },
  origin: 'LOCAL',
  time_fired: '2021-02-24T04:31:10.045916+00:00',
  context: { id: 'ebc9bf93dd90efc0770f1dc49096788f', parent_id: null, user_id: '76ce52a813c44fdf80ee36f926d62328' },
}

// home-assistant/core: issue 87306, shortened
const energy = (value: string, time: string) => ({
  entity_id: 'sensor.grid_import_wh_accumulated',
  state: value,
  attributes: {
    state_class: 'total',
    last_reset: '2023-01-16T21:05:30',
    unit_of_measurement: 'Wh',
    device_class: 'energy',
    friendly_name: 'grid_import.wh Accumulated',
  },
  last_changed: time,
  last_updated: time,
  context: { id: '01GPXB058KG854R3DZNP8VF6R3', parent_id: null, user_id: null },
})

test('a choice that a person made names them and the state before', () => {
  const { notifications, remember } = step(selected, exampleContext)
  expect(notifications).toMatchObject([
    {
      type: 'device_state_change',
      summary: 'muffin changed from three to two',
      timestamp: Date.parse('2021-02-24T04:31:10.045Z'),
      data: { entity_id: 'input_select.muffin', old_state: 'three', new_state: 'two' },
      cause: { id: 'ebc9bf93dd90efc0770f1dc49096788f', userId: '76ce52a813c44fdf80ee36f926d62328' },
    },
  ])
  expect(remember?.[1].state).toBe('two')
})

test('the same state from history is the same event, with no cause to make up', () => {
  const [live] = step(selected, exampleContext).notifications
  const row = state.parse({ ...selected.data.new_state, attributes: { friendly_name: 'muffin' }, context: null })
  const known: Known = { state: 'three', at: 1 }
  const [filled] = stepState(row, { ...exampleContext, known: () => known }).notifications
  expect(filled).toEqual({ ...live, cause: undefined })
})

test('two changes within one millisecond are two events', () => {
  const at = (time: string, value: string) => state.parse({ entity_id: 'light.a', state: value, last_updated: time })
  const on = stepState(at('2026-03-14T08:00:00.000100Z', 'on'), {
    ...exampleContext,
    known: () => ({ state: 'off', at: 1 }),
  })
  const off = stepState(at('2026-03-14T08:00:00.000900Z', 'off'), {
    ...exampleContext,
    known: () => ({ state: 'on', at: 1 }),
  })
  expect(on.notifications[0]?.timestamp).toBe(off.notifications[0]?.timestamp)
  expect(on.notifications[0]?.id).not.toBe(off.notifications[0]?.id)
})

test('a meter is energy, in kWh, with what the user sees beside it', () => {
  const known: Known = { state: '51955.6', at: 1, told: { value: 51.8, at: 1 } }
  const reading = state.parse(energy('51960.1', '2023-01-16T13:06:20.051517+00:00'))
  expect(stepState(reading, { ...exampleContext, known: () => known }).notifications).toMatchObject([
    {
      type: 'device_state_change',
      summary: 'grid_import.wh Accumulated is 51.96 kWh',
      data: { category: 'energy', unit: 'kWh', new_state: 51.9601, original_state: 51960.1, original_unit: 'Wh' },
    },
  ])
})

test('an entity that goes, or a message that lacks a state, tells nothing', () => {
  const gone = { ...selected, data: { ...selected.data, new_state: null } }
  expect(step(gone, exampleContext)).toEqual({ notifications: [] })
  expect(step({ ...selected, data: { entity_id: 'input_select.muffin' } }, exampleContext)).toEqual({
    notifications: [],
  })
})

test('what only Daybook does is known, and not told', () => {
  const own = step(selected, { ...exampleContext, ownUser: '76ce52a813c44fdf80ee36f926d62328' })
  expect(own.notifications).toEqual([])
  expect(own.remember?.[1].state).toBe('two')
})

test('a tracker that a person owns tells nothing: the person is told', () => {
  const tracker = state.parse({
    entity_id: 'device_tracker.phone',
    state: 'home',
    last_updated: '2026-03-14T08:00:00Z',
  })
  const context = { ...exampleContext, known: () => ({ state: 'not_home', at: 1 }) }
  expect(stepState(tracker, context).notifications).toHaveLength(1)
  expect(stepState(tracker, { ...context, isOwnedTracker: () => true })).toEqual({ notifications: [] })
})
