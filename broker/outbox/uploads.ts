// Objects first: lets an entry be published once its payloads are known to be in the object store, and takes them there
// in the order of the entries, a few at a time. Not for: the bytes on disk (payloads.ts), or sending entries (sender.ts).
import type { Clock, Logger } from '../../component.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { asDaybookError, DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import { referring } from './body.ts'
import type { Entries, Entry } from './entries.ts'
import type { PayloadFolder } from './payload-folder.ts'
import type { KeptPayload, Payloads } from './payloads.ts'

/**
 * Takes a payload to the object store and resolves once it is durable there with its reference, which may have another
 * id if secrets were found in it; one that is there already counts as used anew. Rejects with `too_large`,
 * `object_damaged` or `invalid` if it can never be taken, with anything else to be asked again: `internal`, which nobody
 * can tell to pass, a bounded number of times. Ends soon after the signal aborts.
 */
export type Upload = (payload: KeptPayload, signal: AbortSignal) => Promise<ContentRef>

export interface UploadsParts {
  payloads: Payloads
  folder: PayloadFolder
  entries: Entries
  upload: Upload | undefined
  clock: Clock
  log: Logger | undefined
  /** How long an upload counts, ms. */
  freshMs: number
  /** Called when there may be something to do. */
  wake: () => void
}

const AT_ONCE = 4
const LOOK_AHEAD = 64
const RETRY_FIRST_MS = 1_000
const RETRY_LONGEST_MS = 30_000
/** An upload that takes longer is given up and tried again. */
const LONGEST_MS = 900_000
/** Trying again with the same bytes does not help. */
const forGood: readonly ErrorCode[] = ['too_large', 'object_damaged', 'invalid']
/** One payload that nobody knows what is wrong with does not hold up its producer for more than some ten minutes. */
const INTERNAL_MOST = 20

export class Uploads {
  readonly #parts: UploadsParts
  /** What is in the store, since when, epoch ms, and as what. */
  readonly #confirmed = new Map<string, { at: number; ref: ContentRef }>()
  readonly #refused = new Set<string>()
  /** How often each has failed with `internal`. */
  readonly #failed = new Map<string, number>()
  readonly #running = new Map<string, Promise<void>>()
  readonly #end = new AbortController()
  #failures = 0
  #retryAt = 0
  #failure: DaybookError | undefined

  constructor(parts: UploadsParts) {
    this.#parts = parts
  }

  /** Why the last upload failed, until one succeeds. */
  get failure(): DaybookError | undefined {
    return this.#failure
  }

  /** How many payloads were given up: their entries go without them. */
  get refused(): number {
    return this.#refused.size
  }

  /** True if a payload was given up: its file is worth nothing. */
  isRefused(id: string): boolean {
    return this.#refused.has(id)
  }

  /** When something is to be tried again, epoch ms; Infinity: not of itself. */
  dueAt(now: number): number {
    return this.#retryAt > now ? this.#retryAt : Number.POSITIVE_INFINITY
  }

  /** The entry as it may be published now, or undefined while payloads of it are on their way. */
  ready(entry: Entry, now: number): Entry | undefined {
    const { payloads } = this.#parts
    const ids = entry.body ? payloads.usedBy(entry.n) : []
    const awaited = ids.filter((id) => !this.#isSettled(id, now))
    if (awaited.length > 0) {
      this.#begin(entry.n, awaited, now)
      return undefined
    }
    if (!entry.body || ids.length === 0) return entry
    return { ...entry, body: referring(entry.body, (id) => this.#confirmed.get(id)?.ref) }
  }

  /** Takes this payload to the store anew before anything that refers to it is sent: it is attached again, or gone. */
  forget(id: string): void {
    this.#confirmed.delete(id)
    this.#refused.delete(id)
    this.#failed.delete(id)
  }

  /** The store misses it: uploads it now, whatever it waits for, if it is still here. Who asked will ask again. */
  again(id: string): void {
    const { payloads, upload } = this.#parts
    if (!upload || this.#end.signal.aborted || this.#running.has(id) || !payloads.get(id)) return
    this.forget(id)
    this.#start(id, upload)
  }

  /** Ends what is under way; resolves when nothing is. */
  async stop(): Promise<void> {
    this.#end.abort()
    await Promise.all(this.#running.values())
  }

  #isSettled(id: string, now: number): boolean {
    const { freshMs } = this.#parts
    return this.#refused.has(id) || (this.#confirmed.get(id)?.at ?? Number.NEGATIVE_INFINITY) > now - freshMs
  }

  /** Those that an entry waits for first, then what those behind it will wait for. */
  #begin(n: number, awaited: readonly string[], now: number): void {
    const { payloads, entries, upload } = this.#parts
    if (!upload || now < this.#retryAt || this.#end.signal.aborted || this.#running.size >= AT_ONCE) return
    const ahead = payloads.usedAhead(n, entries.bound, LOOK_AHEAD).filter((id) => !this.#isSettled(id, now))
    for (const id of new Set([...awaited, ...ahead])) {
      if (this.#running.size >= AT_ONCE) return
      if (!this.#running.has(id)) this.#start(id, upload)
    }
  }

  #start(id: string, upload: Upload): void {
    const ended = () => {
      this.#running.delete(id)
      this.#parts.wake()
    }
    this.#running.set(id, this.#run(id, upload).finally(ended))
  }

  async #run(id: string, upload: Upload): Promise<void> {
    const { payloads, folder, clock } = this.#parts
    const isOver = () => this.#end.signal.aborted || !payloads.get(id)
    try {
      const payload = payloads.get(id)
      if (!payload || !folder.has(id, payload.size)) throw new DaybookError('object_damaged', 'Its file is not whole.')
      const ref = await this.#inTime((signal) => upload(payload, signal))
      if (isOver()) return
      this.#confirmed.set(id, { at: clock.now(), ref })
      this.#failed.delete(id)
      this.#failures = 0
      this.#failure = undefined
    } catch (thrown) {
      const error = asDaybookError(thrown)
      const helpless = forGood.includes(error.code) || (!isAway(error) && !(await folder.isIntact(id)))
      if (isOver()) return
      const failed = (this.#failed.get(id) ?? 0) + (error.code === 'internal' ? 1 : 0)
      this.#failed.set(id, failed)
      if (helpless || failed >= INTERNAL_MOST) this.#refuse(id, error)
      else this.#fail(error)
    }
  }

  async #inTime(work: (signal: AbortSignal) => Promise<ContentRef>): Promise<ContentRef> {
    const tooLong = new AbortController()
    const done = new AbortController()
    void this.#parts.clock.sleep(LONGEST_MS, done.signal).then(() => tooLong.abort())
    try {
      return await work(AbortSignal.any([tooLong.signal, this.#end.signal]))
    } finally {
      done.abort()
    }
  }

  #refuse(id: string, error: DaybookError): void {
    this.#refused.add(id)
    this.#parts.log?.error(
      { payload: id, reason: error.message },
      'a payload is lost; what refers to it goes without it',
    )
  }

  /** Try again after 1 s, doubled up to 30 s. */
  #fail(error: DaybookError): void {
    const now = this.#parts.clock.now()
    if (!this.#failure) this.#parts.log?.warn({ code: error.code, reason: error.message }, 'payloads wait on disk')
    this.#failure = error
    if (this.#retryAt <= now) this.#retryAt = now + Math.min(RETRY_FIRST_MS * 2 ** this.#failures++, RETRY_LONGEST_MS)
  }
}

/** Nothing is wrong with the payload. */
function isAway({ code, remedy }: DaybookError): boolean {
  return errors[code].fault === 'peer' && remedy === 'retry'
}
