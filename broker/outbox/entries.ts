// What an outbox keeps: entries in the order they were emitted, and the epochs that number them. Entries count up for
// ever; an epoch is a stretch of them, so a new one begins without touching any. Not for: deciding when an entry may go.
import { crc32 } from 'node:zlib'
import { type OutboxFile, VACUUM_PAGES } from './file.ts'

/** An entry to keep: where it goes, the JSON object it is, and the ids of payloads that may be kept beside it. */
export interface NewEntry {
  source: string
  type: string
  body: Buffer
  payloads: readonly string[]
}

/** A kept entry; `body` is null when its bytes no longer match their checksum. */
export interface Entry {
  n: number
  source: string
  type: string
  body: Buffer | null
}

/** Entry `n` of an epoch has seq `n - base`; the next epoch's base is its end. `last`: the highest seq known once ended. */
export interface Epoch {
  epoch: string
  base: number
  last: number
}

const PAGE_BYTES = 4096
/** Freed pages that the file keeps. */
const SPARE_PAGES = 2048

export class Entries {
  readonly #file: OutboxFile
  #epochs: readonly Epoch[]
  #last: number
  #bound: number
  #held: number

  constructor(file: OutboxFile) {
    this.#file = file
    const head = file.statements.head.get() as { last: number; bound: number; held: number }
    this.#last = head.last
    this.#bound = head.bound
    this.#held = head.held
    this.#epochs = file.statements.epochs.all().map((row) => ({ ...row }) as unknown as Epoch)
  }

  /** The highest entry ever kept. */
  get last(): number {
    return this.#last
  }

  /** Entries up to here have their number for good; only they may be sent. */
  get bound(): number {
    return this.#bound
  }

  /** How many entries are kept now. */
  get held(): number {
    return this.#held
  }

  /** Oldest first. */
  get epochs(): readonly Epoch[] {
    return this.#epochs
  }

  /** The epoch that numbers what is appended. */
  get current(): Epoch {
    return this.#epochs.at(-1) as Epoch
  }

  /** The epoch that numbers an entry. */
  epochOf(n: number): Epoch {
    return this.#epochs.findLast((epoch) => epoch.base < n) as Epoch
  }

  /** Bytes in use; freed pages do not count. */
  get bytes(): number {
    return (this.#file.statements.pages.get() as { pages: number }).pages * PAGE_BYTES
  }

  /** Keeps all or none, synced, and the payloads they refer to with them; `bind` also gives them their numbers. */
  append(entries: readonly NewEntry[], bind: boolean): void {
    const last = this.#last + entries.length
    const bound = bind ? last : this.#bound
    const held = this.#held + entries.length
    this.#file.transaction(({ insert, use, keepHead }) => {
      let n = this.#last
      for (const { source, type, body, payloads } of entries) {
        insert.run(++n, source, type, crc32(body), body)
        for (const id of payloads) use.run(n, id)
      }
      keepHead.run(last, bound, held)
    })
    this.#last = last
    this.#bound = bound
    this.#held = held
  }

  /** Everything kept gets the number it has in the current epoch, for good. */
  bind(): void {
    this.#keepEpochs(this.#epochs, this.#last)
  }

  /** Begins a new epoch: what lies above `base` is numbered from 1 in it. The former one ends at its seq `last`. */
  begin(epoch: string, base: number, last: number): void {
    const former = this.current
    const kept = former.base === base ? this.#epochs.slice(0, -1) : this.#epochs.with(-1, { ...former, last })
    this.#keepEpochs([...kept, { epoch, base, last: 0 }], this.#last)
  }

  /** Takes over an ended epoch of which no entry is here: it stands before all others, below zero. */
  adopt(epoch: string, last: number): void {
    const base = Math.min(this.#epochs[0]?.base ?? 0, 0) - 1
    this.#keepEpochs([{ epoch, base, last }, ...this.#epochs], this.#bound)
  }

  /** An ended epoch turned out to reach further. */
  extend(epoch: string, last: number): void {
    const epochs = this.#epochs.map((one) => (one.epoch === epoch ? { ...one, last } : one))
    this.#keepEpochs(epochs, this.#bound)
  }

  /** An ended epoch without entries is over. */
  drop(epoch: string): void {
    const epochs = this.#epochs.filter((one) => one.epoch !== epoch)
    if (epochs.length < this.#epochs.length) this.#keepEpochs(epochs, this.#bound)
  }

  /** Ended epochs of which no entry is left. */
  drained(): Epoch[] {
    return this.#epochs.filter((epoch, index) => {
      const end = this.#epochs[index + 1]?.base
      return end !== undefined && (this.next(epoch.base) ?? end + 1) > end
    })
  }

  /** The lowest entry above `after`. */
  next(after: number): number | undefined {
    return (this.#file.statements.next.get(after) as { n: number | null }).n ?? undefined
  }

  /** At most `limit` entries above `after` and up to `upTo`, in order. */
  read(after: number, upTo: number, limit: number): Entry[] {
    return this.#file.statements.read.all(after, upTo, limit).map((row) => {
      const { crc, body, ...rest } = row as Omit<Entry, 'body'> & { crc: number; body: Uint8Array }
      const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
      return { ...rest, body: crc32(bytes) === crc ? bytes : null }
    })
  }

  /** The timestamp of an entry, epoch ms, if it has one that can be read. */
  timeOf(n: number): number | undefined {
    const body = this.read(n - 1, n, 1)[0]?.body
    const { timestamp } = body ? (JSON.parse(body.toString()) as { timestamp?: unknown }) : {}
    return typeof timestamp === 'number' ? timestamp : undefined
  }

  /**
   * Removes ranges of entries, all or none. Not synced by itself: what a power cut brings back is sent once more and is
   * a duplicate.
   */
  remove(ranges: readonly (readonly [number, number])[]): void {
    let held = this.#held
    this.#file.relaxedTransaction(({ remove, unuse, keepHead, free, vacuum }) => {
      for (const [from, to] of ranges) {
        held -= Number(remove.run(from, to).changes)
        unuse.run(from, to)
      }
      keepHead.run(this.#last, this.#bound, held)
      // A week offline must not leave a large file for ever.
      const spare = (free.get() as { free: number }).free - SPARE_PAGES
      for (let pages = spare; pages > 0; pages -= VACUUM_PAGES) vacuum.all()
    })
    this.#held = held
  }

  /** Says how many entries there are, for when the file has lost some. */
  recount(held: number): void {
    this.#file.transaction(({ keepHead }) => void keepHead.run(this.#last, this.#bound, held))
    this.#held = held
  }

  #keepEpochs(epochs: readonly Epoch[], bound: number): void {
    this.#file.transaction(({ clearEpochs, addEpoch, keepHead }) => {
      clearEpochs.run()
      for (const { epoch, base, last } of epochs) addEpoch.run(epoch, base, last)
      keepHead.run(this.#last, bound, this.#held)
    })
    this.#epochs = epochs
    this.#bound = bound
  }
}
