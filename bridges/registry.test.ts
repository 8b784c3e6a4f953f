// The contract over every bridge there is.
import { expect, test } from 'vitest'
import { bridgeContract } from './bridge.contract.ts'
import { registry } from './registry.ts'

for (const bridge of registry) bridgeContract(bridge)

test('no two bridges have the same name', () => {
  expect(new Set(registry.map(({ name }) => name)).size).toBe(registry.length)
})
