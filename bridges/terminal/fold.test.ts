// When a command is told, how often, and as what.
import { expect, test } from 'vitest'
import { foldRecords, foldTime, LONG_MS, type Open } from './fold.ts'
import type { ShellRecord } from './records.ts'

const at = 1_760_000_000_000
const begin = (session: string, n: number, more: object = {}): ShellRecord => ({
  kind: 'begin',
  session,
  n,
  at,
  pid: 7,
  host: 'here',
  command: `c${n}`,
  ...more,
})
const end = (session: string, n: number): ShellRecord => ({ kind: 'end', session, n, exitCode: 0, until: at + 500 })
const none = new Map<string, Open>()

test('a short command is told once, when it has ended', () => {
  const begun = foldRecords(none, [begin('a', 1)])
  expect(begun.commands).toEqual([])
  const { running, commands } = foldRecords(begun.running, [end('a', 1)])
  expect(commands).toEqual([{ key: 'a/1', session: 'a', at, host: 'here', command: 'c1', exitCode: 0, duration: 500 }])
  expect(running.size).toBe(0)
})

test('read again from anywhere it comes out the same', () => {
  const records = [begin('a', 1), begin('b', 1, { pid: 8 }), end('a', 1), begin('a', 2), end('b', 1), end('a', 2)]
  const once = foldRecords(none, records).commands
  expect(
    foldRecords(foldRecords(none, records.slice(0, 3)).running, records)
      .commands.map(({ key }) => key)
      .sort(),
  ).toEqual(once.map(({ key }) => key).sort())
})

test('a long one is told when it has run for a minute, once, and at its end', () => {
  const { running } = foldRecords(none, [begin('a', 1)])
  expect(foldTime(running, at + LONG_MS - 1, () => true).commands).toEqual([])
  const long = foldTime(running, at + LONG_MS, () => true)
  expect(long.commands).toMatchObject([{ key: 'a/1', phase: 'start' }])
  const later = foldTime(long.running, at + 2 * LONG_MS, () => true)
  expect(later.commands).toEqual([])
  expect(
    foldRecords(later.running, [{ kind: 'end', session: 'a', n: 1, exitCode: 2, duration: 130_000 }]).commands,
  ).toMatchObject([{ key: 'a/1', phase: 'end', exitCode: 2, duration: 130_000 }])
  const gone = foldTime(later.running, at + 3 * LONG_MS, () => false)
  expect(gone.commands).toMatchObject([{ phase: 'end', duration: 2 * LONG_MS }])
  expect(gone.commands[0]).not.toHaveProperty('exitCode')
})

test('without an end it is told when its shell is gone, goes on, or has become another', () => {
  const { running } = foldRecords(none, [begin('a', 1)])
  const told = { key: 'a/1', session: 'a', at, host: 'here', command: 'c1' }
  expect(foldTime(running, at + 10, () => false).commands).toEqual([told])
  expect(foldRecords(running, [begin('a', 2)]).commands).toEqual([told])
  expect(foldRecords(running, [begin('b', 1)]).commands).toEqual([told])
  expect(foldRecords(running, [begin('b', 1, { host: 'there' })]).commands).toEqual([])
  expect(foldTime(running, at + 6 * 86_400_000, () => undefined).commands).toMatchObject([{ phase: 'start' }])
  expect(foldTime(running, at + 8 * 86_400_000, () => undefined).commands).toEqual([told])
})

test('an end without a beginning is nothing', () => {
  expect(foldRecords(none, [end('a', 1)]).commands).toEqual([])
})
