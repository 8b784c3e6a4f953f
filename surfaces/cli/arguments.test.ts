// Command lines as people type them, right and wrong.
import { describe, expect, test } from 'vitest'
import { findVerb, parseArguments } from './arguments.ts'
import { verbs } from './registry.ts'

const parse = (name: string, ...args: string[]) => parseArguments(findVerb(verbs, name), args)

describe('the command line', () => {
  test('words and options in any order, values behind a space or an equals sign', () => {
    const { words, values } = parse('note', '--tag', 'a', 'slept', '--tag=b', 'badly', '--json')
    expect(words).toEqual(['slept', 'badly'])
    expect(Object.fromEntries(values)).toEqual({ tag: ['a', 'b'], json: ['true'] })
  })

  test('what follows two dashes is words', () => {
    expect(parse('note', '--', '--tag').words).toEqual(['--tag'])
  })

  test('a single dash is a word', () => {
    expect(parse('note', '-').words).toEqual(['-'])
  })

  test('a flag can be denied', () => {
    expect(parse('query', '--processed=false').values.get('processed')).toEqual(['false'])
  })

  test.each([
    [['query', '--sorce', 'x'], 'did you mean "--source"'],
    [['query', '-x'], '-x'],
    [['query', '--limit'], '--limit needs a value'],
    [['query', '--limit', '1', '--limit', '2'], 'given twice'],
    [['status', 'now'], 'nothing may follow'],
  ])('%j is refused by name', ([name = '', ...args], detail) => {
    expect(() => parse(name, ...args)).toThrow(
      expect.objectContaining({ code: 'usage', detail: expect.stringContaining(detail) }),
    )
  })

  test('a verb that does not exist is told the nearest', () => {
    expect(() => findVerb(verbs, 'stats')).toThrow(/did you mean "status"/)
    expect(() => findVerb(verbs, 'frobnicate')).toThrow(/there are start, status/)
  })
})
