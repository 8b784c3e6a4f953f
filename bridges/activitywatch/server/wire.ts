// Buckets and events in the JSON of the API, both ways, as strict as aw-server is: what it refuses is refused with the
// same status. Pure. Not for: how they are kept (../store/), or reading a body (bodies.ts).
import { microseconds, printInstant, readInstant } from '../query/instants.ts'
import type { Bucket, Buckets, Data, Draft, NewBucket, StoredEvent } from '../store/buckets.ts'
import { page, unfit } from './answers.ts'
import type { Info } from './serving.ts'

const MS = 1000
const EVENT_FIELDS = ['id', 'timestamp', 'duration', 'data']

/** µs, as they are printed: `2018-01-01T01:01:01.500000+00:00`. */
export function printed(us: number): string {
  return printInstant({ us, offset: 0 }) ?? '9999-12-31T23:59:59+00:00'
}

/** µs of a timestamp on an event, which aw-server cuts to the millisecond. Throws the answer. */
function timestampOf(value: unknown): number {
  const read = typeof value === 'string' ? readInstant(value) : undefined
  if (!read) throw page(500, `This is no ISO 8601 timestamp: ${shown(value)}`)
  return Math.floor(read.us / MS) * MS
}

/** A query parameter that is a moment, µs; undefined if it is absent. Throws the answer. */
export function momentOf(name: string, text: string | null): number | undefined {
  if (text === null) return undefined
  const read = readInstant(text)
  if (!read) throw page(500, `${name} is no ISO 8601 timestamp: ${shown(text)}`)
  return read.us
}

/** Undefined for no limit. Throws the answer. */
export function limitOf(text: string | null): number | undefined {
  if (text === null) return undefined
  const limit = /^\s*[-+]?\d{1,15}\s*$/.test(text) ? Number(text) : Number.NaN
  if (Number.isNaN(limit)) throw page(500, `limit is no number: ${shown(text)}`)
  return limit < 0 ? undefined : limit
}

/** µs. Throws the answer. */
export function pulsetimeOf(text: string): number {
  const seconds = /^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : Number.NaN
  const us = microseconds(seconds)
  if (!Number.isSafeInteger(us)) throw page(500, `pulsetime is no number of seconds: ${shown(text)}`)
  return us
}

/** A heartbeat; fields that it should not have are no reason to lose it. Throws the answer. */
export function heartbeatOf(value: unknown): Draft {
  if (!isRecord(value)) throw unfit({ '': `${shown(value)} is not of type 'object'` })
  const { timestamp, duration = 0, data = {} } = value
  if (timestamp === undefined) throw unfit({ timestamp: "'timestamp' is a required property" })
  if (typeof timestamp !== 'string') throw unfit({ timestamp: `${shown(timestamp)} is not of type 'string'` })
  if (typeof duration !== 'number') throw unfit({ duration: `${shown(duration)} is not of type 'number'` })
  if (!isRecord(data)) throw unfit({ data: `${shown(data)} is not of type 'object'` })
  return { start: timestampOf(timestamp), duration: microseconds(duration), data: data as Data }
}

/** An event that is inserted; one without a timestamp is of `now` (µs). Throws the answer. */
export function insertedOf(value: unknown, now: number): Draft {
  if (!isRecord(value)) throw page(500, `This is no event: ${shown(value)}`)
  const foreign = Object.keys(value).find((key) => !EVENT_FIELDS.includes(key))
  if (foreign !== undefined) throw page(500, `An event has no field ${shown(foreign)}; put it into its data.`)
  return { ...importedOf(value, now), ...idOf(value.id) }
}

/** The same for an event of an export, which keeps no id and may have fields of other recorders. Throws the answer. */
export function importedOf(value: unknown, now: number): Draft {
  if (!isRecord(value)) throw page(500, `This is no event: ${shown(value)}`)
  const { timestamp, duration = 0, data } = value
  if (typeof duration !== 'number') throw page(500, `duration is no number of seconds: ${shown(duration)}`)
  const start = timestamp === undefined || timestamp === null ? Math.floor(now / MS) * MS : timestampOf(timestamp)
  if (data && !isRecord(data)) throw page(500, `data is no object: ${shown(data)}`)
  return { start, duration: microseconds(duration), data: (data || {}) as Data }
}

function idOf(id: unknown): { id?: number } {
  if (id === undefined || id === null) return {}
  if (!Number.isSafeInteger(id)) throw page(500, `id is no integer: ${shown(id)}`)
  return { id: id as number }
}

/** A bucket to be made, of the body of a POST; its name and data are not taken, as by aw-server. Throws the answer. */
export function createdOf(id: string, value: unknown): NewBucket {
  return { id, ...textsOf(value, id) }
}

/** The description of a bucket in an export. Throws the answer. */
export function importedBucketOf(key: string, value: Record<string, unknown>): NewBucket {
  const { id, name, data, created } = value
  const at = typeof created === 'string' ? readInstant(created)?.us : undefined
  return {
    id: typeof id === 'string' ? id : key,
    ...textsOf(value, key),
    ...(typeof name === 'string' && { name }),
    ...(isRecord(data) && { data: data as Data }),
    ...(at !== undefined && { created: at }),
  }
}

/** What a PUT changes of a bucket; what is absent or null stays. Throws the answer. */
export function changedOf(value: unknown): Partial<Pick<Bucket, 'type' | 'client' | 'hostname' | 'name' | 'data'>> {
  if (!isRecord(value)) throw page(500, 'The body is no object.')
  const { data } = value
  const given = ['type', 'client', 'hostname', 'name'].filter((key) => typeof value[key] === 'string')
  if (data && !isRecord(data)) throw page(500, `data is no object: ${shown(data)}`)
  return { ...Object.fromEntries(given.map((key) => [key, value[key]])), ...(data ? { data: data as Data } : {}) }
}

function textsOf(value: unknown, id: string): Pick<NewBucket, 'type' | 'client' | 'hostname'> {
  const given = isRecord(value) ? value : {}
  const text = (field: 'type' | 'client' | 'hostname') => {
    if (typeof given[field] !== 'string') throw page(500, `The bucket ${shown(id)} needs a text "${field}".`)
    return given[field]
  }
  return { type: text('type'), client: text('client'), hostname: text('hostname') }
}

/** Throws the answer. */
export function queryOf(value: unknown): { query: string[]; timeperiods: string[] } {
  const given = isRecord(value) ? value : {}
  const texts = (field: 'query' | 'timeperiods') => {
    const list = given[field]
    if (list === undefined) throw unfit({ [field]: `'${field}' is a required property` })
    if (!Array.isArray(list)) throw unfit({ [field]: `${shown(list)} is not of type 'array'` })
    const other = list.findIndex((item) => typeof item !== 'string')
    if (other >= 0) throw unfit({ [`${field}.${other}`]: `${shown(list[other])} is not of type 'string'` })
    return list as string[]
  }
  return { query: texts('query'), timeperiods: texts('timeperiods') }
}

export function infoJson({ hostname, version, testing, deviceId }: Info): Record<string, unknown> {
  return { hostname, version, testing, device_id: deviceId }
}

/** All of them by id, each with the end of its newest event. */
export function bucketsJson(buckets: Buckets): Record<string, unknown> {
  return Object.fromEntries(
    buckets.list().map((bucket) => {
      const updated = buckets.lastUpdated(bucket.id)
      const shown = { ...bucketJson(bucket), ...(updated !== undefined && { last_updated: printed(updated) }) }
      return [bucket.id, shown]
    }),
  )
}

export function bucketJson({ id, created, name, type, client, hostname, data }: Bucket): Record<string, unknown> {
  return { id, created: printed(created), name, type, client, hostname, data }
}

export function eventJson({ id, ...event }: StoredEvent): Record<string, unknown> {
  return { id, ...exportedEvent(event) }
}

/** Without its id, which means nothing elsewhere. */
export function exportedEvent({ start, duration, data }: Draft): Record<string, unknown> {
  return { timestamp: printed(start), duration: duration / 1e6, data }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100)
}
