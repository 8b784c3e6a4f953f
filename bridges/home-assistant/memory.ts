// What the bridge remembers of the house: the last known state of each entity, and up to when it has seen everything.
// Kept in the outbox's file in a few pieces, written every few seconds: what a crash loses of it is found again in Home
// Assistant's history, and comes out with the same ids. Not for: deciding what is worth telling (observe.ts).
import type { BridgeState, ForgetRequest } from '../bridge.ts'
import type { ReadingOptions } from './deadband.ts'
import { type Known, release } from './observe.ts'
import { micros, millis } from './wire.ts'

const PIECES = 64
const SEEN = 'seen'
const FIRST = 'first'
const piece = (index: number) => `entities/${index}`

export type Memory = ReturnType<typeof createMemory>

export function createMemory(state: BridgeState) {
  const entities = new Map<string, Known>()
  /** last_updated of the readings that wait. */
  const held = new Map<string, number>()
  const dirty = new Set<number>()
  let seen = state.get<number>(SEEN)
  let keptSeen = seen
  let first = state.get<number>(FIRST) ?? seen
  for (let index = 0; index < PIECES; index++) {
    for (const [id, known] of Object.entries(state.get<Record<string, Known>>(piece(index)) ?? {}))
      entities.set(id, known)
  }

  return {
    get: (id: string) => entities.get(id),
    ids: () => [...entities.keys()],
    /** Everything of Home Assistant up to here was taken in, epoch microseconds; undefined before the first time. */
    seen: () => seen,
    /** When that began, epoch microseconds: what is older can only come from an import. */
    first: () => first,
    advance(at: number) {
      if (first === undefined) {
        first = at
        state.set(FIRST, at)
      }
      seen = Math.max(seen ?? 0, at)
    },
    set(id: string, known: Known) {
      if (isWorthKeeping(entities.get(id), known)) dirty.add(pieceOf(id))
      entities.set(id, known)
      if (known.held) held.set(id, micros(known.held.last_updated))
      else held.delete(id)
    },
    /** The readings whose time has come at `now`, with what is then known of their entities. */
    due(now: number, options: ReadingOptions) {
      return [...held.keys()].flatMap((id) => {
        const known = entities.get(id)
        if (!known?.held || (known.told && now < known.told.at + options.minIntervalSeconds * 1000)) return []
        return [{ id, ...release(known, now, options) }]
      })
    },
    /** As if nothing had ever been seen. */
    restart() {
      entities.clear()
      held.clear()
      seen = undefined
      keptSeen = undefined
      first = undefined
      for (const key of state.keys('entities/')) state.delete(key)
      state.delete(SEEN)
      state.delete(FIRST)
    },
    /** How many entities were forgotten. */
    forget({ since = 0, until = Infinity, source, entity }: ForgetRequest): number {
      if (source !== undefined && source !== 'home_assistant') return 0
      const gone = [...entities].filter(([id, { at }]) => {
        return (entity === undefined || entity === id) && millis(at) >= since && millis(at) < until
      })
      for (const [id] of gone) {
        entities.delete(id)
        held.delete(id)
        dirty.add(pieceOf(id))
      }
      this.flush()
      return gone.length
    },
    /** Writes what changed. A reading still held is asked for again after a restart. */
    flush() {
      const pieces = new Map([...dirty].map((index): [number, Record<string, Known>] => [index, {}]))
      for (const [id, { held: _, ...known }] of pieces.size > 0 ? entities : []) {
        const into = pieces.get(pieceOf(id))
        if (into) into[id] = known
      }
      for (const [index, content] of pieces) state.set(piece(index), content)
      dirty.clear()
      const kept = seen === undefined ? undefined : Math.min(seen, ...[...held.values()].map((at) => at - 1))
      if (kept !== undefined && kept !== keptSeen) state.set(SEEN, kept)
      keptSeen = kept
    },
  }
}

/** Of a curve, `at` and `held` alone are found again in history. */
function isWorthKeeping(before: Known | undefined, now: Known): boolean {
  if (before === undefined || before.state !== now.state) return true
  return now.told === undefined ? before.at !== now.at : before.told?.at !== now.told.at
}

function pieceOf(id: string): number {
  let hash = 0
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0
  return Math.abs(hash % PIECES)
}
