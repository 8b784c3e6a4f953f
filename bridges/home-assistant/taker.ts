// The one way in: whatever comes, live or from the past, is taken in batches here. It is remembered only once what it
// says is safely in the outbox, so that a failure loses nothing and a repetition tells nothing twice. Not for: where it
// comes from.
import type { BridgeHost, Notification } from '../bridge.ts'
import type { HomeAssistantConfig } from './config.ts'
import type { HomeContext } from './context.ts'
import { createFilter } from './filter.ts'
import type { Memory } from './memory.ts'
import type { Known } from './observe.ts'
import { nowhere, type Places } from './registries.ts'
import { notificationOf, type Step } from './translate.ts'
import { attribute, type HomeState } from './wire.ts'

const BATCH = 200
/** Enough for what the logbook repeats after a gap. */
const TOLD_KEPT = 2000

/** What is known of the house besides its states; the session keeps it up to date. */
export interface House {
  places: Places
  /** By person. */
  trackers: Map<string, readonly unknown[]>
  ownUser?: string | undefined
}

export type Taker = ReturnType<typeof createTaker>

export function createTaker(host: BridgeHost<HomeAssistantConfig>, memory: Memory) {
  const { readings } = host.config
  const house: House = { places: new Map(), trackers: new Map() }
  const told = new Set<string>()
  /** What this batch has found out, until it is kept. */
  let staged = new Map<string, Known>()
  let telling = new Set<string>()
  const context: HomeContext = {
    space: host.space,
    get now() {
      return host.clock.now()
    },
    known: (id) => staged.get(id) ?? memory.get(id),
    place: (id) => house.places.get(id) ?? nowhere,
    wanted: createFilter(host.config),
    isOwnedTracker: (id) =>
      id.startsWith('device_tracker.') && [...house.trackers.values()].some((t) => t.includes(id)),
    readings,
    get ownUser() {
      return house.ownUser
    },
  }

  /** Events, unlike states, have nothing to be compared with: what was told lately is not told again. */
  function isRepeated(notification: Notification): boolean {
    const name = repetitionOf(notification)
    const repeated = told.has(name) || telling.has(name)
    telling.add(name)
    return repeated
  }

  /** Emits, and only then remembers. */
  function keep(notifications: readonly Notification[]): void {
    if (notifications.length > 0) host.emit(notifications)
    for (const [id, known] of staged) memory.set(id, known)
    for (const name of telling) told.add(name)
    for (const name of told) {
      if (told.size <= TOLD_KEPT) break
      told.delete(name)
    }
    begin()
  }

  function begin(): void {
    staged = new Map()
    telling = new Set()
  }

  return {
    context,
    house,
    /**
     * Takes items in order; throws what `emit` throws, and then the rest was not taken. With `mark`, everything up to
     * the newest of them counts as seen.
     */
    take<T>(items: readonly T[], how: (item: T, context: HomeContext) => Step, { mark }: { mark: boolean }): void {
      for (let from = 0; from < items.length; from += BATCH) {
        begin()
        let newest: number | undefined
        const notifications = items.slice(from, from + BATCH).flatMap((item) => {
          const { notifications: said, at, remember } = how(item, context)
          if (at !== undefined) newest = Math.max(newest ?? at, at)
          if (!remember) return said.filter((notification) => !isRepeated(notification))
          staged.set(...remember)
          return said
        })
        keep(notifications)
        if (mark && newest !== undefined) memory.advance(newest)
      }
    },
    /** Tells the readings whose interval has passed. */
    release(): void {
      begin()
      const due = memory.due(host.clock.now(), readings)
      for (const { id, known } of due) staged.set(id, known)
      keep(due.flatMap(({ changes }) => changes.map((change) => notificationOf(change, context))))
    },
    /** Persons own trackers, and the users behind them are people. */
    learnPerson(state: HomeState): void {
      const { device_trackers: owned } = state.attributes
      if (Array.isArray(owned)) house.trackers.set(state.entity_id, owned)
      if (house.ownUser && attribute(state.attributes, 'user_id') === house.ownUser) house.ownUser = undefined
    },
  }
}

/** What a person does is told once: the calls that follow from a call, as in a script, have its context. */
function repetitionOf({ id, data, cause }: Notification): string {
  return data?.category === 'service' && cause ? `service ${cause.id}` : id
}
