// The one way in of an instance: whatever comes, over MQTT or read back, is taken here. It is remembered only once what it
// says is safely in the outbox, so that a failure loses nothing and a repetition tells nothing twice. Not for: where it
// comes from.
import type { BridgeHost } from '../bridge.ts'
import { type FrigateConfig, type Instance, wants } from './config.ts'
import type { Known } from './known.ts'
import type { Memory } from './memory.ts'
import { type FrigateContext, type Heard, type Step, step } from './translate.ts'
import type { Review, Tracked } from './wire.ts'

export interface TakerParts {
  host: Pick<BridgeHost<FrigateConfig>, 'emit' | 'space' | 'clock' | 'config' | 'log'>
  instance: Instance
  memory: Memory
  /** Tracked objects are activities of their own. */
  objectsAlone(): boolean
  /** A review has ended, and that is told. */
  ended(known: Known): void
}

export type Taker = ReturnType<typeof createTaker>

export function createTaker({ host, instance, memory, objectsAlone, ended }: TakerParts) {
  const context: FrigateContext = {
    space: host.space,
    instance: instance.name,
    get now() {
      return host.clock.now()
    },
    wants: (camera) => wants(instance, camera),
    known: memory.known,
    holding: memory.holding,
    detail: memory.detail,
    available: memory.available,
    confidence: host.config.confidence,
    get objectsAlone() {
      return objectsAlone()
    },
    refers: host.config.pictures === 'refer' && instance.url !== undefined,
  }
  let told = 0

  function keep({ notifications, reviews, detail, available, ended: closed }: Step): void {
    if (notifications.length > 0) host.emit(notifications)
    told += notifications.length
    if (detail) memory.setDetail(detail)
    if (available) memory.setAvailable(available)
    for (const known of reviews) memory.set(known)
    for (const known of closed) ended(known)
  }

  /** Takes one message; throws what `emit` throws, and then nothing was taken. */
  function take(heard: Heard): void {
    let made: Step
    try {
      made = step(heard, context)
    } catch (error) {
      // A mistake of ours: offering it again would make it again, and hold up all that follows.
      host.log.error({ kind: heard.kind, err: error }, 'a message cannot be translated')
      return
    }
    keep(made)
  }

  return {
    context,
    keep,
    take,
    /** Notifications so far. */
    told: () => told,
    /** A review as the HTTP API has it. */
    takeReview: (review: Review) =>
      take({ kind: 'reviews', payload: { type: review.end_time ? 'end' : 'update', after: review } }),
    takeObject: (object: Tracked) =>
      take({ kind: 'events', payload: { type: object.end_time ? 'end' : 'update', after: object } }),
  }
}
