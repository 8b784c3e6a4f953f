// Topic filters match as MQTT 3.1.1, 4.7 says, and bad ones are known.
import { describe, expect, it } from 'vitest'
import { isFilter, isTopic, isWithinLimits, matcher, withoutCovered } from './filters.ts'

describe('matching', () => {
  it.each([
    ['sport/tennis/player1/#', 'sport/tennis/player1', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/ranking', true],
    ['sport/tennis/player1/#', 'sport/tennis/player1/score/wimbledon', true],
    ['sport/#', 'sport', true],
    ['sport/#', 'sports', false],
    ['#', 'sport/tennis', true],
    ['sport/tennis/+', 'sport/tennis/player1', true],
    ['sport/tennis/+', 'sport/tennis/player1/ranking', false],
    ['sport/+', 'sport', false],
    ['sport/+', 'sport/', true],
    ['+/+', '/finance', true],
    ['/+', '/finance', true],
    ['+', '/finance', false],
    ['+/tennis/#', 'sport/tennis', true],
    ['#', '$SYS/uptime', false],
    ['+/monitor/Clients', '$SYS/monitor/Clients', false],
    ['$SYS/#', '$SYS/monitor', true],
    ['$SYS/monitor/+', '$SYS/monitor/Clients', true],
    ['a/b', 'a/b', true],
    ['a/b', 'A/b', false],
  ])('%s and %s: %s', (filter, topic, expected) => {
    expect(matcher(filter)(topic)).toBe(expected)
  })
})

it('a filter has its wildcards alone on a level, # at the end', () => {
  for (const good of ['#', '+', '+/+', 'a/+/b', 'a/#', '/', 'a//b']) expect(isFilter(good), good).toBe(true)
  for (const bad of ['', 'a#', 'a/#/b', 'a+', '+a/b', 'a/b+/c', 'a\0']) expect(isFilter(bad), bad).toBe(false)
})

it('a topic to publish to is not empty and has no wildcard and no U+0000', () => {
  for (const good of ['a', '/', 'a/b c', 'ä', '$x']) expect(isTopic(good), good).toBe(true)
  for (const bad of ['', 'a/#', '+', 'a\0b']) expect(isTopic(bad), bad).toBe(false)
})

it('names are bounded in bytes and levels', () => {
  expect(isWithinLimits('ä'.repeat(256))).toBe(true)
  expect(isWithinLimits('ä'.repeat(257))).toBe(false)
  expect(isWithinLimits('/'.repeat(15))).toBe(true)
  expect(isWithinLimits('/'.repeat(16))).toBe(false)
})

describe('what covers what', () => {
  it.each([
    [['a/b', 'a/+'], ['a/+']],
    [['a/b', 'a/b'], ['a/b']],
    [
      ['#', 'a/#', '$SYS/#', 'a'],
      ['#', '$SYS/#'],
    ],
    [
      ['a/+/c', 'a/b/+'],
      ['a/+/c', 'a/b/+'],
    ],
    [['a', 'a/#'], ['a/#']],
    [['a/#', 'a/+'], ['a/#']],
    [
      ['+/b', 'a/b/c'],
      ['+/b', 'a/b/c'],
    ],
  ])('of %j the broker is asked for %j: what one covers does not come twice', (filters, asked) => {
    expect(withoutCovered(filters)).toEqual(asked)
  })
})
