// Group commit: what is asked for in one turn of the event loop is one transaction and one sync, and nobody is answered
// before it. While a sync runs more requests arrive, which share the next one. Not for: what is written (open.ts).
import { DaybookError } from '../../../schemas/errors.ts'

export interface GroupOptions {
  begin(): void
  /** Writes what was held back, and syncs. */
  commit(): void
  rollback(): void
  /** After a sync, before anyone is answered: nothing of it can be lost any more. */
  synced(): void
  /** What anything thrown means to those who wait: what it undid is everything in the group. */
  failure(error: unknown): DaybookError
}

export interface Group {
  /**
   * Resolves to what `work` returns, once it is synced. A DaybookError that it throws is its own and must have changed
   * nothing; anything else undoes the whole group.
   */
  run<Result>(work: () => Result): Promise<Result>
  /** Does what waits, and takes no more: `run` then rejects with `shutting_down`. Safe twice. */
  close(): void
}

interface Waiting {
  work(): unknown
  resolve(result: unknown): void
  reject(error: unknown): void
}

export function createGroup({ begin, commit, rollback, synced, failure }: GroupOptions): Group {
  let waiting: Waiting[] = []
  let closed = false

  function flush(): void {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    const answers: (() => void)[] = []
    try {
      begin()
      for (const { work, resolve, reject } of group) {
        try {
          const result = work()
          answers.push(() => resolve(result))
        } catch (error) {
          if (!(error instanceof DaybookError)) throw error
          answers.push(() => reject(error))
        }
      }
      commit()
    } catch (error) {
      rollback()
      const why = failure(error)
      for (const { reject } of group) reject(why)
      return
    }
    synced()
    for (const answer of answers) answer()
  }

  return {
    run<Result>(work: () => Result): Promise<Result> {
      if (closed) return Promise.reject(new DaybookError('shutting_down'))
      const { promise, resolve, reject } = Promise.withResolvers<Result>()
      if (waiting.length === 0) setImmediate(flush)
      waiting.push({ work, resolve: resolve as (result: unknown) => void, reject })
      return promise
    },
    close() {
      closed = true
      flush()
    },
  }
}
