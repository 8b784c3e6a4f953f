// Notifications that are too long to be published as they are.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { limits } from './activity.ts'
import { fitted, headOf } from './fit.ts'

const size = (value: unknown) => Buffer.byteLength(JSON.stringify(value))
const base = { id: 'x', source: 's', type: 't', summary: 'one line', timestamp: 1 }

test('what fits is left as it is', () => {
  const notification = { ...base, data: { text: 'short' } }
  expect(fitted(notification)).toBe(notification)
})

test('the longest text is cut, and named', () => {
  const data = { text: 'é'.repeat(20_000), small: 'kept', nested: { note: 'kept too' } }
  const fits = fitted({ ...base, data })
  expect(size(fits)).toBeLessThanOrEqual(limits.publishedBytes)
  expect(size(fits)).toBeGreaterThan(limits.publishedBytes / 2)
  expect(fits.data).toMatchObject({ small: 'kept', nested: { note: 'kept too' }, cut: ['text'] })
  expect(fits.data.text).toMatch(/^é+…$/)
  expect(data.text).toHaveLength(20_000)
})

test('many small things are left out by field', () => {
  const fits = fitted({ ...base, data: { ids: Array.from({ length: 5000 }, (_, i) => i), kept: true } })
  expect(fits.data).toEqual({ kept: true, cut: ['ids'] })
})

test('whatever the data, the result fits', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3000), (data, times) => {
      const big = { ...data, big: Array.from({ length: times }, (_, i) => ({ [`text ${i}`]: 'x'.repeat(i % 300) })) }
      expect(size(fitted({ ...base, data: big }))).toBeLessThanOrEqual(limits.publishedBytes)
    }),
    { numRuns: 50 },
  )
})

test('a head stays readable, says what is missing, and is small whatever the data', () => {
  const head = headOf({ command: 'npm test', exit_code: 1, output: 'x'.repeat(50_000) })
  expect(head).toMatchObject({ command: 'npm test', exit_code: 1, cut: ['output'] })
  expect(size(head)).toBeGreaterThan(limits.headBytes / 2)
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(3000), (data, times) => {
      const big = { ...data, big: Array.from({ length: times }, (_, i) => 'x'.repeat(i % 300)) }
      expect(size(headOf(big))).toBeLessThanOrEqual(limits.headBytes)
    }),
    { numRuns: 50 },
  )
})

test('a head stays small when there are thousands of fields, or names that are long or of rare letters', () => {
  const fields = (count: number, name: (n: number) => string) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [name(n), n]))
  const many = headOf(fields(10_000, (n) => `field ${n}`))
  expect(many.cut).toEqual(expect.arrayContaining(['…']))
  for (const name of ['\u0001', '"', '🏠']) {
    const head = headOf(fields(100, (n) => `${n}${name.repeat(120)}`))
    expect(size(head)).toBeLessThanOrEqual(limits.headBytes)
    expect(JSON.stringify(head)).not.toMatch(/\\ud[89a-f]/)
  }
  expect(size(many)).toBeLessThanOrEqual(limits.headBytes)
})

test('what is cut and then left out is named once', () => {
  const head = headOf({ text: '\ud800'.repeat(50_000), kept: true })
  expect(head).toMatchObject({ kept: true, cut: ['text'] })
})
