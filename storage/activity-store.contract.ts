// What every ActivityStore promises, as tests over any driver. Not for: how fast, or what a driver does beyond it.
import { beforeEach, describe, expect, it } from 'vitest'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { ActivityStore, Arrival } from './activity-store.ts'
import { exampleEvent as event, NOON } from './examples.ts'

/** `fresh` gives an empty store before each test. */
export function activityStoreContract(fresh: () => Promise<ActivityStore>) {
  let store: ActivityStore
  beforeEach(async () => {
    store = await fresh()
  })
  const ids = (events: readonly ActivityEvent[]) => events.map((each) => each.id)
  const list = async (filter: Parameters<ActivityStore['queryActivities']>[0]) =>
    ids((await store.queryActivities(filter)).items)

  describe('appending', () => {
    it('gives back what was stored, field by field', async () => {
      const full = event(1, {
        phase: 'end',
        activityId: 'visit-1',
        duration: 1_234.5,
        epoch: 'e1',
        seq: 7,
        nativeId: 'foreign-1',
        contentRef: { storage: 'fs', id: 'a'.repeat(64), size: 12, mediaType: 'image/jpeg' },
        attachments: [{ storage: 'fs', id: 'b'.repeat(64), name: 'thumbnail' }],
        cause: { id: 'c1', parentId: 'c0', userId: 'u1' },
        summary: 'tab\t, newline\n, backslash \\, "quotes", {braces}, \\N, 日本, NULL',
        details: { deep: [{ 'k"\\\n': ['\t', null, 1.5, true] }], text: '\\.' },
      })
      const { batch } = await store.append([full])
      expect(await store.getActivity(full.id)).toEqual({ ...full, batch })
    })

    it('says which were stored and which were known, each id once', async () => {
      await store.append([event(1), event(2)])
      const appended = await store.append([event(3), event(2), event(3)])
      expect([...appended.stored]).toEqual([event(3).id])
      expect([...appended.known]).toEqual([event(2).id])
    })

    it('changes nothing for a known id, whatever else differs', async () => {
      await store.append([event(1)])
      await store.append([event(1, { summary: 'another summary' })])
      expect((await store.getActivity(event(1).id))?.summary).toBe(event(1).summary)
    })

    it('takes events of any year since 2000, in one batch, unsorted', async () => {
      const years = [2011, 2000, 2026, 2025].map((year) =>
        event(year, { timestamp: Date.UTC(year, 1, 28, 23, 59, 59, 999) }),
      )
      expect((await store.append(years)).stored.size).toBe(4)
      expect(await list({ order: 'asc' })).toEqual(ids([...years].sort((a, b) => a.timestamp - b.timestamp)))
    })

    it('keeps every id exactly once when overlapping batches race', async () => {
      const all = Array.from({ length: 60 }, (_, n) => event(n))
      const batches = Array.from({ length: 12 }, (_, k) => [...all.slice(k * 4, k * 4 + 20)].reverse())
      const appended = await Promise.all(batches.map((batch) => store.append(batch)))
      const stored = appended.flatMap((each) => [...each.stored])
      expect(new Set(stored).size).toBe(stored.length)
      expect(await list({ limit: 1000 })).toHaveLength(new Set(batches.flat().map((each) => each.id)).size)
    })

    it('stores nothing of a batch that holds an impossible row', async () => {
      await expect(store.append([event(1), event(2, { summary: 'NUL \0 here' })])).rejects.toMatchObject({
        code: 'database_refused',
      })
      expect(await list({})).toEqual([])
      expect(await store.insertActivity(event(1))).toBe(true)
    })

    it('inserts one or many and says how many were new', async () => {
      expect(await store.insertActivity(event(1))).toBe(true)
      expect(await store.insertActivity(event(1))).toBe(false)
      expect(await store.insertActivities([event(1), event(2), event(3)])).toBe(2)
    })

    it('numbers later appends higher', async () => {
      const first = await store.append([event(1)])
      expect((await store.append([event(2)])).batch).toBeGreaterThan(first.batch)
    })
  })

  describe('reading', () => {
    it('finds an activity by the foreign id it came with', async () => {
      await store.append([event(1, { nativeId: 'doorbell:17' })])
      expect((await store.getActivity('doorbell:17'))?.id).toBe(event(1).id)
      expect(await store.getActivity('nothing')).toBeNull()
    })

    it('pages through everything once, in either order', async () => {
      const all = Array.from({ length: 25 }, (_, n) => event(n))
      await store.append(all)
      for (const order of ['asc', 'desc'] as const) {
        const found: string[] = []
        for (let cursor: string | undefined; ; ) {
          const page = await store.queryActivities({ limit: 10, order, ...(cursor && { cursor }) })
          found.push(...ids(page.items))
          if (page.next === null) break
          cursor = page.next
        }
        expect(found).toEqual(order === 'asc' ? ids(all) : ids(all).reverse())
      }
    })

    it('has no next page when the last one is just full', async () => {
      await store.append([event(1), event(2)])
      expect((await store.queryActivities({ limit: 2 })).next).toBeNull()
    })

    it('filters by each field, since inclusive and until exclusive', async () => {
      const other = event(2, {
        source: 'browser',
        eventType: 'visit',
        producer: 'laptop',
        sessionId: 'login-2',
        activityId: 'visit-2',
        details: { zone: 'garden', url: 'https://example.org/tulips' },
      })
      await store.append([event(1), other, event(3)])
      const filters = [
        { source: 'browser' },
        { type: 'visit' },
        { producer: 'laptop' },
        { sessionId: 'login-2' },
        { activityId: 'visit-2' },
        { zone: 'garden' },
        { q: 'tulips' },
        { since: NOON + 2_000, until: NOON + 3_000 },
      ]
      for (const filter of filters) expect(await list(filter), JSON.stringify(filter)).toEqual([other.id])
      expect(await list({ entity: 'sensor.hall_1' })).toEqual([event(1).id])
      expect(await list({ zone: 'hall', order: 'asc' })).toEqual(ids([event(1), event(3)]))
    })

    it('searches whole words, beginnings and parts of names, newest first, over years', async () => {
      const old = event(1, { timestamp: Date.UTC(2012, 5), summary: 'Kitchen window opened' })
      const late = event(2, { summary: 'Window of the kitchen_door closed' })
      await store.append([old, late, event(3)])
      expect(await list({ q: 'kitchen window' })).toEqual([late.id, old.id])
      expect(await list({ q: 'kitch' })).toEqual([late.id, old.id])
      expect(await list({ q: 'kitchen_door' })).toEqual([late.id])
      expect(await list({ q: 'sensor.hall_0' })).toEqual([event(3).id])
      expect(await list({ q: 'window', limit: 1 })).toEqual([late.id])
      expect(await list({ q: `'); drop table activities; --` })).toEqual([])
    })

    it('folds phases of one activity to the latest, with what earlier ones said', async () => {
      const phase = (n: number, name: 'start' | 'update' | 'end' | 'enriched', more: Partial<ActivityEvent> = {}) =>
        event(n, { activityId: 'review-1', phase: name, ...more })
      const enriched = phase(4, 'enriched', { details: { text: 'a cat' } })
      await store.append([
        phase(1, 'start', { details: { area: 'yard' } }),
        phase(5, 'update'),
        phase(3, 'end', { duration: 9_000 }),
        enriched,
        event(6),
      ])
      const { items } = await store.queryActivities({ fold: true })
      expect(ids(items)).toEqual([event(6).id, enriched.id])
      expect(items[1]).toMatchObject({ phase: 'enriched', duration: 9_000, details: { area: 'hall', text: 'a cat' } })
      expect((await store.queryActivities({})).items).toHaveLength(5)
    })

    it('reads on in the order of arrival, whatever the event times, each once', async () => {
      await store.append([event(5), event(9), event(7)])
      const before = await store.lastArrival()
      await store.append([event(1), event(3)])
      await store.append([event(3)])
      await store.append([event(2)])
      const all = await store.getArrivals(null)
      expect(all.map(({ event: each }) => each.id)).toEqual(
        ids([event(5), event(7), event(9), event(1), event(3), event(2)]),
      )
      expect((await store.getArrivals(before)).map(({ event: each }) => each.id)).toEqual(
        ids([event(1), event(3), event(2)]),
      )
      const found: string[] = []
      for (let after: Arrival | null = null; ; ) {
        const page = await store.getArrivals(after, 2)
        found.push(...page.map(({ event: each }) => each.id))
        after = page.at(-1)?.at ?? null
        if (!after) break
      }
      expect(found).toEqual(all.map(({ event: each }) => each.id))
      expect(await store.getArrivals(await store.lastArrival())).toEqual([])
    })

    it('lists from a time on, oldest first', async () => {
      await store.append([event(3), event(1), event(2)])
      expect(ids(await store.getActivitiesSince(NOON + 2_000))).toEqual(ids([event(2), event(3)]))
      expect(ids(await store.getActivitiesSince(0, 2))).toEqual(ids([event(1), event(2)]))
    })

    it('refuses a cursor that is not its own', async () => {
      await expect(store.queryActivities({ cursor: "'; --" })).rejects.toMatchObject({ code: 'invalid' })
    })
  })

  describe('what enrichment has taken', () => {
    it('is told apart from what waits', async () => {
      await store.append([event(1), event(2), event(3)])
      expect(ids(await store.getUnprocessedActivities(2))).toEqual(ids([event(1), event(2)]))
      await store.markActivitiesProcessed([event(1).id, 'unknown', event(1).id])
      expect(ids(await store.getUnprocessedActivities())).toEqual(ids([event(2), event(3)]))
      expect(await list({ processed: true })).toEqual([event(1).id])
      expect(await list({ processed: false })).toEqual(ids([event(3), event(2)]))
    })

    it('holds a known event no second time', async () => {
      await store.append([event(1)])
      await store.markActivitiesProcessed([event(1).id])
      await store.append([event(1)])
      expect(await store.getUnprocessedActivities()).toEqual([])
    })
  })

  it('keeps a session and replaces it', async () => {
    const session = {
      id: 's1',
      startTime: NOON,
      activityIds: [event(1).id],
      guessedIntent: 'cooking',
      confidence: 0.7,
      tags: ['kitchen'],
      status: 'active' as const,
      needsValidation: true,
    }
    expect(await store.getActivitySession('s1')).toBeNull()
    await store.updateActivitySession(session)
    await store.updateActivitySession({ ...session, status: 'completed', endTime: NOON + 1, validatedIntent: 'baking' })
    expect(await store.getActivitySession('s1')).toEqual({
      ...session,
      status: 'completed',
      endTime: NOON + 1,
      validatedIntent: 'baking',
    })
  })
}
