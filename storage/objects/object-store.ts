// Where payloads are kept: pictures, transcripts, diffs, moved data. Content-addressed, so the same bytes are one
// object. registry.ts lists the drivers. Not for: which objects there are and who refers to them (../catalogue.ts), or
// for choosing a driver (objects.ts).
import type { OwnStorage } from '../../schemas/content-ref.ts'

/** Bytes whose name and size are known before they are kept, and that can be read more than once. */
export interface Payload {
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  /** RFC 6838; stores may use it to compress. */
  readonly mediaType?: string | undefined
  /** The bytes from the beginning, each time it is called. */
  open(): AsyncIterable<Uint8Array>
  /** All of them, in memory and hashed already: a store need not look again. */
  readonly bytes?: Uint8Array
  /** A file with exactly these bytes. */
  readonly file?: string
}

/** Both inclusive (RFC 9110, 14.1.2) and within the object. */
export interface ByteRange {
  start: number
  end: number
}

/** `size` is that of the whole object, bytes. Whoever does not read `bytes` to the end destroys it. */
export interface StoredObject {
  size: number
  bytes: import('node:stream').Readable
}

/** All methods may throw `objects_unavailable` (try again) and `objects_refused` (a person must act: rights, bucket). */
export interface ObjectStore {
  readonly storage: OwnStorage
  /**
   * Durable when it resolves: file and folder synced, S3's 200 with the length checked, COMMIT. Until then nothing of it
   * is there. Puts of the same bytes at the same time make one object. Throws `object_damaged` when the bytes are not
   * those of id and size.
   */
  put(payload: Payload): Promise<void>
  /** Rejects with `object_missing`. A failure after the first bytes destroys the stream. */
  get(id: string, range?: ByteRange): Promise<StoredObject>
  has(id: string): Promise<boolean>
  /** Removing what is not there is no error. */
  delete(id: string): Promise<void>
  /** Throws what keeps it from working; leaves nothing behind. For doctor. */
  check(): Promise<void>
  /** Removes what unfinished puts of a former run have left. Called once, before anything else. */
  open(): Promise<void>
  close(): Promise<void>
}
