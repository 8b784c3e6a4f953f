// What filter.ts says, case by case.
import { expect, test } from 'vitest'
import type { EntityFilter } from './config.ts'
import { createFilter } from './filter.ts'
import { nowhere } from './registries.ts'

const list = (filter: Partial<EntityFilter> = {}): EntityFilter => ({
  domains: [],
  entities: [],
  entityGlobs: [],
  ...filter,
})

test.each([
  ['nothing', {}, {}, { 'light.a': true, 'sensor.b': true }],
  ['an included domain', { domains: ['light'] }, {}, { 'light.a': true, 'sensor.b': false }],
  ['an excluded domain', {}, { domains: ['light'] }, { 'light.a': false, 'sensor.b': true }],
  ['an included entity', { entities: ['light.a'] }, {}, { 'light.a': true, 'light.c': false }],
  ['an included glob', { entityGlobs: ['sensor.*_temp?'] }, {}, { 'sensor.x_temp1': true, 'sensor.x_temp': false }],
  ['an excluded glob', {}, { entityGlobs: ['*.a'] }, { 'light.a': false, 'light.b': true }],
  [
    'a named exception of a domain',
    { entities: ['light.a'] },
    { domains: ['light'] },
    { 'light.a': true, 'light.b': false, 'fan.c': true },
  ],
  [
    'a named exception of an included domain',
    { domains: ['light'] },
    { entities: ['light.a'] },
    { 'light.a': false, 'light.b': true },
  ],
  [
    'a glob against a domain',
    { entityGlobs: ['light.hall_*'] },
    { domains: ['light'] },
    { 'light.hall_a': true, 'light.b': false },
  ],
  ['a dot in a glob', { entityGlobs: ['light.a'] }, {}, { 'light.a': true, lightxa: false }],
])('with %s in the lists', (_, include, exclude, expected) => {
  const wanted = createFilter({ include: list(include), exclude: list(exclude) })
  for (const [id, is] of Object.entries(expected)) expect([id, wanted(id, nowhere)]).toEqual([id, is])
})

test('what the registry calls internal passes only by name', () => {
  const internal = { internal: true, own: false }
  expect(createFilter({ include: list(), exclude: list() })('sensor.rssi', internal)).toBe(false)
  expect(createFilter({ include: list({ domains: ['sensor'] }), exclude: list() })('sensor.rssi', internal)).toBe(false)
  const named = createFilter({ include: list({ entities: ['sensor.rssi'] }), exclude: list() })
  expect(named('sensor.rssi', internal)).toBe(true)
})

test('our own entities never pass', () => {
  const wanted = createFilter({ include: list({ entities: ['sensor.session'] }), exclude: list() })
  expect(wanted('sensor.session', { internal: false, own: true })).toBe(false)
})
