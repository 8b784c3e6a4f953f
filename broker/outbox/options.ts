// What an outbox is opened with, and how much it may hold. Not for: checking any of it.
import type { Clock, Ids, Logger } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { OutboxTransport } from './transport.ts'
import type { Upload } from './uploads.ts'

export interface OutboxOptions {
  /** Path of the SQLite file; its folder is made. One file a producer. */
  file: string
  producer: string
  /** What its status names; each notification names its own. */
  source: string
  topics: Topics
  transport: OutboxTransport
  /** Takes payloads to the object store; absent: what refers to any waits. */
  upload?: Upload
  /** Where payloads will probably be; the upload knows. Default: fs. */
  storage?: ContentRef['storage']
  clock: Clock
  ids: Ids
  log?: Logger
  version?: string
  /** IANA name. */
  timeZone?: string
  limits?: Partial<typeof outboxLimits>
}

export const outboxLimits = {
  /** On disk. */
  bytes: 1024 * 1024 * 1024,
  /** Entries sent and not receipted. */
  inFlight: 1000,
  /** Handed to the transport and not answered. */
  inFlightBytes: 8 * 1024 * 1024,
  /** How long a file that was used before waits for a receipt to show whose its next numbers are, before it begins a new epoch. */
  receiptWaitMs: 5_000,
  /** Of all payloads on disk, and of each. */
  payloadBytes: 2 * 1024 * 1024 * 1024,
  onePayloadBytes: 64 * 1024 * 1024,
  /** What is sent later than this after the upload of its payloads waits for another one. */
  uploadFreshMs: 3_600_000,
}
