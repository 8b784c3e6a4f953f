// When an outbox speaks, and how often it repeats itself.
import { expect, test } from 'vitest'
import type { BridgeStatus, Receipt } from '../../schemas/delivery.ts'
import { LastWords, statusDue } from './status.ts'

const status: BridgeStatus = { online: true, epoch: 'e', oldestSeq: 10, lastSeq: 20, outboxDepth: 11, health: 'ok' }
const upTo = (seq: number): Receipt => ({ epoch: 'e', upTo: seq, settled: [] })
const told = { status, at: 1_000, repeats: 0, receipt: upTo(9) }

test('the first status is due at once', () => {
  expect(statusDue(undefined, status, undefined)).toBe(0)
})

test('what has not changed is not said again', () => {
  expect(statusDue(told, { ...status, at: 5 }, upTo(9))).toBe(Number.POSITIVE_INFINITY)
})

test('changes of note are said at once, numbers every 10 seconds', () => {
  expect(statusDue(told, { ...status, health: 'outbox_full' }, upTo(9))).toBe(0)
  expect(statusDue(told, { ...status, epoch: 'f' }, upTo(9))).toBe(0)
  expect(statusDue(told, { ...status, online: false }, upTo(9))).toBe(0)
  expect(statusDue(told, { ...status, lastSeq: 21, outboxDepth: 12 }, upTo(9))).toBe(11_000)
})

test('a loss that the receipts do not know is told within a second', () => {
  expect(statusDue(told, { ...status, oldestSeq: 15 }, upTo(9))).toBe(2_000)
  expect(statusDue(told, { ...status, oldestSeq: 15 }, upTo(14))).toBe(11_000)
})

test('a loss that was told is told again only if receipts since then ignore it, ever more rarely', () => {
  const before = upTo(5)
  expect(statusDue({ ...told, receipt: before }, status, before)).toBe(Number.POSITIVE_INFINITY)
  expect(statusDue({ ...told, receipt: before }, status, upTo(5))).toBe(31_000)
  expect(statusDue({ ...told, receipt: before, repeats: 2 }, status, upTo(5))).toBe(121_000)
})

test('an ended epoch is closed once it is known, and left alone after five times', () => {
  const words = new LastWords()
  const ended = { epoch: 'e', last: 20, receipt: upTo(15) }
  expect(words.next({ ...ended, receipt: upTo(20) }, 0)).toBe('dismiss')
  let now = 0
  for (const wait of [30_000, 60_000, 120_000, 240_000]) {
    expect(words.next(ended, now)).toBe('close')
    expect(words.next(ended, now)).toBe(now + wait)
    now += wait
  }
  expect(words.next(ended, now)).toBe('close')
  expect(words.next(ended, now + 1)).toBe('dismiss')
  expect(words.next({ ...ended, last: 21 }, now)).toBe('close')
})
