// Patterns as shells have them.
import { expect, test } from 'vitest'
import { isIgnored, matches } from './ignore.ts'

test.each([
  ['*token*', 'echo token', true],
  ['*token*', 'echo\ntoken\n', true],
  ['vault [a-z]*', 'vault read', true],
  ['vault [!a-z]*', 'vault read', false],
  ['l?', 'ls', true],
  ['l?', 'l', false],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['[]]x', ']x', true],
  ['a[', 'a[', true],
  ['', '', true],
  ['*', '', true],
  ['a.b', 'axb', false],
])('%j and %j: %s', (pattern, text, expected) => {
  expect(matches(pattern, text)).toBe(expected)
})

test('many stars take no time', () => {
  const begun = performance.now()
  expect(matches('*a'.repeat(30), `${'a'.repeat(29)}${'b'.repeat(20_000)}`)).toBe(false)
  expect(performance.now() - begun).toBeLessThan(20_000) // A guard against explosion, not a figure of speed.
})

test('a space in front, a pattern, a folder and what is below it', () => {
  const ignore = { commands: ['pass *'], directories: ['/home/ada/private', '/tmp/x*'] }
  const ignored = (command: string, cwd?: string) => isIgnored({ command, cwd }, ignore)
  expect([
    ignored(' ls'),
    ignored('pass show'),
    ignored('ls', '/home/ada/private'),
    ignored('ls', '/home/ada/private/a/b'),
  ]).toEqual([true, true, true, true])
  expect([
    ignored('ls'),
    ignored('ls', '/home/ada/private2'),
    ignored('ls', '/home/ada'),
    ignored('compass x'),
  ]).toEqual([false, false, false, false])
})
