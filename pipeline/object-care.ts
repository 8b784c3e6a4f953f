// Keeps objects true over time: those that wait in Postgres move to the configured store, missing ones are looked for and
// asked for, and what nobody refers to is swept. Not for: how any of it is done (storage/objects.ts), or when a reference
// comes in, which waits for none of this.
import type { Bus } from '../broker/bus.ts'
import type { Clock, Component, Health, Logger } from '../component.ts'
import type { MissingPayload } from '../schemas/delivery.ts'
import { asDaybookError, type DaybookError, errors } from '../schemas/errors.ts'
import type { Topics } from '../schemas/topics.ts'
import type { Catalogue, MissingObject } from '../storage/catalogue.ts'
import type { Objects } from '../storage/objects.ts'

export interface ObjectCareOptions {
  objects: Pick<Objects, 'move' | 'adopt' | 'sweep'>
  storage: { readonly catalogue: Pick<Catalogue, 'askForMissing'> }
  bus: Pick<Bus, 'publish'>
  topics: Topics
  clock: Clock
  log: Logger
}

/** One of the things that is done again and again; times in ms. */
interface Chore {
  name: string
  /** Before the first time: a start has better things to do. */
  firstMs: number
  /** Until the next time, after a turn that found something to do and after one that did not. */
  busyMs: number
  idleMs: number
  /** Does a bounded part of it; true if there may be more. */
  turn(): Promise<boolean>
}

/** After failures in a row: doubling from the first to the second. */
const RETRY_MS = { first: 5_000, most: 300_000 }
const ASKED_AT_ONCE = 20

export function createObjectCare({ objects, storage, bus, topics, clock, log }: ObjectCareOptions): Component {
  const end = new AbortController()
  const troubles = new Map<string, DaybookError>()
  const counts = { moved: 0, adopted: 0, asked: 0, swept: 0 }
  let running: Promise<unknown> = Promise.resolve()

  const chores: readonly Chore[] = [
    { name: 'moving', firstMs: 1_000, busyMs: 50, idleMs: 3_000, turn: move },
    { name: 'asking', firstMs: 2_000, busyMs: 1_000, idleMs: 5_000, turn: ask },
    { name: 'sweeping', firstMs: 60_000, busyMs: 3_600_000, idleMs: 3_600_000, turn: sweep },
  ]

  async function move(): Promise<boolean> {
    const moved = await objects.move()
    counts.moved += moved
    return moved > 0
  }

  async function ask(): Promise<boolean> {
    const missing = await storage.catalogue.askForMissing(ASKED_AT_ONCE)
    for (const object of missing) {
      if (end.signal.aborted) return false
      if (await adopted(object)) counts.adopted++
      else await askFor(object)
    }
    return missing.length === ASKED_AT_ONCE
  }

  /** Its bytes may have been there all along. A store that cannot be looked into is no reason not to ask. */
  async function adopted(object: MissingObject): Promise<boolean> {
    try {
      return await objects.adopt(object)
    } catch (thrown) {
      log.debug({ id: object.id, reason: asDaybookError(thrown).message }, 'a missing object was not looked for')
      return false
    }
  }

  async function askFor({ storage: name, id, activityId, producer, asked }: MissingObject): Promise<void> {
    const told: MissingPayload = {
      code: 'object_missing',
      message: `${errors.object_missing.sentence} Whoever has it may put it; it is asked for ever more rarely.`,
      producer,
      id: activityId,
      storage: name,
      objectId: id,
      asked,
      askedAt: clock.now(),
    }
    await bus.publish(topics.rejected(producer), JSON.stringify(told))
    counts.asked++
  }

  async function sweep(): Promise<boolean> {
    const { removed } = await objects.sweep()
    counts.swept += removed
    return false
  }

  async function repeat({ name, firstMs, busyMs, idleMs, turn }: Chore): Promise<void> {
    let retryMs = RETRY_MS.first
    for (let wait = firstMs; ; ) {
      await clock.sleep(wait, end.signal)
      if (end.signal.aborted) return
      try {
        wait = (await turn()) ? busyMs : idleMs
        troubles.delete(name)
        retryMs = RETRY_MS.first
      } catch (thrown) {
        const error = asDaybookError(thrown)
        if (troubles.get(name)?.code !== error.code)
          log.warn({ code: error.code, reason: error.detail }, `${name} objects failed, it is tried again`)
        troubles.set(name, error)
        wait = retryMs
        retryMs = Math.min(retryMs * 2, RETRY_MS.most)
      }
    }
  }

  return {
    name: 'object care',
    async start() {
      running = Promise.all(chores.map(repeat))
    },
    async stop() {
      end.abort()
      await running
    },
    health(): Health {
      const figures = { ...counts }
      const [first] = troubles
      if (!first) return { state: 'ok', figures }
      const [name, { code, message }] = first
      return { state: 'degraded', code, detail: `${name}: ${message}`, figures }
    },
  }
}
