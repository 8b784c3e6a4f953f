// How an outbox is, in the words of a part's health. Pure. Not for: the health of the bridge, which it only passes on.
import type { Health } from '../../component.ts'
import type { DaybookError } from '../../schemas/errors.ts'

/** What is known of an outbox; of several troubles the first is told. */
export interface Condition {
  running: boolean
  diskError: DaybookError | undefined
  /** Of which it takes no more. */
  full: 'events' | 'payloads' | undefined
  uploadError: DaybookError | undefined
  busAway: boolean
  /** Where the damaged file that stood here was put. */
  setAside: string | null
  figures: NonNullable<Health['figures']>
}

export function outboxHealth(condition: Condition): Health {
  const { running, diskError, full, uploadError, busAway, setAside, figures } = condition
  if (!running) return { state: 'stopped', figures }
  if (diskError) return { state: 'failed', code: diskError.code, detail: diskError.message, figures }
  const degraded = (detail: string, code?: string): Health => ({
    state: 'degraded',
    ...(code === undefined ? {} : { code }),
    detail,
    figures,
  })
  if (full) return degraded(`New ${full} are refused.`, 'outbox_full')
  if (busAway) return degraded('Events wait on disk.', 'bus_unavailable')
  if (uploadError) return degraded(`Payloads wait on disk. ${uploadError.message}`, uploadError.code)
  if (setAside) return degraded(`The outbox was damaged and now is ${setAside}.`)
  return { state: 'ok', figures }
}
