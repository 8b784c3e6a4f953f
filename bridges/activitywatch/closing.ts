// What is open in each bucket, and when it is closed and told: a fold over what a store says of its events, with the time
// handed in. Not for: storing (store/), what a telling looks like (translate.ts), or remembering all this (memory.ts).
//
//   inserted, extended ─▶ open ──▶ told `start` once it is a minute long
//   next one begins, pulsetime over, stop, pause, bucket deleted ─▶ closed: told with its duration
//   extended after that ─▶ open again ─▶ told `enriched` with what it came to
//
// Why `enriched`: rows never change, and in the fold of phases only it ranks above what has ended (schemas/fold.ts). There
// is no `update`: what an event may still become is its duration, which the clock says as well.
import type { Bucket, Kept, StoredEvent } from './store/buckets.ts'
import type { Telling } from './translate.ts'

/** The event that goes on in a bucket, or the last one that did. */
interface Entry {
  bucket: Bucket
  event: StoredEvent
  pulsetime: number
  /** Epoch ms: it is closed then, if nothing comes. Infinity: it is closed. */
  due: number
  /** `start` was told. */
  began: boolean
  /** The duration that was told when it closed, µs; null: it has not; -1: it has, and is not known any more. */
  told: number | null
}

/** What of it outlasts a restart. */
export interface Remembered {
  bucket: string
  event: number
  /** µs. */
  pulsetime: number
  open: boolean
  began: boolean
  told: number | null
}

/** Where an event is found again, by bucket and row. */
export type Find = (bucket: string, event: number) => Pick<Kept, 'bucket' | 'event'> | undefined

/** Clients hold heartbeats back for up to 10 s, and some need a moment to come back after our restart. */
const GRACE_MS = 15_000
const BEGINS_US = 60e6
/** Where a heartbeat's own is not known, µs: the longest that a stock watcher has (aw-watcher-web). */
const USUAL_PULSETIME = 80e6

export type Closing = ReturnType<typeof createClosing>

export function createClosing() {
  const entries = new Map<string, Entry>()

  const dueAt = (pulsetime: number, from: number) => from + pulsetime / 1000 + GRACE_MS
  const isOpen = ({ due }: Entry) => due !== Number.POSITIVE_INFINITY

  function begin(entry: Entry): Telling[] {
    if (entry.began || entry.told !== null || entry.event.duration < BEGINS_US) return []
    entry.began = true
    return [tellingOf(entry, 'start')]
  }

  function close(entry: Entry): Telling[] {
    if (!isOpen(entry)) return []
    entry.due = Number.POSITIVE_INFINITY
    const { told, began, event } = entry
    if (told !== null && event.duration <= told) return []
    entry.told = event.duration
    return [tellingOf(entry, told !== null ? 'enriched' : began ? 'end' : undefined)]
  }

  return {
    /** How many events are open. */
    open: () => [...entries.values()].filter(isOpen).length,

    /** True for an event that is open and began then, µs. */
    isOpenAt(bucket: string, start: number): boolean {
      const entry = entries.get(bucket)
      return entry !== undefined && isOpen(entry) && Math.floor(entry.event.start / 1000) === Math.floor(start / 1000)
    },

    /** True for the event that goes on in a bucket, or was the last one to. */
    holds: (bucket: string, event: number) => entries.get(bucket)?.event.id === event,

    /** A stored change. `isNew`: the event was never taken before; `now`: epoch ms. */
    take(kept: Kept, { isNew, now }: { isNew: boolean; now: number }): Telling[] {
      const { bucket, event } = kept
      const before = entries.get(bucket.id)
      const isSame = before?.event.id === event.id
      if (kept.pulsetime === null) {
        if (isSame) entries.delete(bucket.id)
        const whole = { bucket, event, duration: event.duration }
        return isNew ? [whole] : [whole, { ...whole, phase: 'enriched' }]
      }
      const pulsetime = kept.pulsetime < 0 ? USUAL_PULSETIME : kept.pulsetime
      const due = dueAt(pulsetime, now)
      if (before && isSame) {
        const grows = event.duration > (isOpen(before) ? before.event.duration : (before.told ?? -1))
        Object.assign(before, { bucket, event, pulsetime, due: grows ? due : before.due })
        return begin(before)
      }
      const closed = before ? close(before) : []
      const entry = { bucket, event, pulsetime, due, began: false, told: isNew ? null : -1 }
      entries.set(bucket.id, entry)
      return [...closed, ...begin(entry)]
    },

    /** What the clock closes. */
    passTime: (now: number): Telling[] =>
      [...entries.values()].flatMap((entry) => (entry.due <= now ? close(entry) : [])),

    closeAll: (): Telling[] => [...entries.values()].flatMap(close),

    /** A bucket is gone. */
    dropBucket(id: string): Telling[] {
      const entry = entries.get(id)
      entries.delete(id)
      return entry ? close(entry) : []
    },

    /** An event is gone: it is told only if its start was. */
    dropEvent(bucket: string, event: number): Telling[] {
      const entry = entries.get(bucket)
      if (entry?.event.id !== event) return []
      entries.delete(bucket)
      return entry.began ? close(entry) : []
    },

    /** What leaves no trace. */
    forget(isMeant: (bucket: Bucket, event: StoredEvent) => boolean): void {
      for (const [id, { bucket, event }] of entries) if (isMeant(bucket, event)) entries.delete(id)
    },

    remember: (): Remembered[] =>
      [...entries.values()].map((entry) => {
        const { bucket, event, pulsetime, began, told } = entry
        return { bucket: bucket.id, event: event.id, pulsetime, open: isOpen(entry), began, told }
      }),

    /** After a restart: what `find` does not know is gone. */
    recall(remembered: readonly Remembered[], find: Find, now: number): void {
      for (const { bucket: id, event: row, pulsetime, open, began, told } of remembered) {
        const found = find(id, row)
        if (!found) continue
        const end = Math.min(now, (found.event.start + found.event.duration) / 1000)
        const due = open ? Math.max(dueAt(pulsetime, end), now + GRACE_MS) : Number.POSITIVE_INFINITY
        entries.set(id, { ...found, pulsetime, due, began, told })
      }
    },
  }
}

function tellingOf({ bucket, event }: Entry, phase: Telling['phase']): Telling {
  return { bucket, event, duration: event.duration, ...(phase && { phase }) }
}
