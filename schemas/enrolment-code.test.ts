// The code that a person carries from the house to a device.
import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { decodeCode, encodeCode } from './enrolment-code.ts'

const given = { house: 'http://192.168.1.5:8420', secret: randomBytes(32) }
const code = encodeCode(given)

it('says where the house is, and the secret', () => {
  expect(decodeCode(code)).toEqual(given)
})

it('is one word without anything that a shell, a mail or a URL gives a meaning', () => {
  for (let round = 0; round < 100; round++) {
    expect(encodeCode({ ...given, secret: randomBytes(32) })).toMatch(/^dbk1\.[A-Za-z0-9_-]+$/)
  }
})

it('survives white space that a terminal or a mail put in', () => {
  expect(decodeCode(` ${code.slice(0, 30)}\n  ${code.slice(30)}\r\n`)).toEqual(given)
})

it('is none once any end of it is missing', () => {
  for (let length = 0; length < code.length; length++) expect(decodeCode(code.slice(0, length))).toBeNull()
  for (let from = 1; from < code.length; from++) expect(decodeCode(code.slice(from))).toBeNull()
})

it('is none once any character of it is another', () => {
  for (let at = 0; at < code.length; at++) {
    const other = code[at] === 'A' ? 'B' : 'A'
    expect(decodeCode(code.slice(0, at) + other + code.slice(at + 1))).toBeNull()
  }
})

it.each(['', 'laptop', 'dbk1.', 'dbk2.AAAA', encodeCode({ ...given, house: 'file:///etc/passwd' })])(
  '"%s" is none',
  (text) => {
    expect(decodeCode(text)).toBeNull()
  },
)
