// What has been shown is known again, once for each time, and a bound is a bound.
import { expect, test } from 'vitest'
import { Echoes } from './echoes.ts'

const body = (text: string) => Buffer.from(text)

test('an echo is known once for each time that it was published, by topic and bytes', () => {
  const echoes = new Echoes()
  echoes.expect('a', body('x'))
  echoes.expect('a', body('x'))
  expect(echoes.knows('b', body('x'))).toBe(false)
  expect(echoes.knows('a', body('y'))).toBe(false)
  expect([1, 2, 3].map(() => echoes.knows('a', body('x')))).toEqual([true, true, false])
})

test('topic and bytes are told apart', () => {
  const echoes = new Echoes()
  echoes.expect('ab', body('c'))
  expect(echoes.knows('a', body('bc'))).toBe(false)
})

test('the oldest are not known any more when there are too many', () => {
  const echoes = new Echoes(2)
  for (const text of ['1', '2', '3']) echoes.expect('a', body(text))
  expect(echoes.expected).toBe(2)
  expect(['1', '2', '3'].map((text) => echoes.knows('a', body(text)))).toEqual([false, true, true])
})
