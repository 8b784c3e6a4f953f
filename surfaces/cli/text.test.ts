// What a terminal is shown.
import { expect, test } from 'vitest'
import { activityLines } from './activity-lines.ts'
import { columns, plain } from './text.ts'

test('nothing that others wrote can steer the terminal', () => {
  expect(plain('\u001b[31mred\u001b]0;title\u0007 a\r\nb\u202ec\u009b')).toBe('[31mred ]0;title  a b c')
})

test('columns stand under each other', () => {
  expect(
    columns(
      [
        ['a', 'bbb', 'c'],
        ['aaaa', 'b', ''],
      ],
      ' ',
    ),
  ).toEqual([' a     bbb  c', ' aaaa  b'])
})

test('a day is named once, also over pages', () => {
  const lines = activityLines('Europe/Berlin')
  const at = (time: string, summary: string) => ({ timestamp: Date.parse(time), source: 'a', eventType: 'b', summary })
  expect(lines([at('2026-11-24T22:59:00Z', 'late'), at('2026-11-24T22:00:00Z', 'earlier')])).toEqual([
    'Tuesday, 24 November 2026',
    '  23:59:00  a  b  late',
    '  23:00:00  a  b  earlier',
  ])
  expect(lines([at('2026-11-24T21:00:00Z', 'still'), at('2026-11-23T21:00:00Z', 'before')])).toEqual([
    '  22:00:00  a  b  still',
    '',
    'Monday, 23 November 2026',
    '  22:00:00  a  b  before',
  ])
})
