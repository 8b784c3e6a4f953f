// Times as people write and read them, in one zone at one moment.
import { describe, expect, test } from 'vitest'
import { ago, localDay, localTime, parseTime } from './times.ts'

const zone = 'Europe/Berlin'
/** 2026-11-24T23:15:00 in Berlin. */
const now = Date.parse('2026-11-24T22:15:00Z')
const parse = (text: string) => new Date(parseTime('--at', text, now, zone)).toISOString()

describe('times as people write them', () => {
  test.each([
    ['now', '2026-11-24T22:15:00.000Z'],
    ['today', '2026-11-23T23:00:00.000Z'],
    ['yesterday', '2026-11-22T23:00:00.000Z'],
    ['2026-11-24', '2026-11-23T23:00:00.000Z'],
    ['2026-07-01', '2026-06-30T22:00:00.000Z'],
    ['2026-11-24T18:30', '2026-11-24T17:30:00.000Z'],
    ['2026-11-24 18:30', '2026-11-24T17:30:00.000Z'],
    ['2026-11-24T18:30:00Z', '2026-11-24T18:30:00.000Z'],
    ['2026-11-24T18:30:00+02:00', '2026-11-24T16:30:00.000Z'],
    ['08:15', '2026-11-24T07:15:00.000Z'],
    ['8:15', '2026-11-24T07:15:00.000Z'],
    ['2h', '2026-11-24T20:15:00.000Z'],
    ['30m', '2026-11-24T21:45:00.000Z'],
    ['1.5h ago', '2026-11-24T20:45:00.000Z'],
    ['1w', '2026-11-17T22:15:00.000Z'],
    ['1795558500000', '2026-11-24T22:15:00.000Z'],
  ])('%s', (text, expected) => {
    expect(parse(text)).toBe(expected)
  })

  test.each(['', 'soon', '25:00', '2026-13-01', '2026-02-30', '1795558500', '99', '2y', '2026-11-24T18:30Zulu'])(
    '"%s" is none, and the error names the option',
    (text) => {
      expect(() => parse(text)).toThrow(
        expect.objectContaining({ code: 'usage', detail: expect.stringContaining('--at') }),
      )
    },
  )
})

test('times are shown in the local zone', () => {
  expect(localTime(now, zone)).toBe('23:15:00')
  expect(localDay(now, zone)).toBe('Tuesday, 24 November 2026')
  expect(localDay(now, 'Pacific/Auckland')).toBe('Wednesday, 25 November 2026')
})

test.each([
  [0, 'just now'],
  [45_000, '45 s ago'],
  [130_000, '2 min ago'],
  [3 * 3_600_000, '3 h ago'],
  [50 * 3_600_000, '2 d ago'],
  [-130_000, 'in 2 min'],
])('%i ms before now is "%s"', (before, expected) => {
  expect(ago(now - before, now)).toBe(expected)
})
