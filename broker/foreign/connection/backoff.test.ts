// How long is waited between tries, and when that begins anew.
import { expect, test } from 'vitest'
import { DaybookError } from '../../../schemas/errors.ts'
import { Backoff } from './backoff.ts'

const away = new DaybookError('bus_unavailable')
const pauses = (random: () => number, count: number) => {
  const backoff = new Backoff(random)
  return Array.from({ length: count }, () => backoff.next(away))
}

test('pauses double from a quarter of a second to fifteen', () => {
  expect(pauses(() => 1, 9)).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
})

test('each is a random part of what it could be', () => {
  expect(pauses(() => 0.5, 3)).toEqual([125, 250, 500])
  expect(pauses(() => 0, 3)).toEqual([0, 0, 0])
})

test('a connection that held for ten seconds lets the next pauses begin anew', () => {
  const backoff = new Backoff(() => 1)
  for (let i = 0; i < 5; i++) backoff.next(away)
  expect(backoff.next(away, 9_999)).toBe(8_000)
  expect(backoff.next(away, 10_000)).toBe(250)
  expect(backoff.next(away)).toBe(500)
})

test('who is refused tries every fifteen seconds', () => {
  const backoff = new Backoff(() => 0)
  const refused = new DaybookError('broker_refused')
  expect([backoff.next(refused), backoff.next(refused)]).toEqual([15_000, 15_000])
})
