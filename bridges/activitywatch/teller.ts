// Tells what closes, each once: what is about to be told is remembered before it is emitted, and told again with the same
// ids if that was cut short. Not for: what closes (closing.ts), or where events come from (live.ts, follow.ts).
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost } from '../bridge.ts'
import type { Find, Remembered } from './closing.ts'
import type { Memory } from './memory.ts'
import { type Telling, tell } from './translate.ts'

/** So many are emitted at a time. */
const BATCH = 200
/** With more that wait, nothing more is taken: the outbox is full, or somebody brings in the past. */
const WAITING_MOST = 2000

export type Teller = ReturnType<typeof createTeller>

export interface TellerOptions<Position> {
  host: Pick<BridgeHost<unknown>, 'emit' | 'space' | 'log'>
  /** What is open, and what ended last. */
  entries: () => readonly Remembered[]
  memory: Memory<Position>
  /** Up to where events were taken. */
  position: () => Position
  /** Told once a batch is emitted: how many notifications. */
  told?: (count: number) => void
}

export function createTeller<Position>({ host, entries, memory, position, told }: TellerOptions<Position>) {
  const { emit, space, log } = host
  let waiting: Telling[] = []
  let hasBegun = false
  let paused = false
  const remembered = memory.telling()
  let failure: DaybookError | undefined

  function save(): void {
    memory.save(position(), entries(), waiting)
  }

  /** Emits what waits, and remembers that. What the outbox does not take now waits on. */
  function flush(): void {
    try {
      while (waiting.length > 0 && hasBegun && !paused) {
        save()
        const batch = waiting.slice(0, BATCH)
        const notifications = batch.flatMap((telling) => tell(telling, space) ?? [])
        if (notifications.length > 0) emit(notifications)
        waiting = waiting.slice(batch.length)
        told?.(notifications.length)
      }
      failure = undefined
    } catch (thrown) {
      const error = asDaybookError(thrown)
      if (failure?.code !== error.code) log.warn({ code: error.code }, `events wait: ${error.message}`)
      failure = error
    }
  }

  return {
    /** Why what waits cannot be told now. */
    failure: () => failure,
    isFull: () => waiting.length >= WAITING_MOST,
    add(tellings: readonly Telling[]): void {
      for (const telling of tellings) waiting.push(telling)
    },
    /** What was remembered as being told, as far as it is found. */
    recall(find: Find): void {
      waiting = [...remembered(find), ...waiting]
    },
    forget(isMeant: (telling: Telling) => boolean): void {
      waiting = waiting.filter((telling) => !isMeant(telling))
      save()
    },
    /** Nothing is emitted before: only once the bridge is open its host says whether it is paused. */
    begin(): void {
      hasBegun = true
    },
    /** What has ended is told before a pause begins; what cannot be then waits until it is over. */
    pause(pause: boolean): void {
      if (pause) flush()
      paused = pause
    },
    flush,
    save,
  }
}
