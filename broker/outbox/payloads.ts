// The payloads that a bridge attached: bytes in the folder, what is on record about them and which entries refer to
// them in the file. Not for: getting them to the object store (uploads.ts).
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Clock } from '../../component.ts'
import { type ContentRef, contentRef } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { isMediaType } from '../../schemas/media-types.ts'
import type { OutboxFile } from './file.ts'
import type { PayloadFolder } from './payload-folder.ts'

/** What is said of bytes that are attached. */
export interface PayloadAbout {
  /** RFC 6838. */
  mediaType: string
  name?: string
}

/** A payload on disk. */
export interface KeptPayload {
  /** SHA-256 of the bytes, 64 lower-case hex digits. */
  readonly id: string
  /** Bytes. */
  readonly size: number
  readonly mediaType: string
  readonly name?: string
  /** Path of a file with exactly these bytes. */
  readonly file: string
  /** The bytes from the beginning, each time it is called; the signal ends it. */
  open(signal?: AbortSignal): AsyncIterable<Uint8Array>
}

export interface PayloadsParts {
  file: OutboxFile
  folder: PayloadFolder
  /** Wall time: how long a payload has lain here is asked across restarts. */
  clock: Clock
  /** What a reference says before the upload says where the bytes are. */
  storage: ContentRef['storage']
  /** Bytes of all, and of one. */
  limits: { payloadBytes: number; onePayloadBytes: number }
  /** Called with what is kept here no more. */
  gone: (id: string) => void
}

type Kept = Pick<ContentRef, 'id' | 'mediaType'> & { name?: string | null | undefined }

/** What no entry refers to stays that long: its bridge may be about to emit. */
const IDLE_MS = 3_600_000
const COLLECT_EACH_MS = 60_000
const COLLECTED_AT_ONCE = 500
/** `spent` is 0 or 1: more is never reached. */
const SPENT_ONES = 1
const NO_SPENT_ONES = 2

export class Payloads {
  readonly #parts: PayloadsParts
  #count: number
  #bytes: number
  /** Bytes that found no room, 0 once they would. */
  #refusedBytes = 0
  #collectAt = 0

  constructor(parts: PayloadsParts) {
    this.#parts = parts
    const { file, folder } = parts
    const totals = file.statements.payloadTotals.get() as { count: number; bytes: number }
    this.#count = totals.count
    this.#bytes = totals.bytes
    folder.clean((name) => this.get(name) !== undefined)
  }

  get count(): number {
    return this.#count
  }

  /** Bytes kept. */
  get bytes(): number {
    return this.#bytes
  }

  get quota(): number {
    return this.#parts.limits.payloadBytes
  }

  /** True while the last bytes that found no room would still find none. */
  get full(): boolean {
    return this.#refusedBytes > 0 && this.#bytes + this.#refusedBytes > this.quota
  }

  /** See Outbox.attach. `rewrite`: the file may be damaged. */
  attach(bytes: Uint8Array, about: PayloadAbout, rewrite: (id: string) => boolean): ContentRef {
    const size = bytes.byteLength
    this.#refuseTooLarge(size)
    const ref = this.refOf(bytes, about)
    this.#keep(ref, size, rewrite, () => this.#parts.folder.keep(ref.id, bytes))
    return ref
  }

  /** See Outbox.attachFile; `passed` is called on the way and ends it by throwing. */
  async attachFile(
    body: AsyncIterable<Uint8Array>,
    about: PayloadAbout,
    { rewrite, passed }: { rewrite: (id: string) => boolean; passed: () => void },
  ): Promise<ContentRef> {
    const { folder } = this.#parts
    const ref = this.refOf(new Uint8Array(), about)
    const received = await folder.receive(body, (size) => {
      passed()
      this.#refuseTooLarge(size)
      this.#findRoom(size)
    })
    const { id, size } = received
    try {
      this.#keep({ ...ref, id }, size, rewrite, received.keep)
    } finally {
      received.drop()
    }
    return { ...ref, id, size }
  }

  #refuseTooLarge(size: number): void {
    const { onePayloadBytes } = this.#parts.limits
    if (size <= onePayloadBytes) return
    throw new DaybookError('too_large', `A payload may have ${onePayloadBytes} bytes, this one has ${size}.`)
  }

  /** Puts it on record; `write` brings its bytes into the folder where they are not there yet. */
  #keep({ id, mediaType = '', name = null }: Kept, size: number, rewrite: (id: string) => boolean, write: () => void) {
    const { file, folder, clock } = this.#parts
    const known = this.get(id)
    if (!known || !folder.has(id, size) || rewrite(id)) {
      if (!known) this.#findRoom(size)
      write()
    }
    file.transaction(({ addPayload, keepLonger }) => {
      if (known) keepLonger.run(clock.now(), id)
      else addPayload.run(id, size, mediaType, name, clock.now())
    })
    if (known) return
    this.#count++
    this.#bytes += size
  }

  /** The reference that `attach` returns. Throws `invalid`. */
  refOf(bytes: Uint8Array, { mediaType, name }: PayloadAbout): ContentRef {
    const id = createHash('sha256').update(bytes).digest('hex')
    const size = bytes.byteLength
    const ref = { storage: this.#parts.storage, id, size, mediaType, ...(name === undefined ? {} : { name }) }
    if (!isMediaType(mediaType)) throw new DaybookError('invalid', `mediaType: got "${mediaType.slice(0, 100)}"`)
    const [issue] = contentRef.safeParse(ref).error?.issues ?? []
    if (issue) throw new DaybookError('invalid', `${issue.path.join('.')}: ${issue.message}`)
    return ref
  }

  get(id: string): KeptPayload | undefined {
    const { file, folder } = this.#parts
    const row = file.statements.payload.get(id) as { size: number; mediaType: string; name: string | null } | undefined
    if (!row) return undefined
    const { size, mediaType, name } = row
    const path = folder.pathOf(id)
    const open = (signal?: AbortSignal) => createReadStream(path, signal ? { signal } : {})
    return { id, size, mediaType, ...(name === null ? {} : { name }), file: path, open }
  }

  /** Ids of the payloads that an entry refers to. */
  usedBy(n: number): string[] {
    if (this.#count === 0) return []
    return this.#parts.file.statements.usedBy.all(n).map((row) => row.payload as string)
  }

  /** Ids of some payloads that entries above `after` and up to `upTo` refer to, in their order. */
  usedAhead(after: number, upTo: number, limit: number): string[] {
    const rows = this.#parts.file.statements.usedAhead.all(after, upTo, limit)
    return [...new Set(rows.map((row) => row.payload as string))]
  }

  /** Removes what nobody needs any more, a part at a time; returns when there may be more, epoch ms of `now`. */
  collect(now: number): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY
    if (now < this.#collectAt) return this.#collectAt
    // Entries may be lost on disk; that is asked once, when the file was opened.
    if (this.#collectAt === 0) this.#parts.file.transaction(({ unuseLost }) => void unuseLost.run())
    const removed = this.#remove(NO_SPENT_ONES)
    this.#collectAt = removed < COLLECTED_AT_ONCE ? now + COLLECT_EACH_MS : now
    return this.#collectAt
  }

  /** At the quota, what has served its entries goes at once. */
  #findRoom(size: number): void {
    this.#refusedBytes = size
    while (this.full && this.#remove(SPENT_ONES) > 0);
    if (this.full) {
      const { bytes, count, quota } = this
      throw new DaybookError('outbox_full', `${count} payloads have ${bytes} bytes; their quota is ${quota} bytes.`)
    }
    this.#refusedBytes = 0
  }

  /** How many were removed. The record goes first and for good: what it names must be there, or was uploaded. */
  #remove(spent: number): number {
    const { file, folder, clock, gone } = this.#parts
    const before = clock.now() - IDLE_MS
    const idle = file.statements.idlePayloads.all(before, spent, COLLECTED_AT_ONCE)
    if (idle.length === 0) return 0
    file.transaction(({ removePayload }) => {
      for (const row of idle) removePayload.run(row.id as string)
    })
    for (const { id, size } of idle as { id: string; size: number }[]) {
      this.#count--
      this.#bytes -= size
      folder.remove(id)
      gone(id)
    }
    return idle.length
  }
}
