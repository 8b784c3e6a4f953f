// The objects of the house as everyone above sees them: one place to put bytes and to read what a reference names,
// whatever stores there are. Not for: a store (objects/), or what is on record about objects (catalogue.ts).
import type { Component } from '../component.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import type { ObjectKey } from './catalogue.ts'
import type { ByteRange, StoredObject } from './objects/object-store.ts'

/** What is said about bytes that come in. */
export interface ObjectAbout {
  /** RFC 6838; absent: application/octet-stream. */
  mediaType?: string | undefined
  name?: string | undefined
  /** What the sender says of them; bytes that do not agree are refused with `object_damaged`. */
  id?: string | undefined
  size?: number | undefined
}

/** An object that may be shown. */
export interface OpenObject {
  /** As the activity says it. */
  ref: ContentRef
  /** Bytes. */
  size: number
  mediaType: string
  /** For a strong ETag: the hash of the bytes. */
  hash: string
  /** Errors as in ObjectStore.get. */
  read(range?: ByteRange): Promise<StoredObject['bytes']>
}

/** Errors as in ObjectStore, and `database_unavailable`. */
export interface Objects extends Component {
  /**
   * Keeps bytes in the configured store; while that is away in Postgres, from where they move later. Durable when it
   * resolves. Throws `too_large` above the limit of one object, `object_damaged`.
   */
  put(bytes: Uint8Array | AsyncIterable<Uint8Array>, about: ObjectAbout): Promise<ContentRef>
  /** What a reference of an activity in this space names. Throws `not_found` if none refers to it, `object_missing`. */
  open(key: ObjectKey): Promise<OpenObject>
  /**
   * Takes into the catalogue what stands in its store without our doing, or brings it there from another store of ours;
   * false if none has it.
   */
  adopt(key: ObjectKey): Promise<boolean>
  /** Moves a few objects from Postgres to the configured store; how many. */
  move(): Promise<number>
  /** See Catalogue.sweep. */
  sweep(): Promise<{ marked: number; removed: number }>
}
