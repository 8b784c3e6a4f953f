// Tells what happens in our own bucket store: live, as it says so, and after a restart or a jam what it has stored since.
// Not for: what closes when (closing.ts), or the store itself (store/).
import type { BridgeHost } from '../bridge.ts'
import { createClosing } from './closing.ts'
import { createMemory } from './memory.ts'
import type { Bucket, Buckets, Change, Data, Draft, Observer, StoredEvent } from './store/buckets.ts'
import { createTeller } from './teller.ts'
import type { Telling } from './translate.ts'

const PAGE = 500
const TICK_MS = 1000
/** What closes together is told together. */
const GATHER_MS = 20

interface Position {
  /** The store's cursor: every change up to it was taken. */
  cursor: number
  /** The highest row of an event that was. */
  newest: number
}

export type Live = ReturnType<typeof createLive>

export function createLive(host: BridgeHost<unknown>, buckets: Buckets) {
  const { clock, log } = host
  const memory = createMemory<Position>(host.state, 'live')
  const closing = createClosing()
  let at = memory.position() ?? { cursor: 0, newest: 0 }
  /** What the store says is passed over, and read from it afterwards. */
  let isBehind = true
  let isPaused = false
  let told = 0
  const elsewhere = new WeakSet<Data>()
  let nap = new AbortController()
  const stopped = new AbortController()
  const signal = AbortSignal.any([host.signal, stopped.signal])
  const teller = createTeller({
    host,
    entries: closing.remember,
    memory,
    position: () => at,
    told: (count) => {
      told += count
    },
  })

  function find(id: string, row: number) {
    const bucket = buckets.get(id)
    const event = bucket && buckets.event(id, row)
    return bucket && event ? { bucket, event } : undefined
  }

  function add(tellings: readonly Telling[]): void {
    if (tellings.length === 0) return
    teller.add(tellings)
    nap.abort()
  }

  /** Everything that was stored since, with room for others in between; stops where the outbox takes no more. */
  async function catchUp(): Promise<void> {
    const { newest } = at
    while (!teller.isFull() && !isPaused && !signal.aborted) {
      const page = buckets.changedSince(at.cursor, PAGE)
      for (const kept of page) {
        teller.add(closing.take(kept, { isNew: kept.event.id > newest, now: clock.now() }))
        at = { cursor: kept.change, newest: Math.max(at.newest, kept.event.id) }
      }
      if (page.length < PAGE) {
        isBehind = false
        return
      }
      teller.flush()
      await clock.sleep(0, signal)
    }
  }

  const observer: Observer = {
    changed({ kind, via, ...kept }: Change) {
      if (isBehind) return
      if (teller.isFull()) {
        isBehind = true
        nap.abort()
        return
      }
      const { bucket, event, change } = kept
      at = { cursor: change, newest: Math.max(at.newest, event.id) }
      // That it has grown is told by nobody else.
      if (via === 'import' && elsewhere.delete(event.data) && kind === 'inserted') return
      if (kind === 'deleted') add(closing.dropEvent(bucket.id, event.id))
      else add(closing.take(kept, { isNew: kind === 'inserted', now: clock.now() }))
    },
    dropped(bucket) {
      teller.add(closing.dropBucket(bucket.id))
      teller.flush()
    },
  }

  async function run(): Promise<void> {
    await clock.sleep(0, signal)
    teller.begin()
    while (!signal.aborted) {
      if (isBehind) await catchUp()
      if (!isPaused) teller.add(closing.passTime(clock.now()))
      teller.flush()
      nap = new AbortController()
      await clock.sleep(TICK_MS, AbortSignal.any([signal, nap.signal]))
      if (nap.signal.aborted) await clock.sleep(GATHER_MS, signal)
    }
  }

  closing.recall(memory.entries(), find, clock.now())
  teller.recall(find)
  buckets.observe(observer)
  const ended = run().catch((error) => log.error({ error }, 'the telling of events has ended'))

  return {
    open: () => closing.open(),
    told: () => told,
    failure: () => teller.failure(),
    /** What an import is about to store it has told itself. */
    toldElsewhere(drafts: readonly Draft[]): void {
      for (const { data } of drafts) elsewhere.add(data)
    },
    /** Remembers how far it is, so that a crash makes it look at less again. */
    save: () => teller.save(),
    /** True for the event that is open now: whoever reads it elsewhere has only a part of it. */
    isOpen: (bucket: string, start: number) => closing.isOpenAt(bucket, start),
    pause(paused: boolean): void {
      if (paused === isPaused) return
      isPaused = paused
      if (paused) teller.add(closing.closeAll())
      teller.pause(paused)
      teller.save()
      nap.abort()
    },
    /** Of what touches [since, until) in µs, in these buckets. */
    forget(isMeant: (bucket: Bucket, event: Pick<StoredEvent, 'start'>, duration: number) => boolean): void {
      closing.forget((bucket, event) => isMeant(bucket, event, event.duration))
      teller.forget(({ bucket, event, duration }) => isMeant(bucket as Bucket, event, duration))
    },
    /** After the store is closed, which says what it has stored until then. */
    async close(): Promise<void> {
      stopped.abort()
      await ended
      if (!isPaused) teller.add(closing.closeAll())
      teller.flush()
      teller.save()
    },
  }
}
