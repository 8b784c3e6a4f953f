// What is let go of again, so that years of use do not add up. What is remembered for what is in the other tests.
import { expect, test } from 'vitest'
import { visit } from '../../test/frigate/story.ts'
import { stateInMemory } from '../in-memory.ts'
import type { Known } from './known.ts'
import { createMemory } from './memory.ts'
import { review as reviewSchema } from './wire.ts'

const DAY_MS = 86_400_000
const START = Date.UTC(2025, 0, 1, 12)

/** A review that ended on the nth day. */
function ended(n: number, more: Partial<Known> = {}): Known {
  const at = START + n * DAY_MS
  const review = reviewSchema.parse(visit({ at: at / 1000, name: `n${n}`.padEnd(6, 'x') }).review)
  return { review, details: {}, seen: at / 1000, heardAt: at, end: at / 1000 + 30, ...more }
}

test('two years leave a day of reviews, a month of those it closed itself, and thirteen months of what has pictures', () => {
  const state = stateInMemory()
  const memory = createMemory(state, 'house')
  for (let n = 0; n < 730; n++) {
    const known = ended(n, n % 2 ? {} : { inferred: true })
    memory.set(known)
    memory.setErrand(known.review.id, { since: START })
    memory.setPictured(known)
    memory.endErrand(known.review.id)
    memory.flush()
    memory.prune(START + n * DAY_MS)
  }
  expect(memory.size()).toBe(16)
  const kept = (what: string) => state.keys(`${what}/house/`).length
  expect([kept('review'), kept('errand'), kept('pictured')]).toEqual([16, 0, 400])
})

test('what has an errand stays until that has ended', () => {
  const memory = createMemory(stateInMemory(), 'house')
  const known = ended(0)
  memory.set(known)
  memory.setErrand(known.review.id, { since: START })
  memory.prune(START + 9 * DAY_MS)
  expect(memory.known(known.review.id)).toEqual(known)
  memory.endErrand(known.review.id)
  memory.prune(START + 9 * DAY_MS)
  expect(memory.size()).toBe(0)
})

test('forgetting leaves no trace of that time, and all of the rest', () => {
  const state = stateInMemory()
  const memory = createMemory(state, 'house')
  for (const n of [0, 1, 2]) {
    memory.set(ended(n))
    memory.setPictured(ended(n))
  }
  memory.flush()
  expect(memory.forget({ since: START + DAY_MS, until: START + 2 * DAY_MS })).toBe(1)
  expect(
    state
      .keys()
      .map((key) => state.get(key))
      .filter((value) => JSON.stringify(value).includes(ended(1).review.id)),
  ).toEqual([])
  expect([memory.isPictured(ended(0)), memory.isPictured(ended(2))]).toEqual([true, false])
  expect(memory.size()).toBe(2)
})
