// What a client that asks for a stretch of time gets, as aw-server rounds and cuts it. Pure. Not for: finding the events.
import type { Draft, Range } from './buckets.ts'

const MS = 1000

/** To whole milliseconds: down at the start, and at the end to the next one even if it is whole (aw_datastore: get). */
export function rounded({ since, until, limit }: Range): Range {
  return {
    since: since === undefined ? undefined : Math.floor(since / MS) * MS,
    until: until === undefined ? undefined : Math.floor(until / MS) * MS + MS,
    limit,
  }
}

/** The part of an event that lies in the range, with the id of the whole (aw_datastore: peewee, get_events). */
export function clipped<Event extends Draft>(event: Event, { since, until }: Range): Event {
  let { start, duration } = event
  if (since !== undefined && start < since) {
    duration -= since - start
    start = since
  }
  if (until !== undefined && start + duration > until) duration = until - start
  return start === event.start && duration === event.duration ? event : { ...event, start, duration }
}
