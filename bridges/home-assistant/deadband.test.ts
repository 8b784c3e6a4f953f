// What deadband.ts says, case by case.
import { expect, test } from 'vitest'
import { isNews } from './deadband.ts'

const options = { deadbands: {} }

test.each([
  ['temperature', 20, 20.3, true],
  ['temperature', 20, 20.2, false],
  ['humidity', 50, 52, true],
  ['humidity', 50, 51.5, false],
  ['illuminance', 100, 149, false],
  ['illuminance', 100, 150, true],
  ['illuminance', 1000, 1100, false],
  ['illuminance', 1000, 1200, true],
  ['power', 40, 44, false],
  ['power', 40, 45, true],
  ['power', 2000, 2050, false],
  ['power', 2000, 2100, true],
  ['wind_direction', 350, 10, false],
  ['wind_direction', 350, 20, true],
  ['timestamp', '2026-01-01T00:00:00+00:00', '2026-01-01T00:01:00+00:00', false],
  [undefined, 7, 8, true],
  [undefined, 7, 7, false],
])('%s from %s to %s is news: %s', (deviceClass, told, value, news) => {
  expect(isNews(deviceClass, told, value, options)).toBe(news)
})

test('a deadband of the configuration takes the place of the usual one', () => {
  expect(isNews('temperature', 20, 20.5, { deadbands: { temperature: 1 } })).toBe(false)
  expect(isNews('temperature', 20, 21, { deadbands: { temperature: 1 } })).toBe(true)
  expect(isNews('power', 2000, 2001, { deadbands: { power: 1 } })).toBe(true)
})
