// What a person may write, and what is filled in.
import { expect, test } from 'vitest'
import { homeAssistantConfig } from './config.ts'

test.each([
  'http://homeassistant.local:8123',
  'https://home.example/ha',
  'http://supervisor/core',
  'ws://127.0.0.1:8123',
])('%s is an address', (url) => expect(homeAssistantConfig.safeParse({ url, token: 'x' }).success).toBe(true))

test.each(['homeassistant.local:8123', 'ftp://homeassistant.local', '', 'home'])('"%s" is none', (url) => {
  expect(homeAssistantConfig.safeParse({ url, token: 'x' }).error?.issues[0]?.path).toEqual(['url'])
})

test('numbers may come as text, as they do from the environment, and a parsed one is taken again', () => {
  const config = homeAssistantConfig.parse({
    url: 'http://127.0.0.1:8123',
    token: 'x',
    readings: { minIntervalSeconds: '5', deadbands: { temperature: 1 } },
    catchUpDays: '3',
  })
  expect(config).toMatchObject({
    include: { domains: [], entities: [], entityGlobs: [] },
    readings: { minIntervalSeconds: 5, heartbeatSeconds: 3600, deadbands: { temperature: 1 } },
    catchUpDays: 3,
  })
  expect(homeAssistantConfig.parse(config)).toEqual(config)
})
