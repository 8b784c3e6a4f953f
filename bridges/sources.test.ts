// Which bridges are on, and what a person's connect and disconnect change of that.
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import { outboxFolder, quietOutbox } from '../test/hosted.ts'
import { registry } from './registry.ts'
import { createSources } from './sources.ts'

let folder: string
let remove: () => Promise<void>
let kept: unknown
/** What is thrown instead of the next outbox that is opened, or of the next time that something is remembered. */
let opening: DaybookError | undefined
let saving: DaybookError | undefined

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  kept = undefined
  opening = undefined
  saving = undefined
})
afterEach(() => remove())

function sources(config: Record<string, unknown> = {}) {
  return createSources({
    registry: registry.filter(({ name }) => ['frigate', 'home_assistant', 'manual'].includes(name)),
    config,
    device: 'test',
    memory: {
      load: () => kept,
      save(memory) {
        const error = saving
        saving = undefined
        if (error) throw error
        kept = structuredClone(memory)
      },
    },
    openOutbox({ producer, source }) {
      const error = opening
      opening = undefined
      if (error) throw error
      return quietOutbox(folder, producer, source)
    },
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

test('changes that are asked for at once come one after the other, and the last one stays', async () => {
  const all = sources()
  await all.start()
  const settings = [1, 2, 3, 4].map((port) => ({ ...homeAssistant, url: `http://127.0.0.1:${port}` }))
  await Promise.all(settings.flatMap((one) => [all.connect('home_assistant', one), all.connect('frigate', {})]))
  expect(on(all)).toEqual(['frigate', 'home_assistant', 'manual'])
  expect(kept).toEqual({ home_assistant: settings[3], frigate: {} })
  const off = all.disconnect('home_assistant')
  await Promise.all([all.connect('home_assistant', homeAssistant), off, all.disconnect('frigate')])
  expect(kept).toEqual({ home_assistant: homeAssistant })
  // A change that is under way is stopped, too.
  void all.connect('home_assistant', homeAssistant)
  await all.stop()
  expect(all.hosted().map((bridge) => bridge.health().state)).toEqual(['stopped', 'stopped'])
})

test.each([
  ['cannot start', () => (opening = new DaybookError('outbox_full'))],
  ['cannot be remembered', () => (saving = new DaybookError('data_unwritable'))],
])('in place of what %s the former one runs on', async (_, fail) => {
  const all = sources()
  await all.start()
  const { hosted: former } = await all.connect('home_assistant', homeAssistant)
  const before = kept
  fail()
  await expect(all.connect('home_assistant', { ...homeAssistant, token: 'y' })).rejects.toThrow()
  const source = all.all().find(({ bridge }) => bridge.name === 'home_assistant')
  expect(source).toMatchObject({ connected: homeAssistant })
  expect(source?.hosted).toBe(former)
  expect(former?.health().state).toBe('degraded')
  expect(kept).toBe(before)
  await all.connect('home_assistant', { ...homeAssistant, token: 'y' })
  expect(kept).toEqual({ home_assistant: { ...homeAssistant, token: 'y' } })
  await all.stop()
})

test('what cannot start was never on', async () => {
  const all = sources()
  await all.start()
  opening = new DaybookError('outbox_full')
  await expect(all.connect('home_assistant', homeAssistant)).rejects.toMatchObject({ code: 'outbox_full' })
  expect([on(all), kept]).toEqual([['manual'], undefined])
  await all.stop()
})
