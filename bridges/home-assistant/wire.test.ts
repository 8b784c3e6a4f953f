// What wire.ts says, case by case.
import { expect, test } from 'vitest'
import { micros, millis, state } from './wire.ts'

test('one moment is the same microsecond in every form that Home Assistant gives it', () => {
  const iso = micros('2026-11-24T21:57:34.647992+00:00')
  expect(iso).toBe(1_795_557_454_647_992)
  expect(micros('2026-11-24 22:57:34.647992+01:00')).toBe(iso)
  expect(micros('2026-11-24T21:57:34.647992Z')).toBe(iso)
  expect(micros('2026-11-24T21:57:34.647992')).toBe(iso)
  expect(micros(1_795_557_454.647_992)).toBe(iso)
  expect(millis(iso)).toBe(1_795_557_454_647)
})

test('a time without a fraction, or with a short or a long one, is read to the microsecond', () => {
  expect(micros('2016-02-06T22:15:00+00:00') % 1_000_000).toBe(0)
  expect(micros('2016-02-06T22:15:00.5+00:00') % 1_000_000).toBe(500_000)
  expect(micros('2016-02-06T22:15:00.123456789+00:00') % 1_000_000).toBe(123_456)
})

test('what is no time is not a number', () => {
  for (const junk of ['', 'yesterday', '2026-11-24', undefined]) expect(micros(junk)).toBeNaN()
})

test('a state needs an id, a state and a time; everything else may be missing or broken', () => {
  const least = { entity_id: 'light.a', state: 'on', last_updated: '2016-02-06T22:15:00+00:00' }
  expect(state.safeParse({ ...least, attributes: 'broken', context: 7 }).data).toEqual({
    ...least,
    attributes: {},
    context: null,
  })
  for (const broken of [
    { ...least, entity_id: 'light' },
    { ...least, state: 5 },
    { ...least, last_updated: null },
  ]) {
    expect(state.safeParse(broken).success).toBe(false)
  }
})
