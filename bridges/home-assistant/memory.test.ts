// What survives a restart of the bridge, and what is asked for again.
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Outbox } from '../../broker/outbox/outbox.ts'
import { outboxFolder, quietOutbox } from '../../test/hosted.ts'
import { homeAssistantConfig } from './config.ts'
import { createMemory } from './memory.ts'
import { micros } from './wire.ts'

const { readings } = homeAssistantConfig.parse({ url: 'http://127.0.0.1', token: 'x' })
let file: Outbox
let remove: () => Promise<void>

beforeEach(async () => {
  const temporary = await outboxFolder()
  remove = temporary.remove
  file = quietOutbox(temporary.folder, 'test', 'home_assistant')
})
afterEach(async () => {
  await file.stop()
  await remove()
})

test('what was flushed is known again, and what was not is not', () => {
  const memory = createMemory(file.state)
  expect(memory.seen()).toBeUndefined()
  for (let i = 0; i < 300; i++) memory.set(`light.l${i}`, { state: 'on', at: i })
  memory.advance(299)
  memory.flush()
  memory.set('light.late', { state: 'on', at: 300 })
  memory.advance(300)
  const again = createMemory(file.state)
  expect(again.ids()).toHaveLength(300)
  expect(again.get('light.l7')).toEqual({ state: 'on', at: 7 })
  expect(again.seen()).toBe(299)
  expect(file.state.keys().length).toBeLessThanOrEqual(66)
})

test('a reading that waits is released in time; after a restart it is asked for again', () => {
  const last_updated = '2026-03-14T08:00:10Z'
  const held = { entity_id: 'sensor.t', state: '22', attributes: { device_class: 'temperature' }, last_updated }
  const told = { value: 20, at: Date.parse('2026-03-14T08:00:00Z') }
  const memory = createMemory(file.state)
  memory.set('sensor.t', { state: '20', at: micros(last_updated), told, held })
  memory.advance(micros('2026-03-14T08:00:40Z'))
  memory.flush()
  expect(memory.due(told.at + 59_000, readings)).toEqual([])
  expect(memory.due(told.at + 60_000, readings)).toMatchObject([{ id: 'sensor.t', changes: [{ old: 20, new: 22 }] }])
  const again = createMemory(file.state)
  expect(again.get('sensor.t')?.held).toBeUndefined()
  expect(again.seen()).toBe(micros(last_updated) - 1)
})

test('forgets an entity, a time, or all of it, on disk as well', () => {
  const memory = createMemory(file.state)
  const at = (ms: number) => ({ state: 'on', at: ms * 1000 })
  memory.set('light.a', at(1000))
  memory.set('light.b', at(2000))
  memory.set('light.c', at(3000))
  memory.flush()
  expect(memory.forget({ source: 'frigate' })).toBe(0)
  expect(memory.forget({ entity: 'light.a' })).toBe(1)
  expect(memory.forget({ since: 2000, until: 3000 })).toBe(1)
  expect(createMemory(file.state).ids()).toEqual(['light.c'])
  expect(memory.forget({ source: 'home_assistant' })).toBe(1)
  expect(createMemory(file.state).ids()).toEqual([])
})
