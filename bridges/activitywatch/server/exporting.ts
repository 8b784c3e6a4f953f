// Lists of events and exports as pieces of JSON, so that the largest bucket is never whole in memory. Not for: finding
// the events (../store/reads.ts).
import type { Bucket, Buckets, Range, StoredEvent } from '../store/buckets.ts'
import { clipped, rounded } from '../store/range.ts'
import { bucketJson, eventJson, exportedEvent } from './wire.ts'

/** The events of a range, rounded and clipped as aw-server does it. */
export function* eventList(buckets: Buckets, bucket: string, asked: Range): Generator<string> {
  const range = rounded(asked)
  yield '['
  yield* joined(buckets.pages(bucket, range), (event) => eventJson(clipped(event, range)))
  yield ']'
}

/** `{"buckets":{...}}` of these buckets, with all of their events. */
export function* exportOf(buckets: Buckets, which: readonly Bucket[]): Generator<string> {
  yield '{"buckets":{'
  let separator = ''
  for (const { id } of which) {
    // It may have gone while the one before was written.
    const bucket = buckets.get(id)
    if (!bucket) continue
    yield `${separator}${JSON.stringify(id)}:${JSON.stringify(bucketJson(bucket)).slice(0, -1)},"events":[`
    yield* joined(buckets.pages(id), exportedEvent)
    yield ']}'
    separator = ','
  }
  yield '}}'
}

function* joined(pages: Iterable<StoredEvent[]>, shape: (event: StoredEvent) => unknown): Generator<string> {
  let separator = ''
  for (const page of pages) {
    yield separator + page.map((event) => JSON.stringify(shape(event))).join(',')
    separator = ','
  }
}
