// What a write of events means: heartbeats that merge, inserts that replace, imports that double nothing. Not for: when
// it is synced (ledger.ts), or what is too large to be kept (limits.ts).
import type { Bucket, Buckets, Draft, NewBucket, StoredEvent } from './buckets.ts'
import { merged, sameData } from './heartbeat.ts'
import { type EventRow, eventOf, type Known, lastOf } from './known.ts'
import type { Ledger } from './ledger.ts'
import { checkTimes, textOf } from './limits.ts'

export type Writes = Pick<Buckets, 'heartbeat' | 'insert' | 'import' | 'deleteEvent' | 'forget'>

/** `ensure` makes the bucket inside a group if it is not there; it throws what no bucket may be before. */
export function writesOf(ledger: Ledger, ensure: (bucket: NewBucket) => () => Known): Writes {
  const { statements } = ledger

  function insertOne(to: Known, draft: Draft, text: string): StoredEvent {
    const about = { via: 'insert', bucket: to.bucket, pulsetime: null } as const
    if (draft.id !== undefined && statements.event.get(to.key, draft.id) !== undefined) {
      const event = { ...draft, id: draft.id }
      ledger.replace(to, event, text)
      if (to.last?.event.id === event.id) to.last = undefined
      ledger.tell({ ...about, kind: 'replaced', event })
      return event
    }
    const event = ledger.add(to, draft, text, null)
    // A heartbeat that was the last one stays it (aw-server: heartbeat); in an empty bucket there was none.
    if (to.last === null) to.last = undefined
    ledger.tell({ ...about, kind: 'inserted', event })
    return event
  }

  /**
   * The stored one that an imported event is, as it was or shorter or longer. One that the same export brought before, which
   * is what changed after `asOf`, is another: exports hold events that differ in their duration only.
   */
  function knownAs({ key }: Known, { start, duration, data }: Draft, asOf: number): StoredEvent | undefined {
    const rows = (statements.alike.all(key, start) as unknown as EventRow[]).filter((row) =>
      sameData(JSON.parse(row.data), data),
    )
    const equal = rows.find((row) => row.duration === duration)
    const longest = rows.find(({ pulsetime, change }) => pulsetime !== null || change <= asOf)
    const found = equal ?? (longest && rows.some((row) => row.duration > duration) ? rows[0] : longest)
    return found && eventOf(found)
  }

  return {
    async heartbeat(id, draft, pulsetime) {
      checkTimes(draft)
      const text = textOf(draft.data)
      return ledger.run(() => {
        const to = ledger.knownOf(id)
        const { bucket } = to
        const last = lastOf(to, statements)
        const grown = last && merged(last.event, draft, pulsetime)
        if (grown) {
          ledger.extend(to, grown, pulsetime)
          ledger.tell({ kind: 'extended', via: 'heartbeat', bucket, event: grown, pulsetime })
          return grown
        }
        ledger.writeLonger()
        const event = ledger.add(to, draft, text, pulsetime)
        to.last = { event, pulsetime }
        ledger.tell({ kind: 'inserted', via: 'heartbeat', bucket, event, pulsetime })
        return event
      })
    },

    async insert(id, drafts) {
      drafts.forEach(checkTimes)
      const texts = drafts.map(({ data }) => textOf(data))
      return ledger.run(() => {
        const to = ledger.knownOf(id)
        ledger.writeLonger()
        return drafts.map((draft, at) => insertOne(to, draft, texts[at] as string))
      })
    },

    async import(given, drafts, asOf = ledger.cursor()) {
      const bucket = ensure(given)
      drafts.forEach(checkTimes)
      const texts = drafts.map(({ data }) => textOf(data))
      return ledger.run(() => {
        const to = bucket()
        ledger.writeLonger()
        let inserted = 0
        for (const [at, draft] of drafts.entries()) {
          const known = knownAs(to, draft, asOf)
          if (known && draft.duration <= known.duration) continue
          if (known) {
            const event = { ...known, duration: draft.duration }
            ledger.replace(to, event, texts[at] as string)
            if (to.last?.event.id === event.id) to.last = undefined
            ledger.tell({ kind: 'replaced', via: 'import', bucket: to.bucket, event, pulsetime: null })
            continue
          }
          const event = ledger.add(to, draft, texts[at] as string, null)
          ledger.tell({ kind: 'inserted', via: 'import', bucket: to.bucket, event, pulsetime: null })
          inserted += 1
        }
        if (inserted > 0 && to.last === null) to.last = undefined
        return { inserted, known: drafts.length - inserted }
      })
    },

    deleteEvent: (id, event) =>
      ledger.run(() => {
        const from = ledger.knownOf(id)
        ledger.writeLonger()
        const row = statements.event.get(from.key, event) as unknown as EventRow | undefined
        if (!row) return false
        ledger.remove(event)
        if (from.last?.event.id === event) from.last = undefined
        const { pulsetime } = row
        ledger.tell({ kind: 'deleted', via: 'insert', bucket: from.bucket, event: eventOf(row), pulsetime })
        return true
      }),

    forget: ({ since = Number.MIN_SAFE_INTEGER, until = Number.MAX_SAFE_INTEGER, bucket }) =>
      ledger.run(() => {
        ledger.writeLonger()
        let forgotten = 0
        for (const from of bucket === undefined ? ledger.known().values() : [ledger.knownOf(bucket)]) {
          const earliest = Math.max(Number.MIN_SAFE_INTEGER, since - from.longest)
          forgotten += Number(statements.forget.run(from.key, earliest, until, since).changes)
          from.last = undefined
        }
        ledger.scrub()
        return forgotten
      }),
  }
}

/** A bucket as it is kept. */
export function bucketOf(given: NewBucket, now: number): Bucket {
  const { id, type, client, hostname, name = null, data = {}, created = now } = given
  return { id, type, client, hostname, name, data, created }
}
