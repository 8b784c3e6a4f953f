// The pauses as this bridge knows them: what happened in one is never kept, also when it comes hours later, and no stretch
// goes on through one. Not for: what is emitted, which the host holds to its own pauses.
import type { Clock } from '../../component.ts'
import type { HeartbeatsFile } from './file.ts'

export interface Quiet {
  readonly paused: boolean
  set(paused: boolean): void
  /** Epoch µs. */
  covers(time: number): boolean
  /** True if a pause lies between. */
  between(from: number, to: number): boolean
}

/** In µs; `until` null while it lasts. */
interface Pause {
  since: number
  until: number | null
}

/** A pause that lasted when the house stopped ends now, unless the host says at once that it goes on. */
export function createQuiet({ statements }: HeartbeatsFile, clock: Clock): Quiet {
  let pauses: Pause[] = []
  let paused = false
  const read = () => {
    pauses = statements.pauses.all() as unknown as Pause[]
  }
  read()
  /** The pause that an earlier run had left open. */
  let left = pauses.at(-1)?.until === null

  function end(): void {
    statements.resume.run(clock.now() * 1000)
    read()
  }

  function settle(): void {
    if (left && !paused) end()
    left = false
  }

  return {
    get paused() {
      return paused
    },
    set(pause) {
      if (pause === paused) return
      paused = pause
      if (!pause) end()
      else if (!left) {
        statements.pause.run(clock.now() * 1000)
        read()
      }
      left = false
    },
    covers(time) {
      settle()
      return pauses.some(({ since, until }) => time >= since && time < (until ?? Infinity))
    },
    between(from, to) {
      settle()
      return pauses.some(({ since, until }) => since < to && (until ?? Infinity) > from)
    },
  }
}
