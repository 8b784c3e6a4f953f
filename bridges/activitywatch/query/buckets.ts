// What a query reads: buckets found by name, their events in the period, and how many those are. Not for: how the period
// is rounded and events are clipped (period.ts).
import { functionError, limitError, QueryCrash } from './failures.ts'
import type { Scope } from './function.ts'
import { type Instant, readInstant } from './instants.ts'
import { clipped, rounded } from './period.ts'
import { printed } from './print.ts'
import { isTrue, type Value } from './values.ts'

/** The first bucket whose id holds the text, of that host if one is given. */
export function findBucket({ source }: Scope, part: string, hostname: Value | undefined): Value {
  for (const bucket of source.list()) {
    if (bucket.id.includes(part) && (!isTrue(hostname) || bucket.hostname === hostname)) return bucket.id
  }
  const host = printed(hostname ?? null)
  throw functionError(`Unable to find bucket matching '${part}' (hostname filter set to '${host}')`)
}

export function queryBucket(scope: Scope, bucket: string): Value {
  verifyExists(scope, bucket)
  const { source, budget } = scope
  const [start, end] = [bound(scope, 'STARTTIME'), bound(scope, 'ENDTIME')]
  if (!start || !end) throw functionError('Unable to parse starttime/endtime for query_bucket')
  const range = rounded(start, end)
  const room = budget.room()
  const found = source.events(bucket, { ...range, limit: room + 1 })
  if (found.length > room)
    throw limitError(`The query holds more than ${budget.limits.events} events: ask for less time`)
  return found.map((event) => clipped(event, range, budget))
}

/** The period is not rounded for counting. */
export function queryBucketEventcount(scope: Scope, bucket: string): Value {
  verifyExists(scope, bucket)
  const [start, end] = [bound(scope, 'STARTTIME'), bound(scope, 'ENDTIME')]
  if (!start || !end) throw new QueryCrash('ParseError', 'STARTTIME or ENDTIME is no date')
  return scope.source.count(bucket, { since: start.us, until: end.us })
}

function verifyExists({ source }: Scope, bucket: string): void {
  if (source.list().some(({ id }) => id === bucket)) return
  throw functionError(`There's no bucket named '${printed(bucket)}'`)
}

function bound({ names }: Scope, name: string): Instant | undefined {
  const text = names.get(name)
  return typeof text === 'string' ? readInstant(text) : undefined
}
