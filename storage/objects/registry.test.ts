// The list of stores is what references may name.
import { expect, test } from 'vitest'
import { ownStorages } from '../../schemas/content-ref.ts'
import { stores } from './registry.ts'

test('there is a store for each storage of ours that references may name, and no other', () => {
  expect(stores.map(({ storage }) => storage)).toEqual([...ownStorages])
})

test.each(stores)('$storage can be left unconfigured', ({ config }) => {
  expect(config.safeParse({}).success).toBe(true)
})
