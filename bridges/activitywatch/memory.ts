// What the bridge remembers of one series of buckets, in one piece, so that it is all of one moment: how far they were
// looked at, what was open then, and what is being told. Not for: the events, which stay where they are.
import type { BridgeState } from '../bridge.ts'
import type { Find, Remembered } from './closing.ts'
import type { Telling } from './translate.ts'

/** A telling as it is remembered: its event is found again by its row. */
interface Told {
  bucket: string
  event: number
  duration: number
  phase?: Telling['phase']
}

interface Kept<Position> {
  position: Position
  entries: Remembered[]
  telling: Told[]
}

/** What has ended is remembered for so many buckets: what goes on after longer is told as if it had grown. */
const ENDED_MOST = 200

export type Memory<Position> = ReturnType<typeof createMemory<Position>>

/** `key`: of the series, in the bridge's state. */
export function createMemory<Position>(state: BridgeState, key: string) {
  let kept = state.get<Kept<Position>>(key)
  return {
    position: (): Position | undefined => kept?.position,
    entries: (): readonly Remembered[] => kept?.entries ?? [],
    /** What may have been told or not, as it is now: it is told again, with the same ids, once it is found. */
    telling(): (find: Find) => Telling[] {
      const told = kept?.telling ?? []
      return (find) =>
        told.flatMap(({ bucket, event, duration, phase }) => {
          const found = find(bucket, event)
          return found ? [{ ...found, duration, ...(phase && { phase }) }] : []
        })
    },
    /** Synced when it returns; nothing is written where nothing changed. */
    save(position: Position, entries: readonly Remembered[], telling: readonly Telling[]): void {
      const ended = entries.filter(({ open }) => !open).slice(-ENDED_MOST)
      const next: Kept<Position> = {
        position,
        entries: entries.filter((entry) => entry.open || ended.includes(entry)),
        telling: telling.map(({ bucket, event, duration, phase }) => ({
          bucket: bucket.id,
          event: event.id,
          duration,
          ...(phase && { phase }),
        })),
      }
      if (JSON.stringify(next) === JSON.stringify(kept)) return
      kept = next
      state.set(key, next)
    },
  }
}
