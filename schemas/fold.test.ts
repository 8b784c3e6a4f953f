// Phases fold to the same event in whatever order they arrive.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ActivityEvent, phases } from './activity.ts'
import { foldActivities, foldActivity } from './fold.ts'
import { eventId } from './ids.ts'

const row = (n: number, more: Partial<ActivityEvent> = {}): ActivityEvent => ({
  id: eventId({ space: 'home', source: 'frigate', key: String(n), timestamp: 1_700_000_000_000 + n }),
  space: 'home',
  source: 'frigate',
  eventType: 'person_detected',
  producer: 'frigate',
  sessionId: 's',
  summary: `row ${n}`,
  timestamp: 1_700_000_000_000 + n,
  receivedAt: 1_700_000_000_000,
  ...more,
})

const visit = [
  row(1, { activityId: 'v', phase: 'start', details: { camera: 'yard', label: 'person' } }),
  row(9, { activityId: 'v', phase: 'update', seq: 1, details: { score: 0.7 } }),
  row(8, { activityId: 'v', phase: 'update', seq: 2, details: { score: 0.9 } }),
  row(3, { activityId: 'v', phase: 'end', duration: 5_000 }),
  row(2, { activityId: 'v', phase: 'enriched', details: { name: 'Ada' } }),
]

describe('the fold', () => {
  it('takes the latest phase and fills in what earlier ones said', () => {
    expect(foldActivity(visit)).toMatchObject({
      id: visit[4]?.id,
      phase: 'enriched',
      duration: 5_000,
      details: { camera: 'yard', label: 'person', score: 0.9, name: 'Ada' },
    })
  })

  it('does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(visit, { minLength: visit.length }), (shuffled) => {
        expect(foldActivity(shuffled)).toEqual(foldActivity(visit))
      }),
    )
  })

  it('changes none of its rows', () => {
    const before = structuredClone(visit)
    foldActivity(visit)
    expect(visit).toEqual(before)
  })

  it('leaves rows without an activity alone and keeps sources apart', () => {
    const other = row(4, { activityId: 'v', source: 'iot', phase: 'start' })
    const folded = foldActivities([...visit, row(5), row(6), other])
    expect(folded.map((event) => event.summary)).toEqual(['row 2', 'row 4', 'row 5', 'row 6'])
  })

  it('knows every phase', () => {
    for (const [rank, phase] of phases.entries()) {
      const later = phases.slice(rank + 1).map((each, n) => row(n, { activityId: 'v', phase: each }))
      expect(foldActivity([row(50, { activityId: 'v', phase }), ...later]).phase).toBe(later.at(-1)?.phase ?? phase)
    }
  })
})
