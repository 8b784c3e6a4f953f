// The list of stores is what references may name.
import { expect, test } from 'vitest'
import { ownStorages } from '../../schemas/content-ref.ts'
import { stores } from './registry.ts'

test('every store is one that references may name, and there is one of each', () => {
  const named = stores.map(({ storage }) => storage)
  expect(ownStorages).toEqual(expect.arrayContaining(named))
  expect(new Set(named).size).toBe(named.length)
})

test.each(stores)('$storage can be left unconfigured', ({ config }) => {
  expect(config.safeParse({}).success).toBe(true)
})
