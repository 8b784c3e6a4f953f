// Which bridges are on, and what a person's connect and disconnect change of that.
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../component.ts'
import { outboxFolder, quietOutbox } from '../test/hosted.ts'
import { registry } from './registry.ts'
import { createSources } from './sources.ts'

let folder: string
let remove: () => Promise<void>
let kept: unknown

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  kept = undefined
})
afterEach(() => remove())

function sources(config: Record<string, unknown> = {}) {
  return createSources({
    registry: registry.filter(({ name }) => ['frigate', 'home_assistant', 'manual'].includes(name)),
    config,
    device: 'test',
    memory: { load: () => kept, save: (memory) => (kept = structuredClone(memory)) },
    openOutbox: ({ producer, source }) => quietOutbox(folder, producer, source),
    admit: (notification) => notification,
    redact: (notification) => notification,
    redactText: (text) => ({ text }),
    redactBody: (body) => body,
    privacy: { allows: () => true, clean: (facts) => facts },
    folder: () => folder,
    feed: async () => () => {},
    log: pino({ level: 'silent' }),
    clock: wallClock,
    space: 'home',
  })
}

const on = (all: ReturnType<typeof sources>) => all.hosted().map(({ source }) => source)
const homeAssistant = { url: 'http://127.0.0.1:1', token: 'x' }

test('those are on that are configured, by their name in camelCase, or need no configuration', () => {
  expect(on(sources())).toEqual(['manual'])
  expect(on(sources({ homeAssistant }))).toEqual(['home_assistant', 'manual'])
  expect(() => sources({ homeAssistant: { token: 'x' } })).toThrow(/bridges\.homeAssistant\.url/)
})

test('connecting turns a source on at once and after a restart, disconnecting off', async () => {
  const first = sources()
  await first.start()
  const { hosted } = await first.connect('home_assistant', homeAssistant)
  expect(hosted?.health().state).toBe('degraded')
  expect(hosted?.key()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/)
  await first.stop()

  const second = sources()
  expect(on(second)).toEqual(['home_assistant', 'manual'])
  expect(second.all().find(({ bridge }) => bridge.name === 'home_assistant')?.connected).toEqual(homeAssistant)
  await second.disconnect('home_assistant')
  expect(on(second)).toEqual(['manual'])
  expect(kept).toEqual({})
})

test('settings that a bridge refuses, and names that none has, change nothing', async () => {
  const all = sources()
  await all.start()
  await expect(all.connect('home_assistant', { token: 'x' })).rejects.toMatchObject({ code: 'config_invalid' })
  await expect(all.connect('fax', {})).rejects.toMatchObject({ code: 'not_found' })
  expect([on(all), kept]).toEqual([['manual'], undefined])
  await all.stop()
})
