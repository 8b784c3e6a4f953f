// Events that are no states, live and from the logbook.
import { expect, test } from 'vitest'
import { exampleContext } from './examples.ts'
import { eventOf } from './routines.ts'
import { step } from './translate.ts'
import { logbookEntry } from './wire.ts'

const told = (event: unknown) => step(event, exampleContext).notifications
const person = { id: '01HRXK3Z5W0Q6T8N2M4P7R9VBC', parent_id: null, user_id: 'a45e1e9d69ee4ae9bebf4f0ccf59c103' }
const time_fired = '2026-11-24T21:57:34.649601+00:00'

test('a run of an automation has one id, live and from the logbook', () => {
  const source = 'state of binary_sensor.hall_motion_sensor'
  const data = { name: 'Hall lamp', entity_id: 'automation.hall_lamp', source }
  const live = told({ event_type: 'automation_triggered', data, time_fired, context: { id: 'c1', parent_id: 'c0' } })
  // As Home Assistant 2024.3 writes it.
  const entry = logbookEntry.parse({
    name: 'Hall lamp',
    message: `triggered by ${source}`,
    source,
    entity_id: 'automation.hall_lamp',
    context_id: 'c1',
    when: time_fired,
    domain: 'automation',
    context_domain: 'input_boolean',
  })
  const [filled] = told(eventOf(entry))
  expect(live).toHaveLength(1)
  expect(filled).toMatchObject({ id: live[0]?.id, summary: live[0]?.summary, data: live[0]?.data, cause: { id: 'c1' } })
})

test('a script, and a start of Home Assistant, have one id too', () => {
  const script = {
    event_type: 'script_started',
    data: { name: 'Good night', entity_id: 'script.good_night' },
    time_fired,
  }
  const entry = {
    name: 'Good night',
    message: 'started',
    entity_id: 'script.good_night',
    when: time_fired,
    domain: 'script',
  }
  expect(told(eventOf(logbookEntry.parse(entry)))[0]?.id).toBe(told(script)[0]?.id)
  const start = { event_type: 'homeassistant_start', data: {}, time_fired }
  const line = { name: 'Home Assistant', message: 'started', when: time_fired, domain: 'homeassistant' }
  expect(told(eventOf(logbookEntry.parse(line)))).toEqual(told(start))
})

test('lines of the logbook about states are left to history', () => {
  expect(
    eventOf(logbookEntry.parse({ when: time_fired, state: 'on', entity_id: 'light.a', name: 'A' })),
  ).toBeUndefined()
})

test('a service is told when a person called it, without the values of the call', () => {
  const service_data = { entity_id: ['alarm_control_panel.home'], code: '1234' }
  const data = { domain: 'alarm_control_panel', service: 'alarm_disarm', service_data }
  const event = { event_type: 'call_service', data, time_fired, context: person }
  expect(told(event)).toMatchObject([
    {
      type: 'routine_trigger',
      summary: 'alarm control panel: alarm disarm for alarm_control_panel.home',
      data: { service: 'alarm_control_panel.alarm_disarm', entity_id: 'alarm_control_panel.home', category: 'service' },
      cause: { userId: person.user_id },
    },
  ])
  expect(JSON.stringify(told(event))).not.toContain('1234')
  expect(told({ ...event, context: { ...person, user_id: null } })).toEqual([])
  expect(told({ ...event, data: { domain: 'system_log', service: 'write' } })).toEqual([])
})

test('a tag and the answer to a notification are told', () => {
  expect(
    told({ event_type: 'tag_scanned', data: { tag_id: 't1', name: 'Washing machine' }, time_fired }),
  ).toMatchObject([
    { type: 'routine_trigger', summary: 'Tag Washing machine scanned', data: { category: 'tag', tag_id: 't1' } },
  ])
  // home-assistant/companion.home-assistant: docs/notifications/actionable.md, shortened
  const data = { action: 'OPEN_<context_id_here>', reply_text: 'Reply from user', tag: 'TEST' }
  expect(told({ event_type: 'mobile_app_notification_action', data, time_fired, context: person })).toMatchObject([
    { data: { category: 'notification', action: 'OPEN_<context_id_here>', tag: 'TEST' } },
  ])
})

test('an event without a time or without what it is about is none', () => {
  expect(told({ event_type: 'automation_triggered', data: { entity_id: 'automation.a' } })).toEqual([])
  for (const event_type of ['automation_triggered', 'script_started', 'tag_scanned', 'call_service']) {
    expect(told({ event_type, data: {}, time_fired, context: person })).toEqual([])
  }
})
