// What the bucket store promises: ActivityWatch's buckets and events, kept in one SQLite file, synced before anyone is
// told. Times here are integer microseconds since 1970 (`start`) and integer microseconds (`duration`), as the rows keep
// them. Not for: HTTP and its JSON (../server/), or what an event means to Daybook (../bridge.ts).
import type { Clock, Logger } from '../../../component.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }
/** What a watcher saw; its fields are the watcher's own. */
export type Data = { [key: string]: Json }

/** A series of events of one watcher on one machine. */
export interface Bucket {
  id: string
  /** What its events are: `currentwindow`, `afkstatus`, `web.tab.current`, `app.editor.activity`, ... */
  type: string
  client: string
  hostname: string
  name: string | null
  data: Data
  /** µs. */
  created: number
}

export interface NewBucket extends Pick<Bucket, 'id' | 'type' | 'client' | 'hostname'> {
  name?: string | null
  data?: Data
  /** µs; now if absent. */
  created?: number
}

/** An event that is not stored yet, or is to replace the stored one of this id. */
export interface Draft {
  id?: number
  start: number
  /** May be negative, as watchers whose clock was set back send it. */
  duration: number
  data: Data
}

export interface StoredEvent extends Draft {
  /** Never given again in this file. */
  id: number
}

/** Which events: those that touch [since, until], both inclusive and in µs, newest first, equal starts as inserted. */
export interface Range {
  since?: number | undefined
  until?: number | undefined
  /** 0: none; absent: all. */
  limit?: number | undefined
}

/** How an event came: `heartbeat` ones may go on growing, the others came whole. */
export type Via = 'heartbeat' | 'insert' | 'import'

/** An event as it was stored last. */
export interface Kept {
  bucket: Bucket
  event: StoredEvent
  /** µs: heartbeats up to this long after its end extended it; null for what came whole. */
  pulsetime: number | null
  /** Grows with every stored change of any event: the cursor of `changedSince`. */
  change: number
}

/** One stored change. `deleted` shows the event as it was. */
export interface Change extends Kept {
  kind: 'inserted' | 'extended' | 'replaced' | 'deleted'
  via: Via
}

/** Told of everything that is stored, after the sync, in order. What it throws is logged and holds up nothing. */
export interface Observer {
  changed(change: Change): void
  /** A bucket went, with all of its events; those are not told one by one. */
  dropped?(bucket: Bucket): void
}

export interface BucketsOptions {
  clock: Clock
  log: Logger
  /** Whole days that events are kept after their end; pruned by writing. 0: for ever. */
  keepDays?: number
}

/**
 * An open store. Everything that writes resolves once it is synced, and many writes that arrive together share one sync.
 * They reject with `not_found` (no such bucket), `invalid`, `too_large`, `data_unwritable` (nothing of it is stored) or
 * `shutting_down`. Reads are synchronous, show what is synced, and throw `not_found` without the bucket.
 */
export interface Buckets {
  /** Where the damaged file that stood here was put. */
  readonly setAside: string | null
  /** One at a time; a second call takes the place of the first. */
  observe(observer: Observer): void

  list(): Bucket[]
  get(id: string): Bucket | undefined
  /** False if there is one of this id: it stays as it was. */
  create(bucket: NewBucket): Promise<boolean>
  update(id: string, change: Partial<Pick<Bucket, 'type' | 'client' | 'hostname' | 'name' | 'data'>>): Promise<Bucket>
  delete(id: string): Promise<void>
  /** The end of its newest event, µs. */
  lastUpdated(id: string): number | undefined

  /**
   * Merges it into the bucket's last one, or inserts it (aw-core: heartbeat_merge): merged if the data is equal and
   * last.start <= start <= last end + pulsetime (µs), both inclusive. Resolves to the event as it is now.
   */
  heartbeat(bucket: string, event: Draft, pulsetime: number): Promise<StoredEvent>
  /** All or none, in order. One with the id of an event of this bucket takes its place; unknown ids are given anew. */
  insert(bucket: string, events: readonly Draft[]): Promise<StoredEvent[]>
  /**
   * Inserts those that are not there yet by start and data; one that is there and lasts longer now takes its place, and
   * counts as known. Makes the bucket if need be. `asOf`: the cursor when the export was begun, for one that comes in parts.
   */
  import(bucket: NewBucket, events: readonly Draft[], asOf?: number): Promise<{ inserted: number; known: number }>
  /** False if there is none. */
  deleteEvent(bucket: string, id: number): Promise<boolean>
  /** Removes what touches [since, until) (µs), and its traces in the file; of one bucket, or of all. How many that were. */
  forget(range: { since?: number; until?: number; bucket?: string }): Promise<number>

  event(bucket: string, id: number): StoredEvent | undefined
  /** Not clipped; see range.ts for how aw-server rounds and clips. */
  events(bucket: string, range?: Range): StoredEvent[]
  /** The same a page at a time, for what may be large: writes may come between the pages. */
  pages(bucket: string, range?: Range): Iterable<StoredEvent[]>
  count(bucket: string, range?: Omit<Range, 'limit'>): number

  /** The last cursor given. */
  cursor(): number
  /** Events that changed after the cursor, in the order of their last change. Deleted ones are not among them. */
  changedSince(cursor: number, limit?: number): Kept[]

  settings(): { [key: string]: Json }
  /** Null for a key that is not set. */
  setting(key: string): Json
  /** Null removes it. */
  setSetting(key: string, value: Json): Promise<void>

  /** Resolves when what was asked for is synced; safe twice. */
  close(): Promise<void>
}
