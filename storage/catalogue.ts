// Which objects there are, where their bytes are now, and which activities refer to them. Always in Postgres, so that a
// reference and its row are one commit. Not for: the bytes (objects/).
import type { ContentRef, OwnStorage, Storage } from '../schemas/content-ref.ts'

/** An object as it is entered. */
export interface ObjectEntry {
  storage: OwnStorage
  /** SHA-256, 64 lower-case hex digits. */
  id: string
  /** Bytes. */
  size: number
  mediaType?: string | undefined
  name?: string | undefined
}

/** Names an object. */
export type ObjectKey = Pick<ContentRef, 'id'> & { storage: Storage }

/** A reference whose object is not there. */
export interface MissingObject {
  storage: OwnStorage
  id: string
  /** The first activity that refers to it, and who sent that. */
  activityId: string
  producer: string
  /** How often it was asked for. */
  asked: number
}

/** What is kept in one storage. */
export interface StorageUsage {
  storage: OwnStorage
  objects: number
  /** Bytes. */
  bytes: number
}

/** Errors as in ActivityStore. */
export interface Catalogue {
  /**
   * Enters an object and runs `keep`, which puts its bytes; resolves with what `keep` gave. Held against the sweep
   * meanwhile, in whatever process that runs; a condemned object is revived. The grace begins anew at the end. If `keep`
   * rejects, an object that was there stays, and one that was not is left to the sweep. If the hold is lost with its
   * connection, `keep` runs again.
   */
  put<T>(object: ObjectEntry, keep: () => Promise<T>): Promise<T>
  /** The entry of an object whose bytes are there, or null. Counts as use: the grace begins anew. */
  touch(key: ObjectKey): Promise<ObjectEntry | null>
  /** Where the bytes of an object are now: moved ones are elsewhere than their name says. Null: nowhere of ours. */
  locate(key: ObjectKey): Promise<ObjectEntry | null>
  /** The newest reference to it by an activity of this space, or null: what nobody refers to is served to nobody. */
  reference(key: ObjectKey): Promise<ContentRef | null>
  /** References to objects that are not there and are due to be asked for, oldest first; asking again waits longer. */
  askForMissing(limit: number): Promise<MissingObject[]>
  /** Objects in Postgres that are not moved yet, oldest first. */
  unmoved(limit: number): Promise<ObjectEntry[]>
  /**
   * The bytes of a postgres object were put in `to` as well, with `put`: those in Postgres go, its references hold. While
   * it is being put in Postgres again it stays unmoved. Throws `object_missing` if it is not in `to`.
   */
  moved(id: string, to: OwnStorage): Promise<void>
  /**
   * Marks what nobody refers to and nobody used for `graceMs`, and removes what was marked before and still is so:
   * `remove` deletes the bytes (it is not asked for those in Postgres). No put, touch or reference of it can come between.
   * Returns how many of each. Throws what `remove` throws, after everything else; what it did not remove is tried again.
   */
  sweep(graceMs: number, remove: (object: ObjectEntry) => Promise<void>): Promise<{ marked: number; removed: number }>
  usage(): Promise<StorageUsage[]>
}
