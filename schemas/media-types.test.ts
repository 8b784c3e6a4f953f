// What counts as text.
import { expect, test } from 'vitest'
import { isText } from './media-types.ts'

test.each([
  ['text/plain', true],
  ['text/html; charset=utf-8', true],
  ['TEXT/X-DIFF', true],
  ['application/json', true],
  ['application/x-ndjson', true],
  ['application/ld+json', true],
  ['image/svg+xml', true],
  ['image/png', false],
  ['application/octet-stream', false],
  ['application/pdf', false],
  ['', false],
])('%s is text: %s', (mediaType, expected) => {
  expect(isText(mediaType)).toBe(expected)
})
