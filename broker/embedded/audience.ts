// Whether any live subscription meets a topic: most activities are watched by nobody, and then need not be shown. Not
// for: kept sessions, whose messages are queued by Aedes.
import { matcher } from '../filters.ts'

export interface Emitter {
  on(filter: string, notify: unknown, done?: () => void): unknown
  removeListener(filter: string, notify: unknown, done?: () => void): unknown
}

/** Answers are remembered until a subscription changes, at most so many. */
const REMEMBERED = 10_000

/** Follows the emitter's subscriptions; the answer is for a topic. */
export function followAudience(emitter: Emitter): (topic: string) => boolean {
  const filters = new Map<string, { meets: (topic: string) => boolean; listening: Set<unknown> }>()
  const known = new Map<string, boolean>()
  const on = emitter.on.bind(emitter)
  const removeListener = emitter.removeListener.bind(emitter)

  emitter.on = (filter, notify, done) => {
    const entry = filters.get(filter)
    if (entry) entry.listening.add(notify)
    else filters.set(filter, { meets: matcher(filter), listening: new Set([notify]) })
    known.clear()
    return on(filter, notify, done)
  }

  emitter.removeListener = (filter, notify, done) => {
    // Told by name, not counted: a client that unsubscribes while it leaves takes its listener off twice.
    const entry = filters.get(filter)
    if (entry?.listening.delete(notify) && entry.listening.size === 0) filters.delete(filter)
    known.clear()
    return removeListener(filter, notify, done)
  }

  return (topic) => {
    const remembered = known.get(topic)
    if (remembered !== undefined) return remembered
    let heard = false
    for (const { meets } of filters.values()) heard ||= meets(topic)
    if (known.size >= REMEMBERED) known.clear()
    known.set(topic, heard)
    return heard
  }
}
