// When the fold opens, closes and tells, step by step. That it comes to what the store holds is shown in live.test.ts.
import { describe, expect, it } from 'vitest'
import { createClosing } from './closing.ts'
import type { Kept } from './store/buckets.ts'

const bucket = { id: 'b', type: 't', client: 'c', hostname: 'h', name: null, data: {}, created: 0 }
const SECOND = 1e6
const kept = (id: number, start: number, duration: number, pulsetime: number | null = 2): Kept => ({
  bucket,
  event: { id, start: start * SECOND, duration: duration * SECOND, data: { n: id } },
  pulsetime: pulsetime === null ? null : pulsetime * SECOND,
  change: id,
})
const shown = (tellings: ReturnType<ReturnType<typeof createClosing>['closeAll']>) =>
  tellings.map(({ event, duration, phase }) => [event.id, duration / SECOND, phase])

/** Takes at the moment of its end, s. */
function at(closing: ReturnType<typeof createClosing>, one: Kept, isNew: boolean, now?: number) {
  return shown(closing.take(one, { isNew, now: (now ?? (one.event.start + one.event.duration) / SECOND) * 1000 }))
}

describe('what is open and when it closes', () => {
  it('tells a short event once, when the next one begins', () => {
    const closing = createClosing()
    expect(at(closing, kept(1, 0, 0), true)).toEqual([])
    expect(at(closing, kept(1, 0, 20), false)).toEqual([])
    expect(at(closing, kept(2, 21, 0), true)).toEqual([[1, 20, undefined]])
  })

  it('tells that a long one has begun once it is a minute long, and how it ended', () => {
    const closing = createClosing()
    at(closing, kept(1, 0, 59), true)
    expect(at(closing, kept(1, 0, 60), false)).toEqual([[1, 60, 'start']])
    expect(at(closing, kept(1, 0, 61), false)).toEqual([])
    expect(shown(closing.closeAll())).toEqual([[1, 61, 'end']])
    expect(closing.closeAll()).toEqual([])
  })

  it('closes by the clock once its pulsetime and what clients hold back are over, counted from when it was heard', () => {
    const closing = createClosing()
    at(closing, kept(1, 0, 5, 10), true, 100)
    expect(shown(closing.passTime(124_999))).toEqual([])
    expect(shown(closing.passTime(125_000))).toEqual([[1, 5, undefined]])
    expect(shown(closing.passTime(999_000))).toEqual([])
  })

  it('tells what grows after that as enriched, each time it ends again, and nothing if it does not grow', () => {
    const closing = createClosing()
    at(closing, kept(1, 0, 5), true)
    closing.closeAll()
    expect(at(closing, kept(1, 0, 5), false)).toEqual([])
    expect(closing.closeAll()).toEqual([])
    at(closing, kept(1, 0, 70), false)
    expect(shown(closing.closeAll())).toEqual([[1, 70, 'enriched']])
    at(closing, kept(1, 0, 80), false)
    expect(at(closing, kept(2, 100, 0), true)).toEqual([[1, 80, 'enriched']])
  })

  it('takes what is not new and not the last one of its bucket for told', () => {
    const closing = createClosing()
    at(closing, kept(2, 100, 0), true)
    expect(at(closing, kept(1, 0, 30), false)).toEqual([[2, 0, undefined]])
    expect(shown(closing.closeAll())).toEqual([[1, 30, 'enriched']])
  })

  it('tells what came whole at once, and what was replaced again', () => {
    const closing = createClosing()
    expect(at(closing, kept(1, 0, 300, null), true)).toEqual([[1, 300, undefined]])
    expect(at(closing, kept(1, 0, 400, null), false)).toEqual([
      [1, 400, undefined],
      [1, 400, 'enriched'],
    ])
  })

  it('tells what is open in a bucket that goes, and of an event that goes only if its start was told', () => {
    const closing = createClosing()
    at(closing, kept(1, 0, 5), true)
    expect(shown(closing.dropBucket('b'))).toEqual([[1, 5, undefined]])
    at(closing, kept(2, 0, 5), true)
    expect(closing.dropEvent('b', 2)).toEqual([])
    at(closing, kept(3, 0, 90), true)
    expect(shown(closing.dropEvent('b', 3))).toEqual([[3, 90, 'end']])
    expect(closing.open()).toBe(0)
  })

  it('knows after a restart what it knew, and waits as long as a client needs to come back', () => {
    const before = createClosing()
    at(before, kept(1, 0, 90, 30), true)
    const remembered = before.remember()
    const after = createClosing()
    after.recall(remembered, () => kept(1, 0, 90), 500_000)
    expect(shown(after.passTime(514_999))).toEqual([])
    expect(shown(after.passTime(515_000))).toEqual([[1, 90, 'end']])
    const gone = createClosing()
    gone.recall(remembered, () => undefined, 500_000)
    expect(gone.open()).toBe(0)
  })
})
