// What units.ts says, case by case.
import { expect, test } from 'vitest'
import { toStored } from './units.ts'

test.each([
  [68, '°F', 20, '°C'],
  [-40, '°F', -40, '°C'],
  [295.15, 'K', 22, '°C'],
  [101_325, 'Pa', 1013.25, 'hPa'],
  [36, 'km/h', 10, 'm/s'],
  [1.5, 'kW', 1500, 'W'],
  [3.6, 'GJ', 1000, 'kWh'],
  [250, 'L', 0.25, 'm³'],
  [1, 'in', 25.4, 'mm'],
])('%d %s is stored as %d %s', (value, unit, stored, storedUnit) => {
  expect(toStored(value, unit)).toEqual({ value: stored, unit: storedUnit })
})

test('a unit that is not known stays as it is', () => {
  expect(toStored(21.3, '°C')).toEqual({ value: 21.3, unit: '°C' })
  expect(toStored(5, 'bananas')).toEqual({ value: 5, unit: 'bananas' })
  expect(toStored(5, undefined)).toEqual({ value: 5 })
})
