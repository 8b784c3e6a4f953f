// What translation knows of the house besides the event itself, and what every notification of this bridge shares. Not
// for: filling it, which the session does.
import type { Notification, TranslateContext } from '../bridge.ts'
import type { ReadingOptions } from './deadband.ts'
import type { Filter } from './filter.ts'
import type { Known } from './observe.ts'
import type { Place } from './registries.ts'
import type { HomeState } from './wire.ts'

export const SOURCE = 'home_assistant'

export interface HomeContext extends TranslateContext {
  known(entityId: string): Known | undefined
  place(entityId: string): Place
  wanted: Filter
  /** Trackers that a person owns: the person is told instead. */
  isOwnedTracker(entityId: string): boolean
  readings: ReadingOptions
  /** The user that only Daybook acts as; undefined while its token belongs to a person of the house. */
  ownUser?: string | undefined
}

/** Home Assistant's context as our cause; history has none. */
export function causeOf(context: HomeState['context']): Notification['cause'] {
  if (!context?.id) return undefined
  const { id, parent_id, user_id } = context
  return { id, ...(parent_id && { parentId: parent_id }), ...(user_id && { userId: user_id }) }
}
