// What the catalogue of objects promises, as tests. Not for: bytes (objects/object-store.contract.ts), or the race of
// everybody against the sweep (objects/race.test.ts).
import { beforeEach, expect, it } from 'vitest'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { OwnStorage } from '../schemas/content-ref.ts'
import type { Catalogue, ObjectEntry } from './catalogue.ts'
import { exampleEvent as event } from './examples.ts'
import type { InlinePayload, Storage } from './storage.ts'

const idOf = (n: number) => String(n).padStart(64, '0')
const object = (n: number, storage: OwnStorage = 'fs'): ObjectEntry => ({ storage, id: idOf(n), size: 10 * n })
const at = (n: number, storage: OwnStorage = 'fs') => ({ storage, id: idOf(n) })
const named = (n: number) => ({ ...at(n), name: `thumbnail ${n}` })
const booksNothing = () => ({ settlements: [], rejected: [] })

/** `lose` takes an activity away without a word, as a dropped partition does. */
export function catalogueContract(fresh: () => Promise<Storage>, lose: (id: string) => Promise<void>) {
  let storage: Storage
  let catalogue: Catalogue
  /** What the sweep had removed. */
  let removed: string[]
  beforeEach(async () => {
    storage = await fresh()
    catalogue = storage.catalogue
    removed = []
  })

  const keep = async () => 'kept'
  const put = (entry: ObjectEntry) => catalogue.put(entry, keep)
  const refer = (n: number, more: Partial<ActivityEvent>) => storage.activities.append([event(n, more)])
  const sweep = (grace = 0) =>
    catalogue.sweep(grace, async ({ storage: from, id }) => {
      removed.push(`${from}:${Number(id)}`)
    })
  const payload = (n: number): InlinePayload => ({
    id: idOf(n),
    size: 3,
    mediaType: 'application/json',
    bytes: Buffer.from('{ }'),
  })

  it('enters what is put, with what is known of it, and gives back what keeping it gave', async () => {
    const entry = { ...object(1), mediaType: 'image/png', name: 'door.png' }
    expect(await catalogue.put(entry, keep)).toBe('kept')
    expect(await catalogue.touch(at(1))).toEqual(entry)
    expect(await catalogue.locate(at(1))).toEqual(entry)
    await put(object(1))
    expect(await catalogue.touch(at(1))).toEqual(entry)
  })

  it('says of an object only once its bytes are there', async () => {
    await catalogue.put(object(1), async () => {
      expect(await catalogue.touch(at(1))).toBeNull()
      expect(await catalogue.locate(at(1))).toBeNull()
    })
    expect(await catalogue.touch(at(2))).toBeNull()
    expect(await catalogue.locate({ storage: 'frigate', id: '1.0-a:clip' })).toBeNull()
    expect(await catalogue.touch({ storage: 'frigate', id: '1.0-a:clip' })).toBeNull()
  })

  it('leaves to the sweep what could not be kept, and what was there as it was', async () => {
    await put(object(2))
    const failing = async () => {
      throw new RangeError('on purpose')
    }
    await expect(catalogue.put(object(1), failing)).rejects.toThrow('on purpose')
    await expect(catalogue.put(object(2), failing)).rejects.toThrow('on purpose')
    expect(await catalogue.touch(at(1))).toBeNull()
    expect(await catalogue.touch(at(2))).toEqual(object(2))
    await sweep()
    await sweep()
    expect(removed).toEqual(['fs:1', 'fs:2'])
  })

  it('puts many at once, also of the same, and while keeping them takes long', async () => {
    let running = 0
    let most = 0
    const slow = async () => {
      most = Math.max(most, ++running)
      await storage.activities.getActivity(event(1).id)
      await new Promise((resolve) => setTimeout(resolve, 20))
      running--
    }
    await Promise.all(Array.from({ length: 60 }, (_, n) => catalogue.put(object(n % 30), slow)))
    expect(most).toBeGreaterThan(10)
    expect(await catalogue.usage()).toMatchObject([{ storage: 'fs', objects: 30 }])
  })

  it('gives the newest reference, as the activity says it', async () => {
    await put(object(1))
    expect(await catalogue.reference(at(1))).toBeNull()
    const contentRef = { ...at(1), name: 'old.png', mediaType: 'image/png' }
    const thumbnail = { ...at(1), name: 'new.png' }
    await refer(1, { contentRef })
    expect(await catalogue.reference(at(1))).toEqual(contentRef)
    await refer(2, { contentRef: at(9), attachments: [named(8), thumbnail] })
    expect(await catalogue.reference(at(1))).toEqual(thumbnail)
    expect(await catalogue.reference(at(1, 'minio'))).toBeNull()
  })

  it('knows references to what is not ours', async () => {
    const contentRef = { storage: 'frigate' as const, id: '1718.5-abc:snapshot' }
    await refer(1, { contentRef })
    expect(await catalogue.reference(contentRef)).toEqual(contentRef)
    expect(await catalogue.askForMissing(10)).toEqual([])
  })

  it('has references of every way in: one, few and many at a time, and numbered ones', async () => {
    const batch = (from: number, count: number, numbered: boolean) =>
      Array.from({ length: count }, (_, n) =>
        event(from + n, { contentRef: at(from + n), ...(numbered && { producer: 'desk', seq: from + n }) }),
      )
    const ways = [
      batch(1, 1, true),
      batch(2, 1, true),
      batch(10, 60, true),
      batch(100, 5, false),
      batch(200, 60, false),
    ]
    for (const events of ways) {
      await storage.commit(events, () => ({
        settlements: events.flatMap(({ producer, seq }) =>
          seq === undefined ? [] : [{ producer, source: 'iot', seq, outcome: 'stored' as const }],
        ),
        rejected: [],
      }))
    }
    for (const { contentRef } of ways.flat())
      expect(await catalogue.reference(at(Number(contentRef?.id)))).not.toBeNull()
  })

  it('condemns what nobody refers to, and removes it with the next sweep', async () => {
    await put(object(1))
    await put(object(2))
    await refer(1, { contentRef: at(2) })
    expect(await sweep(60_000)).toEqual({ marked: 0, removed: 0 })
    expect(await sweep()).toEqual({ marked: 1, removed: 0 })
    expect(removed).toEqual([])
    expect(await sweep()).toEqual({ marked: 0, removed: 1 })
    expect(removed).toEqual(['fs:1'])
    expect(await catalogue.touch(at(1))).toBeNull()
    expect(await catalogue.touch(at(2))).toEqual(object(2))
  })

  it('revives by a put, by a touch and by a reference', async () => {
    for (const n of [1, 2, 3, 4]) await put(object(n))
    expect(await sweep()).toMatchObject({ marked: 4 })
    await put(object(1))
    await catalogue.touch(at(2))
    await refer(1, { attachments: [named(3)] })
    expect(await sweep()).toMatchObject({ removed: 1 })
    expect(removed).toEqual(['fs:4'])
  })

  it('counts the grace from the end of a put', async () => {
    await catalogue.put(object(1), () => new Promise((resolve) => setTimeout(resolve, 150)))
    expect(await sweep(100)).toEqual({ marked: 0, removed: 0 })
  })

  it('does not remove what is being put', async () => {
    await put(object(1))
    await sweep()
    await catalogue.put(object(1), async () => {
      expect(await sweep()).toEqual({ marked: 1, removed: 0 })
      expect(await sweep()).toEqual({ marked: 0, removed: 0 })
    })
    expect(await catalogue.touch(at(1))).toEqual(object(1))
  })

  it('lets no put begin while the bytes go', async () => {
    await put(object(1))
    await sweep()
    const order: string[] = []
    let again: Promise<unknown> | undefined
    await catalogue.sweep(0, async () => {
      expect(await catalogue.touch(at(1))).toBeNull()
      again = catalogue.put(object(1), async () => order.push('put'))
      await new Promise((resolve) => setTimeout(resolve, 50))
      order.push('removed')
    })
    await again
    expect(order).toEqual(['removed', 'put'])
    expect(await catalogue.touch(at(1))).toEqual(object(1))
  })

  it('asks for what an activity referred to while its bytes went', async () => {
    await put(object(1))
    await sweep()
    await catalogue.sweep(0, async () => void (await refer(1, { contentRef: at(1) })))
    expect(await catalogue.touch(at(1))).toBeNull()
    expect(await catalogue.askForMissing(10)).toMatchObject([{ ...at(1), activityId: event(1).id }])
  })

  it('tries again what the store would not remove, and goes on with the other stores', async () => {
    for (const from of ['fs', 'minio'] as const) for (const n of [1, 2]) await put(object(n, from))
    await sweep()
    const failing = catalogue.sweep(0, async ({ storage: from, id }) => {
      if (from === 'minio') throw new RangeError('away')
      removed.push(`${from}:${Number(id)}`)
    })
    await expect(failing).rejects.toThrow('away')
    expect(removed).toEqual(['fs:1', 'fs:2'])
    expect(await catalogue.touch(at(1, 'minio'))).toBeNull()
    await put(object(2, 'minio'))
    await sweep()
    expect(removed).toEqual(['fs:1', 'fs:2', 'minio:1'])
  })

  it('frees the objects of activities that are gone', async () => {
    await put(object(1))
    await refer(1, { contentRef: at(1) })
    await sweep()
    await lose(event(1).id)
    expect(await catalogue.reference(at(1))).toBeNull()
    await sweep()
    await sweep()
    expect(removed).toEqual(['fs:1'])
  })

  it('asks for missing objects, oldest first, then waits longer each time, until they are there', async () => {
    await refer(1, { contentRef: at(1), attachments: [named(2)], producer: 'desk-1' })
    await refer(2, { contentRef: at(1), producer: 'desk-2' })
    expect(await catalogue.askForMissing(10)).toEqual([
      { ...at(1), activityId: event(1).id, producer: 'desk-1', asked: 1 },
      { ...at(2), activityId: event(1).id, producer: 'desk-1', asked: 1 },
    ])
    expect(await catalogue.askForMissing(10)).toEqual([])
    await put(object(1))
    expect(await catalogue.reference(at(1))).toEqual(at(1))
    await refer(3, { contentRef: at(3) })
    await put(object(3))
    await refer(4, { contentRef: at(4) })
    await lose(event(4).id)
    expect(await catalogue.askForMissing(10)).toEqual([])
  })

  it('keeps payloads with the batch that brings them, or neither', async () => {
    const contentRef = { ...at(1, 'postgres'), name: 'data' }
    const failing = storage.commit([event(1, { contentRef })], () => {
      throw new RangeError('on purpose')
    }, [payload(1)])
    await expect(failing).rejects.toThrow('on purpose')
    expect(await catalogue.touch(at(1, 'postgres'))).toBeNull()
    const both = [event(1, { contentRef }), event(2, { contentRef: at(2, 'postgres') })]
    await storage.commit(both, booksNothing, [payload(2), payload(1), payload(1)])
    expect(await catalogue.locate(at(1, 'postgres'))).toMatchObject({ size: 3, mediaType: 'application/json' })
    expect(await catalogue.reference(at(1, 'postgres'))).toEqual(contentRef)
    expect((await catalogue.unmoved(10)).map(({ id }) => Number(id))).toEqual([1, 2])
    for (let n = 0; n < 3; n++) expect(await sweep()).toEqual({ marked: 0, removed: 0 })
  })

  it('keeps no payload that nothing new refers to: a duplicate brings nothing', async () => {
    const again = event(1, { contentRef: at(1, 'postgres') })
    await storage.commit([again], booksNothing, [payload(1), payload(2)])
    expect(await catalogue.touch(at(2, 'postgres'))).toBeNull()
    await put({ ...object(1), size: 3 })
    await catalogue.moved(idOf(1), 'fs')
    await storage.commit([again], booksNothing, [payload(1)])
    expect(await catalogue.locate(at(1, 'postgres'))).toMatchObject({ storage: 'fs' })
  })

  it('keeps what was moved as long as anything refers to where it was', async () => {
    const contentRef = at(1, 'postgres')
    await storage.commit([event(1, { contentRef })], booksNothing, [payload(1)])
    await expect(catalogue.moved(idOf(1), 'fs')).rejects.toMatchObject({ code: 'object_missing' })
    await put({ ...object(1), size: 3 })
    await catalogue.moved(idOf(1), 'fs')
    expect(await catalogue.unmoved(10)).toEqual([])
    expect(await catalogue.locate(contentRef)).toMatchObject({ storage: 'fs', size: 3 })
    expect(await catalogue.usage()).toEqual([{ storage: 'fs', objects: 1, bytes: 3 }])
    for (let n = 0; n < 3; n++) expect(await sweep()).toEqual({ marked: 0, removed: 0 })
    await lose(event(1).id)
    expect(await sweep()).toEqual({ marked: 2, removed: 0 })
    await catalogue.touch(contentRef)
    expect(await sweep()).toEqual({ marked: 2, removed: 0 })
    expect(await catalogue.locate(contentRef)).toMatchObject({ storage: 'fs' })
    expect(await sweep()).toMatchObject({ removed: 2 })
    expect(removed).toEqual(['fs:1'])
    expect(await catalogue.usage()).toEqual([])
  })

  it('has the bytes here again when what was moved is put here again', async () => {
    const contentRef = at(1, 'postgres')
    await storage.commit([event(1, { contentRef })], booksNothing, [payload(1)])
    await put({ ...object(1), size: 3 })
    await catalogue.moved(idOf(1), 'fs')
    await storage.commit([event(2, { contentRef })], booksNothing, [payload(1)])
    expect(await catalogue.locate(contentRef)).toMatchObject({ storage: 'postgres' })
  })
}
