// The catalogue of objects on Postgres: its contract, and what breaks off half-way. Not for: the race of everybody
// against the sweep (../objects/race.test.ts).
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { wallClock } from '../../component.ts'
import { contentRef, ownStorages } from '../../schemas/content-ref.ts'
import { type TestDatabase, testPostgres } from '../../test/postgres.ts'
import { storageOn } from '../../test/storage.ts'
import { catalogueContract } from '../catalogue.contract.ts'
import { exampleEvent as event } from '../examples.ts'
import type { Storage } from '../storage.ts'

let database: TestDatabase
let storage: Storage

async function open(): Promise<Storage> {
  database = await testPostgres()
  storage = await storageOn(database.url)
  return storage
}

afterEach(async () => {
  await storage.stop()
  await database.stop()
})

async function ask<T extends pg.QueryResultRow>(text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: database.url })
  await client.connect()
  try {
    return (await client.query<T>(text)).rows
  } finally {
    await client.end()
  }
}

const cut = (application: string) =>
  ask(`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = '${application}' and datname = current_database()`)

describe('the contract', () => {
  catalogueContract(open, async (id) => void (await ask(`delete from activities where id = '${id}'`)))
})

describe('the catalogue', () => {
  it('has every storage on record but those of others, one that is added later too', async () => {
    await open()
    const storages = [...contentRef.shape.storage.options, 'drawer']
    const events = storages.map((name, n) => event(n, { contentRef: { storage: name as never, id: 'a'.repeat(64) } }))
    await storage.activities.append(events)
    const rows = await ask<{ storage: string }>('select storage from objects')
    expect(rows.map((row) => row.storage).sort()).toEqual([...ownStorages, 'drawer'].sort())
  })

  it('looks again before it removes: a reference may have come while an object was condemned', async () => {
    await open()
    const ref = { storage: 'fs' as const, id: 'a'.repeat(64) }
    await storage.catalogue.put({ ...ref, size: 1 }, async () => {})
    await storage.activities.append([event(1, { contentRef: ref })])
    await ask('update objects set condemned_at = now()')
    const remove = () => Promise.reject(new Error('must not be asked'))
    expect(await storage.catalogue.sweep(0, remove)).toEqual({ marked: 0, removed: 0 })
    expect(await storage.catalogue.touch(ref)).not.toBeNull()
  })

  it('removes nothing that a transaction still under way refers to', async () => {
    await open()
    const object = { storage: 'fs' as const, id: 'a'.repeat(64), size: 1 }
    await storage.catalogue.put(object, async () => {})
    await storage.catalogue.sweep(0, async () => {})
    await storage.activities.append([event(1)])
    const client = new pg.Client({ connectionString: database.url })
    await client.connect()
    await client.query('begin')
    await client.query(
      `insert into activities
         (id, space, source, event_type, producer, summary, "timestamp", received_at, session_id, batch, content_ref)
       select $1, space, source, event_type, producer, summary, "timestamp", received_at, session_id, batch, $2
       from activities`,
      [event(2).id, JSON.stringify({ storage: object.storage, id: object.id })],
    )
    const sweeping = storage.catalogue.sweep(0, () => Promise.reject(new Error('must not be asked')))
    await wallClock.sleep(100)
    await client.query('commit')
    await client.end()
    expect(await sweeping).toEqual({ marked: 0, removed: 0 })
    expect(await storage.catalogue.touch(object)).toEqual(object)
  })

  it('ends a sweep that broke off half-way', async () => {
    await open()
    const object = { storage: 'fs' as const, id: 'a'.repeat(64), size: 1 }
    await storage.catalogue.put(object, async () => {})
    await storage.catalogue.sweep(0, async () => {})
    const sweeping = storage.catalogue.sweep(0, async () => void (await cut('daybook objects')))
    await expect(sweeping).rejects.toMatchObject({ code: 'database_unavailable' })
    expect(await storage.catalogue.touch(object)).toBeNull()
    const removed: string[] = []
    await storage.catalogue.sweep(0, async ({ id }) => void removed.push(id))
    expect(removed).toEqual([object.id])
    expect(await ask('select from objects')).toEqual([])
  })

  it('puts again when its hold on the object was lost meanwhile', async () => {
    await open()
    const object = { storage: 'fs' as const, id: 'a'.repeat(64), size: 1 }
    let kept = 0
    const put = storage.catalogue.put(object, async () => {
      if (++kept === 1) await cut('daybook objects')
      return kept
    })
    expect(await put).toBe(2)
    expect(await storage.catalogue.touch(object)).toEqual(object)
  })

  it('forgets no connection that came in the place of a lost one', async () => {
    await open()
    const put = (digit: string, keep: () => Promise<void>) =>
      storage.catalogue.put({ storage: 'fs', id: digit.repeat(64), size: 1 }, keep)
    let isFirst = true
    await put('a', async () => {
      if (!isFirst) return
      isFirst = false
      await cut('daybook objects')
      await wallClock.sleep(100)
      // As many as there are lines: one of them takes the place of the lost one, which is still in use here.
      for (const digit of 'bcd') await put(digit, async () => {})
    })
    await storage.stop()
    const left = `select pid from pg_stat_activity
      where application_name = 'daybook objects' and datname = current_database()`
    await expect.poll(() => ask(left)).toEqual([])
  })

  it('keeps payloads with their activity or neither when its line is cut in between', async () => {
    await open()
    let cutting = true
    const cutter = (async () => {
      while (cutting) {
        await cut('daybook writer')
        await wallClock.sleep(5)
      }
    })()
    for (let n = 0; n < 60; n++) {
      const id = n.toString(16).padStart(64, '0')
      const commit = storage.commit(
        [event(n, { contentRef: { storage: 'postgres', id } })],
        () => ({ settlements: [], rejected: [] }),
        [{ id, size: 600_000, bytes: Buffer.alloc(600_000, n) }],
      )
      await commit.catch((error) => expect(error.code).toBe('database_unavailable'))
    }
    cutting = false
    await cutter
    const [counts] = await ask(
      `select (select count(*)::int from activities) as activities,
              (select count(*)::int from objects where state = 'kept') as objects,
              (select count(distinct id)::int from object_bytes) as kept,
              (select sum(octet_length(bytes))::int / 600000 from object_bytes) as whole,
              (select count(*)::int from object_references) as "references"`,
    )
    const { activities } = counts as { activities: number }
    expect(activities).toBeGreaterThan(0)
    expect(counts).toEqual({
      activities,
      objects: activities,
      kept: activities,
      whole: activities,
      references: activities,
    })
  })
})
