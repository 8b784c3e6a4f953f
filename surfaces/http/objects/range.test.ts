// Every form of Range, If-Range and If-None-Match that clients send, and some that they should not.
import { describe, expect, test } from 'vitest'
import { askedRange, entityTag, isKnown, isWanted } from './range.ts'

const tag = entityTag('abc')

describe('Range', () => {
  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=0-99', 0, 99],
    ['bytes=10-', 10, 99],
    ['bytes=99-', 99, 99],
    ['bytes=-1', 99, 99],
    ['bytes=-100', 0, 99],
    ['bytes=-1000', 0, 99],
    ['bytes=10-1000', 10, 99],
    ['bytes=10-99999999999999999999999999', 10, 99],
    ['BYTES=1-2', 1, 2],
    ['bytes=1-2,', 1, 2],
    ['bytes= , 1-2', 1, 2],
    ['bytes=001-002', 1, 2],
  ])('%s of 100 bytes is %i to %i', (range, start, end) => {
    expect(askedRange(range, undefined, tag, 100)).toEqual({ start, end })
  })

  test.each(['bytes=100-', 'bytes=100-200', 'bytes=-0', 'bytes=99999999999999999999999999-'])(
    '%s of 100 bytes is none of them',
    (range) => {
      expect(askedRange(range, undefined, tag, 100)).toBe('none')
    },
  )

  test.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=,',
    'bytes=5-2',
    'bytes=a-b',
    'bytes=1-2-3',
    'bytes=--1',
    'bytes=+1-2',
    'bytes=1.5-2',
    'bytes=0-1,3-4',
    'bytes=0-1,200-',
    'bytes 0-1',
    'items=0-1',
    '0-1',
  ])('%s is ignored', (range) => {
    expect(askedRange(range, undefined, tag, 100)).toBe('whole')
  })

  test('an empty object has no first byte, and its end is all of it', () => {
    expect(askedRange('bytes=0-', undefined, tag, 0)).toBe('none')
    expect(askedRange('bytes=0-0', undefined, tag, 0)).toBe('none')
    expect(askedRange('bytes=-5', undefined, tag, 0)).toBe('whole')
  })

  test.each([
    ['"abc"', { start: 1, end: 2 }],
    ['"other"', 'whole'],
    ['W/"abc"', 'whole'],
    ['abc', 'whole'],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 'whole'],
    ['', 'whole'],
  ])('with If-Range %s it is %o', (ifRange, expected) => {
    expect(askedRange('bytes=1-2', ifRange, tag, 100)).toEqual(expected)
  })
})

describe('If-None-Match', () => {
  test.each(['"abc"', 'W/"abc"', '"x", "abc"', '"x",W/"abc" , "y"', '*', ' * ', '"a,b", "abc"'])(
    '%s has it',
    (header) => {
      expect(isKnown(header, tag)).toBe(true)
    },
  )

  test.each([undefined, '', 'abc', '"ABC"', '"x"', '"abc', '"*"', '"xabc"'])('%s does not', (header) => {
    expect(isKnown(header, tag)).toBe(false)
  })
})

describe('If-Match', () => {
  test.each([undefined, '*', '"abc"', '"x", "abc"', '"abc" , W/"x"'])('%s takes this version', (header) => {
    expect(isWanted(header, tag)).toBe(true)
  })

  test.each(['', 'abc', '"x"', 'W/"abc"', '"*"', '"abc'])('%s does not', (header) => {
    expect(isWanted(header, tag)).toBe(false)
  })
})
