// Playing against a clock that only moves when somebody sleeps or publishes.
import { describe, expect, test } from 'vitest'
import type { Clock } from '../../component.ts'
import { createPace, parseSpeed } from './pacing.ts'
import { play } from './playing.ts'
import type { RecordedMessage } from './recording.ts'

function fakeClock(begin = 1_000): Clock & { pass(ms: number): void } {
  let now = begin
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms
    },
    pass: (ms) => {
      now += ms
    },
  }
}

const message = (at: number, payload = ''): RecordedMessage => ({
  at,
  topic: `t/${at}`,
  payload,
  encoding: 'utf8',
  qos: 1,
  retain: false,
})

async function* each(messages: RecordedMessage[]) {
  yield* messages
}

interface Played {
  speed?: number
  costMs?: number
  signal?: AbortSignal
  onPublish?: () => void
}

/** When what was published, in requests. */
async function played(messages: RecordedMessage[], { speed = 1, costMs = 0, signal, onPublish }: Played = {}) {
  const clock = fakeClock()
  const sent: { now: number; at: number[] }[] = []
  await play(each(messages), {
    pace: createPace(clock, speed),
    clock,
    signal: signal ?? new AbortController().signal,
    async publish(due) {
      sent.push({ now: clock.now(), at: due.map(({ at }) => at) })
      clock.pass(costMs)
      onPublish?.()
    },
  })
  return sent
}

describe('messages are published', () => {
  test('spaced as they were, from the first on', async () => {
    expect(await played([message(5_000), message(5_000), message(5_300), message(7_000)])).toEqual([
      { now: 1_000, at: [5_000, 5_000] },
      { now: 1_300, at: [5_300] },
      { now: 3_000, at: [7_000] },
    ])
  })

  test('so many times as fast', async () => {
    const sent = await played([message(0), message(1_000), message(4_000)], { speed: 10 })
    expect(sent.map(({ now }) => now)).toEqual([1_000, 1_100, 1_400])
  })

  test('without drift: what publishing costs is made up for', async () => {
    const ticks = Array.from({ length: 50 }, (_, n) => message(n * 100))
    const sent = await played(ticks, { costMs: 30 })
    expect(sent.map(({ now }) => now)).toEqual(ticks.map(({ at }) => 1_000 + at))
  })

  test('together when they are late, and in order', async () => {
    const sent = await played([message(0), message(10), message(20), message(1_000)], { costMs: 100 })
    expect(sent).toEqual([
      { now: 1_000, at: [0] },
      { now: 1_100, at: [10, 20] },
      { now: 2_000, at: [1_000] },
    ])
  })

  test('at once when the clock of the recording went back', async () => {
    expect(await played([message(500), message(100), message(600)])).toEqual([
      { now: 1_000, at: [500, 100] },
      { now: 1_100, at: [600] },
    ])
  })

  test('in requests of bounded size, as fast as it goes', async () => {
    const many = Array.from({ length: 1_200 }, (_, n) => message(n * 60_000))
    const sent = await played(many, { speed: Number.POSITIVE_INFINITY })
    expect(sent.map(({ at }) => at.length)).toEqual([500, 500, 200])
    const large = Array.from({ length: 3 }, (_, n) => message(n, 'x'.repeat(600_000)))
    expect((await played(large, { speed: Number.POSITIVE_INFINITY })).length).toBe(3)
  })

  test('before waiting for more: what a pipe brought is not kept back', async () => {
    const clock = fakeClock()
    const first = Promise.withResolvers<void>()
    const piped = (async function* () {
      yield message(0)
      await first.promise
      yield message(1)
    })()
    const sent: number[][] = []
    await play(piped, {
      pace: createPace(clock, Number.POSITIVE_INFINITY),
      clock,
      signal: new AbortController().signal,
      async publish(due) {
        sent.push(due.map(({ at }) => at))
        first.resolve()
      },
    })
    expect(sent).toEqual([[0], [1]])
  })

  test('until it is told to stop', async () => {
    const stop = new AbortController()
    const sent = await played([message(0), message(100), message(200)], {
      signal: stop.signal,
      onPublish: () => stop.abort(),
    })
    expect(sent).toEqual([{ now: 1_000, at: [0] }])
  })
})

test.each([
  ['1', 1],
  ['0.5', 0.5],
  ['10x', 10],
  ['max', Number.POSITIVE_INFINITY],
])('--speed %s', (text, speed) => {
  expect(parseSpeed(text)).toBe(speed)
})

test.each(['0', '-1', 'fast', '', 'Infinity'])('--speed %s is none', (text) => {
  expect(() => parseSpeed(text)).toThrow('--speed')
})
