// WakaTime's rule, moment by moment.
import { describe, expect, test } from 'vitest'
import { inOrder } from './dry.ts'
import { type Heartbeat, readHeartbeat } from './heartbeat.ts'
import { fold, laneOf, type Rule } from './stretch.ts'
import { createSums, textOf } from './summary.ts'

const T0 = 1_795_394_000
const MINUTE = 60 * 1e6
const rule: Rule = { timeout: 15 * MINUTE, isCut: () => false, isBroken: () => false }

function beat(at: number, entity: string, more: Record<string, unknown> = {}): Heartbeat {
  const from = { userAgent: '', machine: 'laptop', now: (T0 + 86_400) * 1000 }
  return readHeartbeat({ time: T0 + at * 60, entity, ...more }, from) as Heartbeat
}

/** [entity, first minute, minutes] of each. */
function told(beats: Heartbeat[], with_: Partial<Rule> = {}) {
  return fold(beats.sort(inOrder), { ...rule, ...with_ }).map(({ first, end }) => [
    first.entity,
    (first.time / 1e6 - T0) / 60,
    (end - first.time) / MINUTE,
  ])
}

describe('the keystroke timeout', () => {
  test('a gap of the timeout still joins, one above it does not, and the last heartbeat lasts no time', () => {
    expect(told([beat(0, 'a'), beat(15, 'a')])).toEqual([['a', 0, 15]])
    expect(told([beat(0, 'a'), beat(15.25, 'a')])).toEqual([
      ['a', 0, 0],
      ['a', 15.25, 0],
    ])
    expect(told([beat(0, 'a')])).toEqual([['a', 0, 0]])
  })

  test('the time up to another entity belongs to the one before', () => {
    expect(told([beat(0, 'a'), beat(2, 'a'), beat(5, 'b'), beat(6, 'a')])).toEqual([
      ['a', 0, 5],
      ['b', 5, 1],
      ['a', 6, 0],
    ])
  })

  test('another project, branch, category or editor is another stretch; one that is not said goes on', () => {
    for (const [was, is] of [
      [{ project: 'p' }, { project: 'q' }],
      [{ branch: 'main' }, { branch: 'fix' }],
      [{ category: 'coding' }, { category: 'debugging' }],
      [{ user_agent: 'wakatime/1 vim/9 vim-wakatime/1' }, { user_agent: 'wakatime/1 vscode/1 vscode-wakatime/1' }],
    ])
      expect(told([beat(0, 'a', was), beat(1, 'a', is)])).toHaveLength(2)
    expect(told([beat(0, 'a', { project: 'p' }), beat(1, 'a'), beat(2, 'a', { project: 'p' })])).toHaveLength(1)
    expect(told([beat(0, 'a', { language: 'Go' }), beat(1, 'a', { language: 'Text' })])).toHaveLength(1)
  })

  test('a pause breaks a stretch, and a stretch that others know begins where they know it', () => {
    expect(told([beat(0, 'a'), beat(4, 'a')], { isBroken: () => true })).toEqual([
      ['a', 0, 0],
      ['a', 4, 0],
    ])
    expect(told([beat(0, 'a'), beat(4, 'a')], { isCut: ({ time }) => time / 1e6 === T0 + 240 })).toEqual([
      ['a', 0, 4],
      ['a', 4, 0],
    ])
  })
})

test('counts add up, the rest is as it was last', () => {
  const [one] = fold(
    [
      beat(0, 'a', { lines: 10, line_additions: 2, ai_input_tokens: 100, is_write: true, language: 'Go' }),
      beat(1, 'a', { lines: 14, line_additions: 4, ai_input_tokens: 50 }),
      beat(2, 'a', { lines: 13, line_deletions: 1, is_write: true }),
    ],
    rule,
  )
  expect(one).toMatchObject({ heartbeats: 3, writes: 2, language: 'Go' })
  expect(one?.more).toEqual({ lines: 13, line_additions: 6, line_deletions: 1, ai_input_tokens: 150 })
})

test('machines, and an AI beside the person, are lanes of their own', () => {
  const lanes = [beat(0, 'a'), beat(0, 'a', { machine: 'other' }), beat(0, 'a', { category: 'ai coding' })].map(laneOf)
  expect(new Set(lanes).size).toBe(3)
})

test('sums count all lanes as one row, as WakaTime does', () => {
  const { add, sums, durations } = createSums(15 * MINUTE)
  for (const each of [
    beat(0, 'a', { project: 'p', language: 'Go' }),
    beat(3, 'b', { project: 'p', machine: 'other' }),
    beat(10, 'c', { project: 'q' }),
    beat(40, 'c', { project: 'q' }),
    beat(41, 'c', { project: 'q' }),
  ])
    add(each)
  expect(sums.total).toBe(11 * 60)
  expect(Object.fromEntries(sums.by.projects)).toEqual({ p: 600, q: 60 })
  expect(Object.fromEntries(sums.by.machines)).toEqual({ laptop: 240, other: 420 })
  expect(durations.map(({ project, duration }) => [project, duration])).toEqual([
    ['p', 600],
    ['q', 0],
    ['q', 60],
  ])
})

test.each([
  [0, '0 secs'],
  [1, '1 sec'],
  [60, '1 min'],
  [3599, '59 mins'],
  [3720, '1 hr 2 mins'],
  [7260, '2 hrs 1 min'],
])('%d s are "%s"', (seconds, text) => {
  expect(textOf(seconds)).toBe(text)
})
