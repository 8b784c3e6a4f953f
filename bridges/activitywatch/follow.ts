// Follows an ActivityWatch server that is not ours: asks for what is new every few seconds, and tells what closes there
// with the ids that it would have had here. Its events stay where they are. Not for: its past (import.ts).
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost } from '../bridge.ts'
import type { Gate } from './admit.ts'
import type { AwServer } from './aw-server.ts'
import { createClosing, type Find } from './closing.ts'
import { createMemory } from './memory.ts'
import type { Bucket, Kept, NewBucket, StoredEvent } from './store/buckets.ts'
import { createTeller } from './teller.ts'
import type { WireEvent } from './wire.ts'

export const POLL_MS = 5_000
/** A server does not tell the pulsetime of an event: longer than the longest of a stock watcher (aw-watcher-afk, 185 s). */
const PULSETIME_US = 200e6
/** So far back is what goes on when we begin to follow. */
const FRESH_US = 300e6
const OVERLAP_US = 1e6
/** A stretch of an absence that is asked for at once; doubled as long as one event fills it. */
const WINDOW_US = 6 * 3600 * 1e6
/** How often it is asked what was inserted late, and how far back that may lie. */
const LATE_EACH_MS = 600_000
const LATE_US = 24 * 3600 * 1e6

interface Position {
  /** When this server was followed first, µs: what was before is for an import. */
  since: number
  /** Of each bucket the start of the last event that was taken, µs, and the rows that begin then. */
  buckets: Record<string, { start: number; rows: number[] }>
  /** Of each bucket the highest row that was there when it was asked last what had been inserted late. */
  late?: Record<string, number>
}

export type Follow = ReturnType<typeof createFollow>

export interface FollowOptions {
  host: BridgeHost<unknown>
  server: AwServer
  gate: Gate
  /** Told of each bucket that is there, with every look, before any events are read. */
  found?: (bucket: NewBucket) => Promise<void>
  /** Ends it. */
  signal: AbortSignal
  pollMs?: number
}

/** `server` is remembered by its address: one that is followed again later goes on where it was. */
export function createFollow({ host, server, gate, found, signal, pollMs = POLL_MS }: FollowOptions) {
  const { clock, log, state } = host
  const memory = createMemory<Position>(state, `follow/${server.base}`)
  const closing = createClosing()
  const at: Position = structuredClone(memory.position() ?? { since: clock.now() * 1000, buckets: {} })
  /** What was open before a restart, until its bucket is read again. */
  let unread = memory.entries()
  const entries = () => [...closing.remember(), ...unread]
  const teller = createTeller({ host, entries, memory, position: () => at })
  teller.pause(gate.paused())
  const updated = new Map<string, string>()
  /** Rows that were met since it was asked last what had been inserted late. */
  const met = new Map<string, Set<number>>()
  let lateAt = 0
  let failure: DaybookError | undefined

  /** Everything of a bucket from its last event on, in stretches, oldest first. */
  async function* news(id: string): AsyncGenerator<WireEvent[]> {
    const now = clock.now() * 1000
    let from = (at.buckets[id]?.start ?? (await beginningOf(id, now))) - OVERLAP_US
    for (let width = WINDOW_US; !signal.aborted; ) {
      const end = from + width
      const isLast = end >= now
      const events = await server.events(id, isLast ? { start: from } : { start: from, end }, signal)
      // Those that began before are cut off at the start, those that go on at the end: neither is what it was.
      const whole = events.filter((one) => one.start > from && (isLast || one.start + one.duration < end))
      yield whole
      if (isLast) return
      const cut = events.find((one) => one.start > from && one.start + one.duration >= end)
      const next = cut ? cut.start - OVERLAP_US : end - OVERLAP_US
      if (next <= from) width *= 2
      else [from, width] = [next, WINDOW_US]
    }
  }

  /** Where a bucket begins that was never read: with what goes on now, whole. */
  async function beginningOf(id: string, now: number): Promise<number> {
    const [last] = await server.events(id, { limit: 1 }, signal)
    return last && last.start + last.duration > now - FRESH_US ? Math.min(last.start, at.since) : at.since
  }

  /** The first that is read of a bucket after a restart. */
  function recall(bucket: Bucket, events: readonly StoredEvent[]): void {
    const find: Find = (id, row) => {
      const event = id === bucket.id ? events.find((one) => one.id === row) : undefined
      return event && { bucket, event }
    }
    const found = unread.filter((entry) => find(entry.bucket, entry.event) !== undefined)
    closing.recall(found, find, clock.now())
    teller.recall(find)
    unread = unread.filter((entry) => !found.includes(entry))
  }

  function take(bucket: Bucket, event: StoredEvent): void {
    met.set(bucket.id, (met.get(bucket.id) ?? new Set()).add(event.id))
    const last = at.buckets[bucket.id] ?? { start: 0, rows: [] }
    if (event.start < last.start) return
    const isLater = event.start > last.start
    const isNew = isLater || !last.rows.includes(event.id)
    at.buckets[bucket.id] = isLater
      ? { start: event.start, rows: [event.id] }
      : { ...last, rows: [...new Set([...last.rows, event.id])] }
    if (!isNew && !closing.holds(bucket.id, event.id)) return
    const admitted = isNew ? gate.admit(event) : gate.look(event)
    if (!admitted) return
    const kept: Kept = { bucket, event: admitted, pulsetime: PULSETIME_US, change: 0 }
    teller.add(closing.take(kept, { isNew, now: clock.now() }))
  }

  /** From the last event that was taken on. */
  async function takeNew(bucket: Bucket, last: string | undefined): Promise<void> {
    const { id } = bucket
    for await (const page of news(id)) {
      const events = page.map((event, index) => ({ ...event, id: event.id ?? index }))
      recall(
        bucket,
        events.flatMap((event) => gate.look(event) ?? []),
      )
      for (const event of events) take(bucket, event)
      teller.flush()
    }
    // What was not found is gone there.
    unread = unread.filter((entry) => entry.bucket !== id)
    if (last !== undefined) updated.set(id, last)
  }

  /** New rows of before what was taken last, as importers and people write them: each is told whole. */
  async function takeLate(bucket: Bucket): Promise<void> {
    const { id } = bucket
    const now = clock.now()
    const from = now * 1000 - LATE_US
    const until = at.buckets[id]?.start ?? at.since
    const before = at.late?.[id]
    let highest = before ?? 0
    for (const event of await server.events(id, { start: from }, signal)) {
      const row = event.id ?? 0
      highest = Math.max(highest, row)
      const isLate = event.start > from && event.start < until && row > (before ?? Infinity) && !met.get(id)?.has(row)
      const admitted = isLate && gate.admit(event)
      if (!admitted) continue
      const kept: Kept = { bucket, event: { ...admitted, id: row }, pulsetime: null, change: 0 }
      teller.add(closing.take(kept, { isNew: true, now }))
    }
    at.late = { ...at.late, [id]: highest }
    met.delete(id)
  }

  async function poll(): Promise<void> {
    const buckets = await server.buckets(signal)
    const asksForLate = clock.now() >= lateAt
    if (asksForLate) lateAt = clock.now() + LATE_EACH_MS
    for (const { bucket: given } of buckets) await found?.(given)
    for (const { bucket: given, updated: last } of buckets) {
      const bucket: Bucket = { name: null, data: {}, created: 0, ...given }
      if (last === undefined || updated.get(given.id) !== last) await takeNew(bucket, last)
      if (asksForLate) await takeLate(bucket)
    }
  }

  async function run(): Promise<void> {
    await clock.sleep(0, signal)
    teller.begin()
    while (!signal.aborted) {
      try {
        await poll()
        failure = undefined
      } catch (thrown) {
        const error = asDaybookError(thrown)
        if (!signal.aborted && failure?.message !== error.message) log.warn({ code: error.code }, error.message)
        failure = error
      }
      teller.add(closing.passTime(clock.now()))
      teller.flush()
      teller.save()
      await clock.sleep(pollMs, signal)
    }
    teller.add(closing.closeAll())
    teller.flush()
    teller.save()
  }

  const ended = run()
  return {
    base: server.base,
    /** Why it cannot be read now. */
    failure: () => failure ?? teller.failure(),
    isOpen: (bucket: string, start: number) => closing.isOpenAt(bucket, start),
    /** An event that goes on over a pause is told up to it. */
    pause(paused: boolean): void {
      if (paused) teller.add(closing.closeAll())
      teller.pause(paused)
      teller.save()
    },
    /** Resolves once it has ended, which its signal does. */
    ended,
  }
}
