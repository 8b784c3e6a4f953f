// What every write of the store goes through: the group that shares a sync, the number of each change, what is told once
// it is synced, and what is held back so that a growing event is written once a sync. Not for: what a write means
// (writes.ts, open.ts).

import { asUnwritable } from '../../../broker/sqlite-file.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Bucket, BucketsOptions, Change, Draft, Observer, StoredEvent } from './buckets.ts'
import type { BucketsFile } from './file.ts'
import { createGroup } from './group.ts'
import { type Known, longestWith, readKnown } from './known.ts'

const DAY_US = 86_400 * 1e6
/** Old events that one sync removes besides its own work. */
const PRUNED_AT_ONCE = 500

export type Ledger = ReturnType<typeof createLedger>

export function createLedger(opened: BucketsFile, { clock, log, keepDays = 0 }: BucketsOptions) {
  const { statements } = opened
  const numbered = () => (statements.cursor.get() as { change: number }).change
  let known = readKnown(statements)
  let change = numbered()
  let observer: Observer | undefined
  let told: (() => void)[] = []
  /** Last events that only became longer since the last sync, each with the number of that change. */
  const longer = new Map<Known, number>()
  const stretched = new Set<Known>()
  /** Rows went, maybe the one with the highest number: it has to be kept elsewhere. */
  let removed = false
  let scrubbing = false
  let pruneAt = 0

  const group = createGroup({
    begin: () => statements.begin.run(),
    commit() {
      writeLonger()
      for (const { longest, key } of stretched) statements.keepLongest.run(longest, key)
      prune()
      if (removed) statements.keepHead.run(change)
      statements.commit.run()
    },
    rollback() {
      if (opened.inTransaction()) statements.rollback.run()
    },
    synced() {
      stretched.clear()
      const changes = told
      told = []
      for (const tells of changes) safely('a stored event could not be passed on; its change is found again', tells)
      if (scrubbing) safely('what was deleted is still in the write-ahead log', opened.scrub)
      scrubbing = false
      removed = false
    },
    failure(error) {
      longer.clear()
      stretched.clear()
      told = []
      scrubbing = false
      removed = false
      known = readKnown(statements)
      change = numbered()
      const failure = asUnwritable(error, opened.file)
      log.error({ reason: failure.message }, 'nothing of these events could be kept')
      return failure
    },
  })

  function safely(what: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      log.error({ reason: (error as Error).message }, what)
    }
  }

  function writeLonger(): void {
    for (const [{ last }, at] of longer) {
      if (last) statements.extend.run(last.event.duration, last.pulsetime, at, last.event.id)
    }
    longer.clear()
  }

  function stretch(bucket: Known, duration: number): void {
    const longest = longestWith(bucket.longest, duration)
    if (longest === bucket.longest) return
    bucket.longest = longest
    stretched.add(bucket)
  }

  function scrub(): void {
    removed = true
    scrubbing = true
  }

  /** Removes a few of the events that are too old with each sync until there are none, and looks again a day later. */
  function prune(): void {
    if (keepDays === 0 || clock.now() < pruneAt) return
    const before = clock.now() * 1000 - keepDays * DAY_US
    let room = PRUNED_AT_ONCE
    for (const bucket of known.values()) {
      const gone = Number(statements.prune.run(bucket.key, before, room).changes)
      if (gone === 0) continue
      removed = true
      bucket.last = undefined
      room -= gone
      if (room <= 0) return
    }
    statements.vacuum.all()
    pruneAt = clock.now() + DAY_US / 1000
  }

  return {
    statements,
    run: group.run,
    known: () => known as ReadonlyMap<string, Known>,
    cursor: () => change,
    /** Throws `not_found`. */
    knownOf(id: string): Known {
      const found = known.get(id)
      if (!found) throw new DaybookError('not_found', `There is no bucket "${id}".`)
      return found
    },
    observe(next: Observer) {
      observer = next
    },
    close() {
      group.close()
      opened.close()
    },

    // What follows is called inside `run` only.
    addBucket(bucket: Bucket, data: string): void {
      const { id, type, client, hostname, name, created } = bucket
      const { lastInsertRowid } = statements.addBucket.run(id, type, client, hostname, name, data, created)
      known.set(id, { key: Number(lastInsertRowid), bucket, longest: 0, last: null })
    },
    dropBucket({ key, bucket }: Known): void {
      statements.removeEvents.run(key)
      statements.removeBucket.run(key)
      known.delete(bucket.id)
      scrub()
      told.push(() => observer?.dropped?.(bucket))
    },
    add(to: Known, { start, duration, data }: Draft, text: string, pulsetime: number | null): StoredEvent {
      change += 1
      const { lastInsertRowid } = statements.add.run(to.key, start, duration, text, pulsetime, change)
      stretch(to, duration)
      return { id: Number(lastInsertRowid), start, duration, data }
    },
    replace(to: Known, { id, start, duration }: StoredEvent, text: string): void {
      change += 1
      statements.keep.run(start, duration, text, null, change, id)
      stretch(to, duration)
    },
    /** The last event of a bucket as it is from now on; written with the sync. */
    extend(to: Known, event: StoredEvent, pulsetime: number): void {
      change += 1
      to.last = { event, pulsetime }
      longer.set(to, change)
      stretch(to, event.duration)
    },
    remove(id: number): void {
      change += 1
      statements.remove.run(id)
      scrub()
    },
    /** Before anything but a heartbeat looks at the rows, and before another event becomes the last one. */
    writeLonger,
    /** Rows are deleted: nothing of them shall be left in the file after the sync. */
    scrub,
    /** Tells the observer of the latest change, once it is synced. */
    tell(about: Omit<Change, 'change'>): void {
      const at = change
      told.push(() => observer?.changed({ ...about, change: at }))
    },
  }
}
