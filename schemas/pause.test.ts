// What a pause may be asked for in, and what it is after that.
import { describe, expect, test } from 'vitest'
import { parseDuration } from './duration.ts'
import { nextPause, noPause, pauseAt, wantedPause } from './pause.ts'

const NOW = 1_800_000_000_000
const MINUTE = 60_000

test.each([
  ['30m', 30 * MINUTE],
  ['1h30m', 90 * MINUTE],
  [' 2 hours ', 120 * MINUTE],
  ['1 h 5 min', 65 * MINUTE],
  ['0.5h', 30 * MINUTE],
  ['45s', 45_000],
  ['3d', 3 * 86_400_000],
  ['1week', 7 * 86_400_000],
])('%s is a length of time', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

test.each(['', '30', 'm', '-5m', '0m', '5x', '30m!', '99999999999d', `${'1m'.repeat(40)}`])('"%s" is none', (text) => {
  expect(parseDuration(text)).toBeNull()
})

describe('what is wanted', () => {
  test.each([
    ['30m', { until: NOW + 30 * MINUTE }],
    [{ for: '30m' }, { until: NOW + 30 * MINUTE }],
    [{ for: '30m', requestId: 'x' }, { until: NOW + 30 * MINUTE }],
    [{ until: NOW + 5 }, { until: NOW + 5 }],
    [{ paused: true }, { until: null }],
    [{ paused: false }, 'off'],
    [{ for: 'off' }, 'off'],
    ['on', { until: null }],
    ['ON', { until: null }],
    ['OFF', 'off'],
    [' off\n', 'off'],
    [true, { until: null }],
    [false, 'off'],
  ])('%j', (request, wanted) => {
    expect(wantedPause(request, NOW)).toEqual(wanted)
  })

  test.each([
    ['soon', /"soon" is no pause; write 30m/],
    [{ until: NOW }, /lies in the past/],
    [{ until: Math.floor(NOW / 1000) }, /lies in the past/],
    [{}, /Say one of for, until and paused/],
    [{ for: '5m', paused: true }, /Say one of/],
    [{ minutes: 5 }, /write 30m/],
    [30, /write 30m/],
    [null, /write 30m/],
  ])('%j is refused with what helps', (request, why) => {
    expect(() => wantedPause(request, NOW)).toThrow(why)
  })
})

test('there is one pause at a time: another end moves the end, and off ends it', () => {
  const first = nextPause(noPause, { until: NOW + 10 }, NOW)
  expect(first).toEqual({ paused: true, since: NOW, until: NOW + 10 })
  expect(nextPause(first, { until: null }, NOW + 5)).toEqual({ paused: true, since: NOW, until: null })
  expect(nextPause(first, 'off', NOW + 5)).toEqual(noPause)
  expect(pauseAt(first, NOW + 10)).toEqual(noPause)
  expect(nextPause(first, { until: NOW + 50 }, NOW + 20)).toEqual({ paused: true, since: NOW + 20, until: NOW + 50 })
})
