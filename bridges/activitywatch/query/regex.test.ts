// Expressions as people write them for ActivityWatch's categories, in the notation of its server.
import { expect, test } from 'vitest'
import { defaultLimits, openBudget } from './budget.ts'
import { openRegexes } from './regex.ts'

const { compile } = openRegexes(openBudget(defaultLimits, () => 0))

test.each([
  ['GitHub|Stack Overflow', 'x - GitHub', true],
  ['^aw', 'raw', false],
  ['(?i)zoom', 'ZOOM Meeting', true],
  ['(?i:zoom) Meeting', 'ZOOM meeting', false],
  ['(?P<name>\\d+)', 'no. 12', true],
  ['\\d', '٣', true],
  ['^\\w+$', 'Übung', true],
  ['^\\S+$', 'a\u00a0b', false],
  ['[^\\W\\d_]', 'é', true],
  ['[\\s\\S]', '\n', true],
  ['.', '\n', false],
  ['(?s).', '\n', true],
  ['a$', 'a\n', true],
  ['a\\Z', 'a\n', false],
  ['(?m)^b$', 'a\nb\nc', true],
  ['a{,2}b', 'aab', true],
  ['^x{,2}$', 'x{,2}', false],
  ['[]x]', ']', true],
  ['[[a]', '[', true],
  ['\\u00e9', 'é', true],
  ['\\x41', 'A', true],
  ['a(?#note)b', 'ab', true],
  ['(?<=no )way', 'no way', true],
  ['(?<!no )way', 'no way', false],
  ['\\bÜbung\\b', 'Die Übung', true],
  ['\\büber', 'darüber', false],
  ['\\bcode\\b', 'VS code!', true],
  ['\\.ts\\b', 'main.ts - Code', true],
  ['😀', 'a😀', true],
])('%s in %s: %s', (pattern, text, found) => {
  expect(compile(pattern)(text)).toBe(found)
})
test('case is ignored where a rule says so', () => {
  expect([compile('firefox', true)('FIREFOX'), compile('é', true)('É'), compile('firefox')('FIREFOX')]).toEqual([
    true,
    true,
    false,
  ])
})
