// How the made day looks in terminals of several kinds.
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { ActivityNotification } from '../../../schemas/activity.ts'
import { madeDay } from './day.ts'
import { createTimeline, lasted } from './timeline.ts'

const timeZone = 'Europe/Berlin'
const day = madeDay({ day: '2026-11-24', timeZone }).map(({ activity }) => activity)

function shown(options: Partial<Parameters<typeof createTimeline>[0]> = {}, activities: ActivityNotification[] = day) {
  const timeline = createTimeline({ width: 80, colour: false, unicode: true, timeZone, ...options })
  return [...timeline.head(), ...activities.flatMap((activity) => timeline.lines(activity))]
}

describe('the timeline', () => {
  test.each([60, 80, 120])('fits into %i columns, with and without colours', (width) => {
    const plain = shown({ width })
    expect(Math.max(...plain.map((line) => line.length))).toBeLessThanOrEqual(width)
    const coloured = shown({ width, colour: true })
    expect(coloured.join('')).toContain('\u001b[')
    expect(coloured.map(stripVTControlCharacters)).toEqual(plain)
  })

  test('has a rail for the desk and one for the house, dotted while nobody is there', () => {
    const lines = shown()
    const line = (text: string) => lines.find((each) => each.includes(text))
    expect(line('Bed is empty')).toBe('    :52  ┊ ●  Bed is empty')
    expect(line('$ git pull')).toMatch(/^ {4}:27 {2}● ┃ {2}\$ git pull --rebase +3 s$/)
    expect(line('rinsing')).toBe('    :31  ┃ ●  Washing machine: rinsing')
    expect(line('Harbour forum: tables')).toContain('  ● ┃  ')
    expect(lines[lines.indexOf(line('Mira left the market') ?? '') - 1]).toBe('         ┊ ┊')
  })

  test('names the source where there is room', () => {
    expect(shown({ width: 120 }).join('\n')).toContain('●  zigbee2mqtt     Bed is empty')
    expect(shown({ width: 80 }).join('\n')).not.toContain('zigbee2mqtt')
  })

  test('needs nothing but ASCII where nothing else is to be had', () => {
    expect(shown({ unicode: false }).join('')).toMatch(/^[\x20-\x7e]*$/)
  })

  test('shows payloads below what refers to them, and lets nobody steer the terminal', () => {
    const [first] = day
    const activity = {
      ...(first as ActivityNotification),
      summary: 'red \u001b[31m alert',
      contentRef: { storage: 'fs', id: 'ab'.repeat(32), size: 5_000, name: 'snapshot.png' },
    } as const
    const lines = shown({}, [activity])
    expect(lines.at(-1)).toBe('         ┊ ┃  └ snapshot.png, 5 KB, fs:abababababab…')
    expect(lines.join('')).not.toContain('\u001b')
  })
})

test.each([
  [900, '1 s'],
  [59_400, '59 s'],
  [90_000, '2 min'],
  [3_600_000, '1 h'],
  [4_320_000, '1 h 12 min'],
  [7_199_000, '2 h'],
])('%i ms is %s', (ms, text) => {
  expect(lasted(ms)).toBe(text)
})
