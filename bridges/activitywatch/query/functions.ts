// The functions of the query language: names, parameters, and what each runs. The closed table of aw_query 0.5.18.
// Not for: what they do with events (transforms/), or with buckets (buckets.ts).
import { findBucket, queryBucket, queryBucketEventcount } from './buckets.ts'
import type { Parameter, QueryFunction, Scope } from './function.ts'
import type { TypeName } from './print.ts'
import { categorize, tag } from './transforms/categorize.ts'
import { chunkEventsByKey } from './transforms/chunk.ts'
import { filterKeyvals, filterKeyvalsRegex } from './transforms/filter.ts'
import { flood } from './transforms/flood.ts'
import { filterPeriodIntersect } from './transforms/intersect.ts'
import { mergeEventsByKeys } from './transforms/merge.ts'
import { mergeSubwatcherFields } from './transforms/merge-subwatcher.ts'
import { periodUnion } from './transforms/period-union.ts'
import { simplifyTitles } from './transforms/simplify.ts'
import { concat, limitEvents, sortByDuration, sortByTimestamp, sumDurations } from './transforms/sort.ts'
import { splitUrlEvents } from './transforms/split-url.ts'
import { unionNoOverlap } from './transforms/union-no-overlap.ts'
import type { Value } from './values.ts'

type Of = { list: Value[]; str: string; int: number }
/** The type of a parameter by its mark: `events:list`, or `hostname:str?` for one that need not be given. */
type ValueOf<Mark extends string> = Mark extends `${string}:${TypeName}?`
  ? Value | undefined
  : Mark extends `${string}:${infer T extends TypeName}`
    ? Of[T]
    : never
type Values<Marks extends readonly string[]> = { [I in keyof Marks]: ValueOf<Marks[I]> }

/** Binds parameters to their types, so that the table below is checked: the caller has checked what is not optional. */
function takes<const Marks extends readonly string[]>(
  marks: Marks,
  run: (scope: Scope, ...args: Values<Marks>) => Value,
): QueryFunction {
  const parameters = marks.map((mark): Parameter => {
    const [name = '', type = ''] = mark.split(':')
    const optional = type.endsWith('?')
    return { name, type: type.replace('?', '') as TypeName, ...(optional ? { optional } : {}) }
  })
  return { takes: parameters, run: (scope, args) => run(scope, ...(args as unknown as Values<Marks>)) }
}

const events = 'events:list'

export const functions: ReadonlyMap<string, QueryFunction> = new Map([
  ['find_bucket', takes(['filter_str:str', 'hostname:str?'], findBucket)],
  ['query_bucket', takes(['bucketname:str'], queryBucket)],
  ['query_bucket_eventcount', takes(['bucketname:str'], queryBucketEventcount)],
  ['filter_keyvals', takes([events, 'key:str', 'vals:list'], filterKeyvals(true))],
  ['exclude_keyvals', takes([events, 'key:str', 'vals:list'], filterKeyvals(false))],
  ['filter_keyvals_regex', takes([events, 'key:str', 'regex:str'], filterKeyvalsRegex)],
  ['filter_period_intersect', takes([events, 'filterevents:list'], filterPeriodIntersect)],
  ['period_union', takes(['events1:list', 'events2:list'], periodUnion)],
  ['limit_events', takes([events, 'count:int'], limitEvents)],
  ['merge_events_by_keys', takes([events, 'keys:list'], mergeEventsByKeys)],
  [
    'merge_subwatcher_fields',
    takes(['base_events:list', 'subwatcher_events:list', 'keys:list', 'conflict:str?'], mergeSubwatcherFields),
  ],
  ['chunk_events_by_key', takes([events, 'key:str'], chunkEventsByKey)],
  ['sort_by_timestamp', takes([events], sortByTimestamp)],
  ['sort_by_duration', takes([events], sortByDuration)],
  ['sum_durations', takes([events], sumDurations)],
  ['concat', takes(['events1:list', 'events2:list'], concat)],
  ['union_no_overlap', takes(['events1:list', 'events2:list'], unionNoOverlap)],
  ['flood', takes([events, 'pulsetime:int?'], flood)],
  ['split_url_events', takes([events], splitUrlEvents)],
  ['simplify_window_titles', takes([events, 'key:str'], simplifyTitles)],
  ['nop', takes([], () => 1)],
  ['categorize', takes([events, 'classes:list'], categorize)],
  ['tag', takes([events, 'classes:list'], tag)],
])
