// Reads Frigate's past over its HTTP API in pieces that fit: reviews in stretches of time, each with the tracked objects
// in it. Not for: what is told of it.
import { asDaybookError } from '../../schemas/errors.ts'
import type { Client } from './client.ts'
import { type Review, review as reviewSchema, type Tracked, tracked } from './wire.ts'

const PAGE = 500
/** An hour with more reviews than a page is split no further than this, seconds. */
const SHORTEST = 60
/** Objects are there before the review that they are part of. */
const BEFORE = 600

export interface Stretch {
  /** Epoch seconds, [from, to). */
  from: number
  to: number
  /** In order of time, also such as began before and went on. */
  reviews: Review[]
  objects: Tracked[]
}

export interface Range {
  /** Epoch seconds. */
  since: number
  until: number
  /** Objects also where there are no reviews. */
  allObjects: boolean
}

/**
 * Stretches from the oldest to the newest. Frigate sorts by severity first and cuts, so a full answer is asked for again
 * in halves: years without anything take one question. Rejects with `frigate_unreachable`, `frigate_auth`.
 */
export async function* readBack(client: Client, { since, until, allObjects }: Range): AsyncGenerator<Stretch> {
  const left: [from: number, to: number][] = [[since, until]]
  for (let next = left.pop(); next; next = left.pop()) {
    const [from, to] = next
    const rows = await list(client, `/api/review?after=${from}&before=${to}&limit=${PAGE}`)
    if (rows.length >= PAGE && to - from > SHORTEST) {
      const middle = (from + to) / 2
      left.push([middle, to], [from, middle])
      continue
    }
    const reviews = rows.flatMap((row) => reviewSchema.safeParse(row).data ?? [])
    const isBusy = reviews.length > 0 || allObjects
    const objects = isBusy ? await readObjects(client, Math.max(0, from - BEFORE), to) : []
    yield { from, to, reviews: reviews.sort((a, b) => a.start_time - b.start_time), objects }
  }
}

/** Newest first in pages, given oldest first. */
async function readObjects(client: Client, from: number, to: number): Promise<Tracked[]> {
  const found = new Map<string, Tracked>()
  for (let before = to; ; ) {
    const query = new URLSearchParams({ after: `${from}`, before: `${before}`, limit: `${PAGE}` })
    const rows = await list(client, `/api/events?${query}&include_thumbnails=0`)
    const objects = rows.flatMap((row) => tracked.safeParse(row).data ?? [])
    for (const object of objects) found.set(object.id, object)
    const oldest = Math.min(...objects.map(({ start_time }) => start_time))
    if (rows.length < PAGE || !(oldest < before)) break
    before = oldest
  }
  return [...found.values()].sort((a, b) => a.start_time - b.start_time)
}

/** One review as it is now; undefined if Frigate does not have it. Rejects as `readBack`. */
export async function readReview(client: Client, id: string): Promise<Review | undefined> {
  const answer = await client.json(`/api/review/${encodeURIComponent(id)}`).catch(ifMissing(undefined))
  return reviewSchema.safeParse(answer).data
}

/** True if this Frigate is older than 0.14, which brought reviews. Rejects as `readBack`. */
export async function lacksReviews(client: Client): Promise<boolean> {
  const version = await client.text('/api/version').catch(ifMissing(''))
  const [, major, minor] = /^"?v?(\d+)\.(\d+)/.exec(version) ?? []
  return major === '0' && Number(minor) < 14
}

/** A list; empty where this version has no such path. */
async function list(client: Client, path: string): Promise<unknown[]> {
  const answer = await client.json(path).catch(ifMissing([]))
  return Array.isArray(answer) ? answer : []
}

function ifMissing<T>(instead: T): (thrown: unknown) => T {
  return (thrown) => {
    if (asDaybookError(thrown).code === 'object_missing') return instead
    throw thrown
  }
}
