// Whether an event must stay away: forgotten or paused. Pure. Not for: making or keeping the rules (storage/ledger.ts).
import { createHmac } from 'node:crypto'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { Suppression } from '../storage/ledger.ts'

/** The rule that keeps this event away, or undefined. `key` is the secret of the id hashes. */
export function suppressedBy(
  event: ActivityEvent,
  rules: readonly Suppression[],
  key: string,
): Suppression | undefined {
  return rules.find(
    (rule) =>
      event.timestamp >= rule.since &&
      (rule.until === null || event.timestamp < rule.until) &&
      (rule.source === undefined || rule.source === event.source) &&
      (rule.entity === undefined || rule.entity === event.details?.entity_id) &&
      (rule.idHash === undefined || rule.idHash === hashId(event.id, key)),
  )
}

/** Ids are kept only as keyed hashes, so that a list of the forgotten tells nothing. */
export function hashId(id: string, key: string): string {
  return createHmac('sha256', key).update(id).digest('hex')
}
