// What is said while an outbox empties.
import { expect, test } from 'vitest'
import { sentWords } from './draining.ts'

test('who has much to send says how far it is, until all has left', () => {
  const words = sentWords()
  expect([8_000, 10_000, 6_600, 6_600, 0, 0].map(words)).toEqual([
    undefined,
    undefined,
    '3,400 of 10,000 sent',
    undefined,
    '10,000 of 10,000 sent',
    undefined,
  ])
  expect([20, 3, 0].map(words)).toEqual([undefined, undefined, undefined])
})
