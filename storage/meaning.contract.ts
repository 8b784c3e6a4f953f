// What the enrichment queue promises, as tests. Not for: enrichment.
import { beforeEach, expect, it } from 'vitest'
import { exampleEvent as event } from './examples.ts'
import type { Storage } from './storage.ts'

export function meaningContract(fresh: () => Promise<Storage>) {
  let storage: Storage
  beforeEach(async () => {
    storage = await fresh()
    await storage.activities.append(Array.from({ length: 10 }, (_, n) => event(n)))
  })

  it('hands each entry to one claimer, oldest first', async () => {
    const { queue } = storage.meaning
    const claims = await Promise.all(Array.from({ length: 5 }, (_, worker) => queue.claim(`w${worker}`, 2)))
    const ids = claims.flat().map((each) => each.id)
    expect(new Set(ids).size).toBe(10)
    expect(await queue.claim('late')).toEqual([])
    expect(await queue.stats()).toMatchObject({ pending: 0, processing: 10, error: 0 })
  })

  it('forgets what is finished and tells the age of what waits', async () => {
    const { queue } = storage.meaning
    const claimed = await queue.claim('w', 4)
    expect(claimed.map((each) => each.id)).toEqual([0, 1, 2, 3].map((n) => event(n).id))
    await queue.finish(claimed.map((each) => each.id))
    const stats = await queue.stats()
    expect(stats).toMatchObject({ pending: 6, processing: 0 })
    expect(stats.oldestAt).toBeGreaterThan(0)
  })

  it('returns the claims of a worker that died', async () => {
    const { queue } = storage.meaning
    await queue.claim('dead')
    expect(await queue.release(60_000)).toBe(0)
    expect(await queue.release(-1)).toBe(10)
    expect(await queue.claim('next')).toHaveLength(10)
  })

  it('waits after a failure', async () => {
    const { queue } = storage.meaning
    const id = event(0).id
    await queue.claim('w', 1)
    await queue.fail([id], 'model away')
    expect((await queue.claim('w')).map((each) => each.id)).not.toContain(id)
    expect(await queue.stats()).toMatchObject({ error: 0, pending: 1 })
  })

  it('parks what has cost its worker five times, and hands on the others', async () => {
    const { queue } = storage.meaning
    for (let deaths = 1; deaths <= 5; deaths++) {
      expect((await queue.claim('w', 1)).map((each) => each.id)).toEqual([event(0).id])
      await queue.release(-1)
    }
    expect((await queue.claim('w', 1)).map((each) => each.id)).toEqual([event(1).id])
    expect(await queue.stats()).toMatchObject({ error: 1, processing: 1, pending: 8 })
  })
}
