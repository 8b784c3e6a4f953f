// What the bridge remembers of one Frigate, through restarts: reviews that are open or closed lately, the pictures still
// to be fetched, and up to when everything was read. Not for: what any of it means (translate.ts).
import type { BridgeState, ForgetRequest } from '../bridge.ts'
import type { Detail, Known } from './known.ts'
import { entityOf } from './tell.ts'
import { millis } from './wire.ts'

const HOUR_MS = 3_600_000
/** Descriptions come minutes after the end. Kept longer than what a catch-up reads again. */
const CLOSED_MS = 24 * HOUR_MS
/** Ends that we inferred stand as long as Frigate may tell another one. */
const INFERRED_MS = 30 * 24 * HOUR_MS
/** Which pictures were copied is kept for longer than Frigate usually keeps what an import could bring in again. */
const PICTURED_MS = 400 * 24 * HOUR_MS
const MOST_CLOSED = 2000
const MOST_DETAILS = 5000
const DAY_LENGTH = 'yyyy-mm-dd'.length

/** Pictures to be fetched. */
export interface Errand {
  /** When the review had ended, epoch ms. */
  since: number
  /** References to Frigate were told, as it had been away for long. */
  referred?: boolean
}

export type Memory = ReturnType<typeof createMemory>

export function createMemory(state: BridgeState, instance: string) {
  const at = (what: 'review' | 'errand' | 'pictured', id = '') => `${what}/${instance}/${id}`
  const SEEN = `seen/${instance}`
  const reviews = new Map<string, Known>()
  /** Which reviews a tracked object is part of. */
  const parts = new Map<string, Set<string>>()
  const details = new Map<string, Detail>()
  const errands = new Map<string, Errand>()
  const dirty = new Set<string>()
  let seen = state.get<number>(SEEN)
  let keptSeen = seen
  const AVAILABLE = `available/${instance}`
  let available = state.get<string>(AVAILABLE)

  for (const key of state.keys(at('review'))) {
    const known = state.get<Known>(key)
    if (known) put(known)
  }
  for (const key of state.keys(at('errand'))) {
    const errand = state.get<Errand>(key)
    if (errand) errands.set(key.slice(at('errand').length), errand)
  }

  function put(known: Known): void {
    const { id, data } = known.review
    reviews.set(id, known)
    for (const object of data.detections) parts.set(object, (parts.get(object) ?? new Set()).add(id))
  }

  function drop(id: string): void {
    for (const object of reviews.get(id)?.review.data.detections ?? []) {
      const holding = parts.get(object)
      holding?.delete(id)
      if (holding?.size === 0) parts.delete(object)
    }
    reviews.delete(id)
    dirty.delete(id)
    state.delete(at('review', id))
  }

  function forgetPictured(since: number, until: number): void {
    for (const key of state.keys(at('pictured'))) {
      const day = Date.parse(key.slice(-DAY_LENGTH))
      if (day + 24 * HOUR_MS > since && day < until) state.delete(key)
    }
  }

  function endErrand(id: string): void {
    errands.delete(id)
    state.delete(at('errand', id))
  }

  return {
    known: (id: string) => reviews.get(id),
    holding: (objectId: string) => [...(parts.get(objectId) ?? [])].flatMap((id) => reviews.get(id) ?? []),
    detail: (objectId: string) => details.get(objectId),
    open: () => [...reviews.values()].filter(({ end }) => end === undefined),
    size: () => reviews.size,
    /** How Frigate was heard to be last; undefined before the first time. */
    available: () => available,
    setAvailable(now: string) {
      if (now !== available) state.set(AVAILABLE, now)
      available = now
    },
    /** Everything up to here was heard or read, epoch ms; undefined before the first time. */
    seen: () => seen,
    advance(to: number) {
      seen = Math.max(seen ?? 0, to)
    },
    set(known: Known) {
      put(known)
      dirty.add(known.review.id)
    },
    setDetail(detail: Detail) {
      details.delete(detail.id)
      details.set(detail.id, detail)
      for (const id of details.keys()) {
        if (details.size <= MOST_DETAILS) break
        details.delete(id)
      }
    },
    errands: (): ReadonlyMap<string, Errand> => errands,
    setErrand(id: string, errand: Errand) {
      errands.set(id, errand)
      state.set(at('errand', id), errand)
    },
    endErrand,
    /** Whether its pictures were copied: an import that is run again does not fetch them again. */
    isPictured: (known: Known) => state.get<string[]>(at('pictured', dayOf(known)))?.includes(known.review.id) ?? false,
    setPictured(known: Known) {
      const key = at('pictured', dayOf(known))
      const before = state.get<string[]>(key) ?? []
      if (!before.includes(known.review.id)) state.set(key, [...before, known.review.id])
    },
    /** Writes what changed; what a crash loses of it is read back from Frigate. */
    flush() {
      for (const id of dirty) {
        const known = reviews.get(id)
        if (known) state.set(at('review', id), known)
      }
      dirty.clear()
      if (seen !== undefined && seen !== keptSeen) state.set(SEEN, seen)
      keptSeen = seen
    },
    /** Lets go of what nothing is to be expected of any more. */
    prune(now: number) {
      const closed = [...reviews.values()].filter(({ end, review }) => end !== undefined && !errands.has(review.id))
      const old = closed.filter(({ heardAt, inferred }) => now - heardAt > (inferred ? INFERRED_MS : CLOSED_MS))
      const most = closed.filter(({ inferred }) => !inferred).sort((a, b) => b.heardAt - a.heardAt)
      for (const { review } of [...old, ...most.slice(MOST_CLOSED)]) drop(review.id)
      forgetPictured(0, now - PICTURED_MS)
    },
    /** How many reviews were forgotten. */
    forget({ since = 0, until = Infinity, source, entity }: ForgetRequest): number {
      if (source !== undefined && source !== 'frigate') return 0
      const covers = (time: number, camera = '') =>
        millis(time) >= since && millis(time) < until && (entity === undefined || entity === entityOf(camera))
      const gone = [...reviews.values()].filter(({ review }) => covers(review.start_time, review.camera))
      for (const { review } of gone) {
        drop(review.id)
        endErrand(review.id)
      }
      // Whole days: whose pictures they were is not kept, and an import only fetches them again.
      forgetPictured(since, until)
      for (const [id, detail] of details) if (covers(detail.at ?? 0, detail.camera)) details.delete(id)
      return gone.length
    },
  }
}

function dayOf({ review }: Known): string {
  return new Date(millis(review.start_time)).toISOString().slice(0, DAY_LENGTH)
}
