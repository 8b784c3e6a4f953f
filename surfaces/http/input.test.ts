// Parameters that no operation should have to look at.
import { expect, test } from 'vitest'
import { parameters } from './input.ts'

test('what the database cannot even be asked for is refused by name, wherever it stands', () => {
  expect(() => parameters(new URLSearchParams('q=a%00b'), {})).toThrow('q: holds U+0000')
  expect(() => parameters(new URLSearchParams(), { id: '\0' })).toThrow('id: holds U+0000')
})
