// Which events must stay away: forgotten or paused. Pure, and as fast with ten thousand rules as with ten. Not for: making
// or keeping the rules (suppressions.ts, storage/ledger.ts).
import { createHmac } from 'node:crypto'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { Suppression } from '../storage/ledger.ts'

/** What of an event the rules look at. */
export type Suppressible = Pick<ActivityEvent, 'id' | 'source' | 'timestamp' | 'phase' | 'details'>

export interface Suppressor {
  /** True for an event that a rule keeps away. */
  covers(event: Suppressible): boolean
  /** True for an `end` that a pause lets through, because it may end what was before it. */
  closes(event: Pick<Suppressible, 'timestamp' | 'phase'>): boolean
  /** True for a moment within a pause. */
  pausedAt(timestamp: number): boolean
}

/** A stretch of time; `until` exclusive. */
interface Span {
  since: number
  until: number
}

/** What bridges end because a pause begins is told by then, ms: an `end` so soon after its beginning ends what was before it. */
export const CLOSING_MS = 2_000

/** The rules in a form to be asked of each event. `key` is the secret of the id hashes. */
export function suppressorOf(rules: readonly Suppression[], key: string): Suppressor {
  const isPause = (rule: Suppression) => rule.kind === 'pause'
  const pauses = spansOf(rules.filter(isPause))
  const kept = rules.filter((rule) => !isPause(rule))
  const forgotten = new Map([...Map.groupBy(kept, conditionOf)].map(([condition, each]) => [condition, spansOf(each)]))
  const sources = new Set(kept.flatMap(({ source }) => source ?? []))
  const entities = new Set(kept.flatMap(({ entity }) => entity ?? []))
  const hashes = kept.some(({ idHash }) => idHash !== undefined)

  /** Asks only for those combinations of conditions that some rule may have. */
  function isForgotten({ id, source, timestamp, details }: Suppressible): boolean {
    const entity = details?.entity_id
    const bySource = sources.has(source) ? [undefined, source] : [undefined]
    const byEntity = typeof entity === 'string' && entities.has(entity) ? [undefined, entity] : [undefined]
    const byHash = hashes ? [undefined, hashId(id, key)] : [undefined]
    return bySource.some((source) =>
      byEntity.some((entity) =>
        byHash.some((idHash) => spanAt(forgotten.get(conditionOf({ source, entity, idHash })), timestamp)),
      ),
    )
  }

  function closes({ timestamp, phase }: Pick<Suppressible, 'timestamp' | 'phase'>): boolean {
    const pause = phase === 'end' ? spanAt(pauses, timestamp) : undefined
    return pause !== undefined && timestamp < pause.since + CLOSING_MS
  }

  return {
    closes,
    covers(event) {
      if (spanAt(pauses, event.timestamp) && !closes(event)) return true
      return forgotten.size > 0 && isForgotten(event)
    },
    pausedAt: (timestamp) => spanAt(pauses, timestamp) !== undefined,
  }
}

/** Ids are kept only as keyed hashes, so that a list of the forgotten tells nothing. */
export function hashId(id: string, key: string): string {
  return createHmac('sha256', key).update(id).digest('hex')
}

function conditionOf({ source, entity, idHash }: Pick<Suppression, 'source' | 'entity' | 'idHash'>): string {
  return JSON.stringify([source ?? null, entity ?? null, idHash ?? null])
}

/** In order, those that overlap or touch as one. */
function spansOf(rules: readonly Suppression[]): Span[] {
  const spans: Span[] = []
  const sorted = rules
    .map(({ since, until }) => ({ since, until: until ?? Infinity }))
    .sort((a, b) => a.since - b.since)
  for (const span of sorted) {
    const last = spans.at(-1)
    if (last && span.since <= last.until) last.until = Math.max(last.until, span.until)
    else if (span.since < span.until) spans.push(span)
  }
  return spans
}

/** The one that holds this moment, by halving. */
function spanAt(spans: readonly Span[] = [], timestamp: number): Span | undefined {
  let low = 0
  let high = spans.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((spans[middle] as Span).since <= timestamp) low = middle + 1
    else high = middle
  }
  const span = spans[low - 1]
  return span && timestamp < span.until ? span : undefined
}
