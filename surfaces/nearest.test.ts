// Slips of the finger and what was meant.
import { expect, test } from 'vitest'
import { didYouMean, nearest } from './nearest.ts'

test.each([
  ['sorce', 'source'],
  ['statu', 'status'],
  ['Producer', 'producer'],
  ['sesionid', 'sessionId'],
])('%s was probably %s', (word, meant) => {
  expect(nearest(word, ['source', 'status', 'producer', 'sessionId', 'type'])).toBe(meant)
})

test('what is too far from everything is nothing', () => {
  expect(nearest('xyzzy', ['source', 'type'])).toBeUndefined()
  expect(didYouMean('xyzzy', ['source', 'type'])).toBe('')
  expect(didYouMean('limt', ['limit'], '--')).toBe(' (did you mean "--limit"?)')
})
