// Nobody waits for ever: work that takes too long is answered with "try again". Not for: ending the work.
import type { Clock } from '../../component.ts'
import { DaybookError, type ErrorCode } from '../../schemas/errors.ts'

/**
 * Rejects when work takes longer than the time; the work goes on, and sending the same again changes nothing. `since`:
 * what the caller still has to do, whose time does not count.
 */
export type InTime = <T>(work: Promise<T>, since?: Promise<unknown>) => Promise<T>

/** `code`: what is said to be away when there is no answer, which is what most of the time goes to. */
export function createInTime(clock: Clock, answerMs: number, code: ErrorCode): InTime {
  return async <T>(work: Promise<T>, since: Promise<unknown> = Promise.resolve()) => {
    const answered = new AbortController()
    const late = since
      .then(() => clock.sleep(answerMs, answered.signal))
      .then(() => {
        if (answered.signal.aborted) return work
        work.catch(() => {})
        const detail = `No answer within ${answerMs / 1000} s. What was sent may still be stored; sending it again is safe.`
        throw new DaybookError(code, detail)
      })
    try {
      return await Promise.race([work, late])
    } finally {
      answered.abort()
    }
  }
}
