// What a sender may promise, and in which forms.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { promisedId } from './digest.ts'

const hash = createHash('sha256').update('bytes').digest()
const hex = hash.toString('hex')
const field = `sha-256=:${hash.toString('base64')}:`
const other = `sha-256=:${createHash('sha256').update('other').digest('base64')}:`

const promised = (id: string | undefined, headers: Record<string, string> = {}) =>
  promisedId(id, (name) => headers[name])

describe('the promised hash', () => {
  test('is that of the query or of either header', () => {
    expect(promised(undefined)).toBeUndefined()
    expect(promised(hex)).toBe(hex)
    expect(promised(undefined, { 'repr-digest': field })).toBe(hex)
    expect(promised(undefined, { 'content-digest': field })).toBe(hex)
    expect(promised(hex, { 'repr-digest': field, 'content-digest': field })).toBe(hex)
  })

  test.each([`sha-512=:AAAA:, ${field}`, `${field} , md5=:AAAA:`, `${field};p=1`, ` ${field} `])(
    'is found in %s',
    (value) => {
      expect(promised(undefined, { 'repr-digest': value })).toBe(hex)
    },
  )

  test('of another algorithm promises nothing', () => {
    expect(promised(undefined, { 'repr-digest': 'sha-512=:AAAA:' })).toBeUndefined()
  })

  test.each([
    [hex.toUpperCase(), {}],
    ['abc', {}],
    [undefined, { 'repr-digest': `sha-256=${hex}` }],
    [undefined, { 'repr-digest': 'sha-256=:AAAA:' }],
    [undefined, { 'content-digest': 'sha-256=::' }],
    [hex, { 'repr-digest': other }],
    [undefined, { 'repr-digest': field, 'content-digest': other }],
  ])('%s with %o is refused', (id, headers) => {
    expect(() => promised(id, headers as Record<string, string>)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})
