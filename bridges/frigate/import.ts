// Brings in all the past that Frigate still holds, with the ids that live capture gave or would have given, and its
// pictures. Not for: gaps of our own, which catch-up.ts fills without being asked.
import { asDaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ImportProgress, ImportRange } from '../bridge.ts'
import { stateInMemory } from '../in-memory.ts'
import type { Client } from './client.ts'
import type { FrigateConfig, Instance } from './config.ts'
import type { Known } from './known.ts'
import { createMemory, type Memory } from './memory.ts'
import { type Fetched, fetchOnce, refsOf } from './pictures.ts'
import { readBack, type Stretch } from './read-back.ts'
import { createTaker } from './taker.ts'
import { refsAtFrigate } from './tell.ts'
import { stepPictures } from './translate.ts'

const TRIES = 4
const PAUSE_MS = 1000

export interface ImportParts {
  host: BridgeHost<FrigateConfig>
  client: Client
  instance: Instance
  /** What live capture knows: what is open there, or was closed by us, is its own. */
  live: Memory
  objectsAlone: boolean
  range: ImportRange
  progress: (at: ImportProgress) => void
  signal: AbortSignal
}

/** Rejects with `frigate_unreachable`, `frigate_auth`. */
export async function importHistory(parts: ImportParts): Promise<void> {
  const { host, client, instance, live, range, objectsAlone, signal } = parts
  const since = range.since / 1000
  const until = Math.min(range.until, host.clock.now()) / 1000
  let read = 0
  let emitted = 0
  for await (const stretch of readBack(client, { since, until, allObjects: objectsAlone })) {
    if (signal.aborted) return
    const ended: Known[] = []
    // A memory of its own for each stretch: the past must not change what live capture knows of the present.
    const memory = createMemory(stateInMemory(), instance.name)
    const taker = createTaker({
      host,
      instance,
      memory,
      objectsAlone: () => objectsAlone,
      ended: (known) => ended.push(known),
    })
    const isOurs = (id: string) => {
      const known = live.known(id)
      return known !== undefined && (known.end === undefined || known.inferred !== undefined)
    }
    const isMeant = (time: number) => time >= stretch.from && time < stretch.to
    for (const object of stretch.objects) {
      if (objectsAlone) await host.room(signal)
      if (signal.aborted) return
      if (!isOurs(object.id)) taker.takeObject(object)
    }
    for (const review of stretch.reviews) {
      await host.room(signal)
      if (signal.aborted) return
      if (isMeant(review.start_time) && !isOurs(review.id)) taker.takeReview(review)
    }
    for (const known of ended) {
      if (signal.aborted) return
      const found = await picturesOf(known, parts)
      if (!found) continue
      taker.keep(stepPictures({ ...known, refs: found.refs }, found.what, taker.context))
      if (found.what === 'pictures') live.setPictured(known)
    }
    read += stretch.reviews.length + stretch.objects.length
    emitted += taker.told()
    parts.progress({ what: whatOf(stretch, instance), at: stretch.to * 1000, read, emitted })
  }
}

/** Undefined if they were copied before, are not to be, or are gone. References leave room for copies another time. */
async function picturesOf(
  known: Known,
  { host, client, live, signal }: ImportParts,
): Promise<{ refs: NonNullable<Known['refs']>; what: 'pictures' | 'references' } | undefined> {
  const { pictures, clips } = host.config
  if (pictures === 'refer' || live.isPictured(known)) return undefined
  const fetched: Fetched = {}
  for (let tries = 0; tries < TRIES && !signal.aborted; tries++) {
    try {
      await host.room(signal)
      await fetchOnce({ client, host, clips }, known, fetched)
      const refs = refsOf(fetched)
      return refs && { refs, what: 'pictures' }
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      host.log.debug({ review: known.review.id, code, tries }, message)
    }
    await host.clock.sleep(PAUSE_MS * 2 ** tries, signal)
  }
  return signal.aborted ? undefined : { refs: refsAtFrigate(known), what: 'references' }
}

function whatOf({ reviews, objects }: Stretch, { name }: Instance): string {
  return reviews.length > 0 || objects.length === 0 ? `reviews of ${name}` : `objects of ${name}`
}
