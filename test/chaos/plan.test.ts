// The draw of the kill matrix: even over all cells, the same for the same seed.
import { expect, test } from 'vitest'
import { brokers, cells, draw, moments, nameOf, parts, senseless } from './plan.ts'

const seeds = Array.from({ length: 20 }, (_, index) => index * 7919)

test('the same seed draws the same rounds, another seed others', () => {
  expect(draw({ rounds: 100, seed: 5 })).toEqual(draw({ rounds: 100, seed: 5 }))
  expect(draw({ rounds: 100, seed: 5 })).not.toEqual(draw({ rounds: 100, seed: 6 }))
})

test('twenty rounds touch every part, every moment and every broker', () => {
  for (const seed of seeds) {
    const rounds = draw({ rounds: 20, seed })
    expect(rounds).toHaveLength(20)
    expect(new Set(rounds.map(({ part }) => part))).toEqual(new Set(parts))
    expect(new Set(rounds.map(({ moment }) => moment))).toEqual(new Set(moments))
    expect(new Set(rounds.map(({ broker }) => broker))).toEqual(new Set(brokers))
  }
})

test('four hundred rounds give every cell as many as any other, or one more', () => {
  for (const seed of seeds) {
    const times = Object.values(Object.groupBy(draw({ rounds: 400, seed }), nameOf)).map((each) => each?.length ?? 0)
    expect(times).toHaveLength(cells.length)
    expect(Math.max(...times) - Math.min(...times)).toBeLessThanOrEqual(1)
  }
})

test('rounds are played broker by broker, numbered from 1', () => {
  const rounds = draw({ rounds: 60, seed: 1 })
  expect(rounds.map(({ number }) => number)).toEqual(rounds.map((_, index) => index + 1))
  const changes = rounds.filter(({ broker }, index) => broker !== rounds[index - 1]?.broker)
  expect(changes).toHaveLength(brokers.length)
})

test('one part or one broker alone can be drawn, and what is not there draws nothing', () => {
  const some = draw({ rounds: 30, seed: 1, brokers: ['mosquitto'], part: 's3' })
  expect(some).toHaveLength(30)
  expect(some.every(({ broker, part }) => broker === 'mosquitto' && part === 's3')).toBe(true)
  expect(draw({ rounds: 30, seed: 1, brokers: ['embedded'], part: 'nats' })).toEqual([])
})

test('every cell that is not played says why', () => {
  const all = brokers.flatMap((broker) =>
    parts.flatMap((part) => moments.map((moment) => senseless({ broker, part, moment }))),
  )
  expect(all.filter((why) => why === null)).toHaveLength(cells.length)
  expect(all.every((why) => why === null || why.length > 10)).toBe(true)
})
