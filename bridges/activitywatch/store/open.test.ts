// The bucket store: what it keeps, in which order it gives it back, and what it tells. Real files.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Buckets, Change, Draft } from './buckets.ts'
import { openBuckets } from './open.ts'

const S = 1e6
const DAY_MS = 86_400_000
const bucket = { id: 'b', type: 'currentwindow', client: 'test', hostname: 'desk' }
const draft = (start: number, duration = 0, data: Draft['data'] = { i: start }): Draft => ({
  start: start * S,
  duration: duration * S,
  data,
})
const seen = (events: readonly Draft[]) => events.map(({ data }) => data.i)

let folder: string
let now: number
let store: Buckets
let changes: Change[]
let dropped: string[]

function reopen(keepDays = 0): Buckets {
  const clock = { now: () => now, sleep: async () => {} }
  store = openBuckets(join(folder, 'buckets.db'), { clock, log: pino({ level: 'silent' }), keepDays })
  changes = []
  dropped = []
  store.observe({
    changed: (change) => changes.push(change),
    dropped: ({ id }) => dropped.push(id),
  })
  return store
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'buckets-'))
  now = Date.UTC(2026, 0, 10)
  await reopen().create(bucket)
})

afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true })
})

describe('buckets', () => {
  test('one that is there is not made again, and stays as it was', async () => {
    expect(await store.create({ ...bucket, type: 'other' })).toBe(false)
    expect(store.get('b')).toEqual({ ...bucket, name: null, data: {}, created: now * 1000 })
    expect(store.list().map(({ id }) => id)).toEqual(['b'])
  })
  test('are changed field by field, and are the same after a restart', async () => {
    await store.update('b', { type: 'other', data: { k: ['v'] } })
    const after = { ...bucket, type: 'other', name: null, data: { k: ['v'] }, created: now * 1000 }
    expect(store.get('b')).toEqual(after)
    await store.close()
    expect(reopen().get('b')).toEqual(after)
  })
  test('go with their events, and one made anew under the name begins empty', async () => {
    await store.heartbeat('b', draft(1), 10 * S)
    await store.delete('b')
    expect(store.get('b')).toBeUndefined()
    expect(() => store.events('b')).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(dropped).toEqual(['b'])
    await store.create(bucket)
    expect(store.count('b')).toBe(0)
    expect(await store.heartbeat('b', draft(2, 0, { i: 1 }), 10 * S)).toMatchObject({ start: 2 * S, duration: 0 })
  })
  test('that do not exist are named', async () => {
    const missing = expect.objectContaining({ code: 'not_found', detail: 'There is no bucket "x".' })
    await expect(store.heartbeat('x', draft(1), 0)).rejects.toThrow(missing)
    await expect(store.insert('x', [draft(1)])).rejects.toThrow(missing)
    await expect(store.delete('x')).rejects.toThrow(missing)
    await expect(store.update('x', {})).rejects.toThrow(missing)
    expect(() => store.pages('x')).toThrow(missing)
  })
  test.each(['', 'a/b', 'a\nb', 'x'.repeat(257)])('%j is no name', async (id) => {
    await expect(store.create({ ...bucket, id })).rejects.toThrow(expect.objectContaining({ code: 'invalid' }))
  })
})

describe('events', () => {
  test('come newest first, those of one moment as they were inserted', async () => {
    await store.insert('b', [draft(5, 0, { i: 'a' }), draft(5, 0, { i: 'b' }), draft(5, 0, { i: 'c' })])
    await store.insert('b', [draft(9), draft(1)])
    expect(seen(store.events('b'))).toEqual([9, 'a', 'b', 'c', 1])
    expect(seen(store.events('b', { limit: 2 }))).toEqual([9, 'a'])
    expect(store.events('b', { limit: 0 })).toEqual([])
  })
  test('of a range are those that touch it, however long ago they began', async () => {
    await store.insert('b', [draft(0, 90_000), draft(100_000, 10), draft(100_020, 10), draft(100_040)])
    const within = (since?: number, until?: number) => {
      const range = { since: since && since * S, until: until && until * S }
      expect(store.count('b', range)).toBe(store.events('b', range).length)
      return seen(store.events('b', range))
    }
    expect(within(90_000)).toEqual([100_040, 100_020, 100_000, 0])
    expect(within(90_001, 100_020)).toEqual([100_020, 100_000])
    expect(within(100_010, 100_019)).toEqual([100_000])
    expect(within(100_011, 100_019)).toEqual([])
    expect(within(100_030)).toEqual([100_040, 100_020])
    expect(within(100_020, 100_000)).toEqual([])
  })
  test('come whole over many pages, with many of one moment', async () => {
    const many = Array.from({ length: 2_500 }, (_, i) => draft(Math.floor(i / 1_700), 1, { i }))
    await store.insert('b', many)
    const pages = [...store.pages('b')]
    expect(pages.map(({ length }) => length)).toEqual([1000, 1000, 500])
    const order = many.toSorted((a, b) => b.start - a.start || (a.data.i as number) - (b.data.i as number))
    expect(seen(pages.flat())).toEqual(seen(order))
    expect([...store.pages('b', { limit: 1_200 })].flat()).toHaveLength(1_200)
  })
  test('with an id take the place of that one, in their own bucket only', async () => {
    await store.create({ ...bucket, id: 'other' })
    const [mine] = await store.insert('b', [draft(1, 1)])
    const [theirs] = await store.insert('other', [draft(1, 1)])
    const [replaced] = await store.insert('b', [{ ...draft(2, 2, { i: 'new' }), id: mine?.id as number }])
    expect(replaced?.id).toBe(mine?.id)
    expect(store.events('b')).toEqual([{ id: mine?.id, ...draft(2, 2, { i: 'new' }) }])
    const [added] = await store.insert('b', [{ ...draft(3), id: theirs?.id as number }])
    expect(added?.id).toBeGreaterThan(theirs?.id as number)
    expect(store.event('other', theirs?.id as number)).toEqual(theirs)
    expect(store.event('b', theirs?.id as number)).toBeUndefined()
  })
  test('are deleted once, and their ids never given again', async () => {
    const [, last] = await store.insert('b', [draft(1), draft(2)])
    expect(await store.deleteEvent('b', last?.id as number)).toBe(true)
    expect(await store.deleteEvent('b', last?.id as number)).toBe(false)
    await store.close()
    reopen()
    const [next] = await store.insert('b', [draft(3)])
    expect(next?.id).toBeGreaterThan(last?.id as number)
  })
  test('are stored all or none', async () => {
    const bad = { ...draft(2), start: Number.NaN }
    await expect(store.insert('b', [draft(1), bad])).rejects.toThrow(expect.objectContaining({ code: 'invalid' }))
    expect(store.count('b')).toBe(0)
  })
  test('too large or too deep are refused, and spoil nothing beside them', async () => {
    let deep = {}
    for (let level = 0; level < 100_000; level++) deep = { deep }
    const answers = await Promise.allSettled([
      store.heartbeat('b', draft(1, 0, { i: 'fine' }), 1),
      store.heartbeat('b', draft(1, 0, { text: 'x'.repeat(2 ** 20) }), 1),
      store.heartbeat('b', draft(1, 0, deep), 1),
      store.heartbeat('b', draft(1, 1e13), 1),
    ])
    expect(answers.map((answer) => (answer.status === 'rejected' ? answer.reason.code : 'kept'))).toEqual([
      'kept',
      'too_large',
      'invalid',
      'invalid',
    ])
    expect(seen(store.events('b'))).toEqual(['fine'])
  })
  test('keep whatever JSON their data is', async () => {
    const data = { 'é ✓': [1.5, null, true, { '': {} }], nul: '\u0000', ['__proto__']: { x: 1 }, '10': 1, '9': 2 }
    const parsed = JSON.parse(JSON.stringify(data))
    await store.insert('b', [{ start: 1, duration: 0, data: parsed }])
    await store.close()
    expect(JSON.stringify(reopen().events('b')[0]?.data)).toBe(JSON.stringify(parsed))
  })
})

describe('heartbeats', () => {
  const A = { app: 'A' }
  const beat = (start: number, data: Draft['data'] = A, pulsetime = 10) =>
    store.heartbeat('b', draft(start, 0, data), pulsetime * S)

  test('grow one row, and are answered with it as it is then', async () => {
    const answers = await Promise.all([beat(0), beat(5), beat(15), beat(26)])
    expect(answers.map(({ id, duration }) => [id, duration / S])).toEqual([
      [1, 0],
      [1, 5],
      [1, 15],
      [2, 0],
    ])
    expect(store.events('b')).toEqual([
      { id: 2, ...draft(26, 0, A) },
      { id: 1, ...draft(0, 15, A) },
    ])
  })
  test('that come too late are stored, and are what the next one goes on with', async () => {
    await beat(20)
    await beat(10)
    expect(await beat(12)).toMatchObject({ id: 2, start: 10 * S, duration: 2 * S })
    expect(store.count('b')).toBe(2)
  })
  test('go on with the newest event after a restart', async () => {
    await beat(20)
    await store.close()
    reopen()
    expect(await beat(25)).toMatchObject({ id: 1, start: 20 * S, duration: 5 * S })
  })
  test('go on with an event that was inserted into an empty bucket, not with one inserted later', async () => {
    await store.insert('b', [draft(0, 1, A)])
    expect(await beat(5)).toMatchObject({ id: 1, duration: 5 * S })
    await store.insert('b', [draft(6, 0, A)])
    expect(await beat(8)).toMatchObject({ id: 1, duration: 8 * S })
  })
  test('do not go on with an event that is gone or changed since', async () => {
    await beat(0)
    await store.deleteEvent('b', 1)
    expect(await beat(1)).toMatchObject({ id: 2, start: 1 * S, duration: 0 })
    await store.insert('b', [{ id: 2, start: 50 * S, duration: 0, data: A }])
    expect(await beat(52)).toMatchObject({ id: 2, start: 50 * S, duration: 2 * S })
  })
  test('of several buckets in one turn keep apart', async () => {
    await store.create({ ...bucket, id: 'c' })
    const all = [0, 1, 2, 3].flatMap((at) => ['b', 'c'].map((id) => store.heartbeat(id, draft(at, 0, A), 5 * S)))
    await Promise.all(all)
    expect(store.events('b')).toEqual([{ id: 1, ...draft(0, 3, A) }])
    expect(store.events('c')).toEqual([{ id: 2, ...draft(0, 3, A) }])
    expect(store.lastUpdated('c')).toBe(3 * S)
  })
})

describe('what is stored is told', () => {
  test('once a change, in order, with what a reader needs to know when it closes', async () => {
    await Promise.all([
      store.heartbeat('b', draft(0, 0, { i: 1 }), 5 * S),
      store.heartbeat('b', draft(3, 0, { i: 1 }), 6 * S),
      store.insert('b', [draft(9, 1, { i: 2 })]),
    ])
    await store.deleteEvent('b', 2)
    const said = changes.map(({ kind, via, event, pulsetime, change }) => [
      kind,
      via,
      event.id,
      event.duration,
      pulsetime,
      change,
    ])
    expect(said).toEqual([
      ['inserted', 'heartbeat', 1, 0, 5 * S, 1],
      ['extended', 'heartbeat', 1, 3 * S, 6 * S, 2],
      ['inserted', 'insert', 2, 1 * S, null, 3],
      ['deleted', 'insert', 2, 1 * S, null, 4],
    ])
    expect(changes[0]?.bucket).toEqual(store.get('b'))
  })
  test('and found again after a restart, by its last change', async () => {
    await store.heartbeat('b', draft(0, 0, { i: 1 }), 5 * S)
    await store.insert('b', [draft(9, 1, { i: 2 })])
    const cursor = store.cursor()
    await store.heartbeat('b', draft(3, 0, { i: 1 }), 6 * S)
    await store.close()
    reopen()
    expect(store.changedSince(cursor)).toEqual([
      { bucket: store.get('b'), event: { id: 1, ...draft(0, 3, { i: 1 }) }, pulsetime: 6 * S, change: 3 },
    ])
    expect(store.changedSince(0).map(({ event }) => event.id)).toEqual([2, 1])
    expect(store.changedSince(0, 1)).toHaveLength(1)
    expect(store.cursor()).toBe(3)
  })
  test('with a cursor that never goes back, also when the last change is gone', async () => {
    await store.insert('b', [draft(1)])
    await store.delete('b')
    const cursor = store.cursor()
    await store.close()
    expect(reopen().cursor()).toBe(cursor)
  })
  test('and a reader that throws holds up nothing', async () => {
    store.observe({
      changed() {
        throw new Error('no')
      },
    })
    await store.insert('b', [draft(1)])
    expect(store.count('b')).toBe(1)
  })
})

describe('imports', () => {
  test('double nothing, whatever the order of keys', async () => {
    const events = [draft(1, 1, { a: 1, b: 2 }), draft(1, 1, { a: 1 }), draft(2, 1)]
    expect(await store.import({ ...bucket, id: 'new', created: 5 }, events)).toEqual({ inserted: 3, known: 0 })
    const again = [draft(1, 1, { b: 2, a: 1 }), draft(1, 1, { b: 2 })]
    expect(await store.import({ ...bucket, id: 'new', type: 'ignored' }, again)).toEqual({ inserted: 1, known: 1 })
    expect(store.get('new')).toMatchObject({ type: 'currentwindow', created: 5 })
    expect(changes.every(({ via, pulsetime }) => via === 'import' && pulsetime === null)).toBe(true)
  })
})

describe('imports of what is there', () => {
  test('keep events of one export that differ in their duration only, also when it comes in parts and again', async () => {
    const alike = [draft(1, 0, { a: 1 }), draft(1, 5, { a: 1 }), draft(1, 3, { a: 1 })]
    for (let again = 0; again < 2; again++) {
      const asOf = store.cursor()
      for (const one of alike) await store.import(bucket, [one], asOf)
      expect(store.events('b').map(({ duration }) => duration / S)).toEqual([0, 5, 3])
    }
    await store.import(bucket, [...alike, draft(1, 9, { a: 1 })])
    expect(store.events('b').map(({ duration }) => duration / S)).toEqual([0, 9, 3])
  })
  test('make it longer, never shorter, and the next heartbeat goes on with it', async () => {
    await store.heartbeat('b', draft(1, 0, { a: 1 }), 5 * S)
    await store.heartbeat('b', draft(3, 0, { a: 1 }), 5 * S)
    expect(await store.import(bucket, [draft(1, 1, { a: 1 }), draft(1, 9, { a: 1 })])).toEqual({
      inserted: 0,
      known: 2,
    })
    expect(changes.at(-1)).toMatchObject({ kind: 'replaced', via: 'import', event: { id: 1, duration: 9 * S } })
    await store.heartbeat('b', draft(12, 0, { a: 1 }), 5 * S)
    expect(store.events('b').map(({ duration }) => duration / S)).toEqual([11])
  })
})

describe('forgetting', () => {
  test('takes what touches the range, of one bucket or of all', async () => {
    await store.create({ ...bucket, id: 'c' })
    for (const id of ['b', 'c']) await store.insert(id, [draft(0, 10), draft(20), draft(30), draft(40)])
    expect(await store.forget({ since: 5 * S, until: 30 * S, bucket: 'c' })).toBe(2)
    expect(seen(store.events('c'))).toEqual([40, 30])
    expect(await store.forget({ since: 30 * S })).toBe(4)
    expect(seen(store.events('b'))).toEqual([20, 0])
    expect(await store.forget({})).toBe(2)
  })
  test('by age takes old events with each write, a few at a time, and no young ones', async () => {
    await store.close()
    reopen(30)
    const old = Array.from({ length: 1_200 }, (_, i) => draft(i, 0, { i }))
    const start = now * 1000 - 20 * 86_400 * S
    await store.insert('b', [...old, { start, duration: 0, data: { i: 'young' } }])
    for (let writes = 0; writes < 3; writes++) await store.setSetting('k', writes)
    expect(seen(store.events('b'))).toEqual(['young'])
    now += 9 * DAY_MS
    await store.setSetting('k', 0)
    expect(store.count('b')).toBe(1)
    now += 2 * DAY_MS
    await store.setSetting('k', 0)
    expect(store.count('b')).toBe(0)
  })
})

describe('settings', () => {
  test('are JSON, null when unset, and stay', async () => {
    expect(store.setting('k')).toBeNull()
    await store.setSetting('k', { a: [1] })
    await store.setSetting('l', 1)
    await store.setSetting('l', null)
    await store.close()
    expect(reopen().settings()).toEqual({ k: { a: [1] } })
  })
  test('take no key that aw-server-rust does not', async () => {
    for (const key of ['', 'x'.repeat(128)]) {
      await expect(store.setSetting(key, 1)).rejects.toThrow(expect.objectContaining({ code: 'invalid' }))
    }
  })
})

test('what was asked for before closing is kept, what comes after is refused', async () => {
  const before = store.heartbeat('b', draft(1), 1)
  await store.close()
  expect(await before).toMatchObject({ id: 1 })
  await expect(store.heartbeat('b', draft(2), 1)).rejects.toThrow(expect.objectContaining({ code: 'shutting_down' }))
  await store.close()
  expect(reopen().count('b')).toBe(1)
})
