// Reads back what an absence has missed, of Daybook, of the broker, or of Frigate: its messages have QoS 0, so only its
// database still knows. Not for: the whole past (import.ts).
import type { Clock } from '../../component.ts'
import type { Client } from './client.ts'
import type { Memory } from './memory.ts'
import { readBack, readReview } from './read-back.ts'
import type { Taker } from './taker.ts'
import { stepGone } from './translate.ts'
import type { Review } from './wire.ts'

/** Read again, as what was heard last need not have been all. */
const OVERLAP_MS = 600_000
/** Its clock may be ahead of ours. */
const AHEAD_MS = 3_600_000
const DAY_MS = 86_400_000
/** What was just said need not be in its database yet. */
const FRESH_MS = 60_000
/** A Frigate that comes back after a crash gives what was open then the end "now". */
const RESTART_MS = 120_000

export interface CatchUpParts {
  client: Client
  memory: Memory
  taker: Taker
  clock: Clock
  catchUpDays: number
  /** When it last said that it is online, epoch ms. */
  onlineAt: number | undefined
  /** Resolves when more may be taken. */
  room(): Promise<void>
}

/** Rejects with `frigate_unreachable`, `frigate_auth`, or what `emit` throws; what was taken by then stays taken. */
export async function catchUp({ client, memory, taker, clock, ...parts }: CatchUpParts): Promise<void> {
  const { catchUpDays, onlineAt = 0, room } = parts
  const now = clock.now()
  const seen = memory.seen()
  // Before the first time there is nothing that was missed, only what goes on.
  const since = seen === undefined ? now : Math.max(seen - OVERLAP_MS, now - catchUpDays * DAY_MS)
  const found = new Set<string>()
  const allObjects = taker.context.objectsAlone
  const range = { since: since / 1000, until: (now + AHEAD_MS) / 1000, allObjects }
  for await (const { reviews, objects } of readBack(client, range)) {
    for (const object of objects) {
      await room()
      found.add(object.id)
      if (seen !== undefined || !allObjects || !object.end_time) taker.takeObject(object)
    }
    for (const review of reviews) {
      await room()
      found.add(review.id)
      const isMadeUp = memory.known(review.id)?.inferred && Math.abs(endOf(review) - onlineAt) < RESTART_MS
      if (!isMadeUp && (seen !== undefined || !review.end_time)) taker.takeReview(review)
    }
    memory.flush()
  }
  for (const known of memory.open()) {
    const { id } = known.review
    if (found.has(id) || known.heardAt > now - FRESH_MS) continue
    await lookAfter(id, { client, memory, taker, clock })
  }
  memory.advance(now)
  memory.flush()
}

function endOf({ end_time }: Review): number {
  return (end_time ?? 0) * 1000
}

/** Asks how an open review is: it goes on, it has ended, or nobody knows it any more. Rejects as `catchUp`. */
export async function lookAfter(
  id: string,
  { client, memory, taker, clock }: Pick<CatchUpParts, 'client' | 'memory' | 'taker' | 'clock'>,
): Promise<void> {
  const review = await readReview(client, id)
  const known = memory.known(id)
  if (!known || known.end !== undefined) return
  if (review?.end_time) taker.takeReview(review)
  else if (review) memory.set({ ...known, heardAt: clock.now() })
  else taker.keep(stepGone(known, taker.context))
}
