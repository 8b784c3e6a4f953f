// What the ActivityWatch-compatible server is handed and what it is: types only. Not for: the routes (routes.ts), or
// listening on a port (listener.ts).
import type { Clock, Logger } from '../../../component.ts'
import type { Bucket, Buckets, Draft } from '../store/buckets.ts'
import type { Answer } from './answers.ts'

/** Who we say we are (GET /api/0/info). */
export interface Info {
  hostname: string
  /** Clients show it: `v0.14.0 (daybook 0.1.0)`. */
  version: string
  deviceId: string
  /** True: buckets may be deleted without `force=1`, as in aw-server's testing mode. */
  testing: boolean
}

/** Where we listen, known once we do. */
export interface Site {
  host: string
  port: number
  /** Further names that people reach us under, as they stand in a Host header without the port. */
  allowedHosts: readonly string[]
}

/**
 * Runs query2 (../query/run.ts): one result a period, as JSON. `lines`, `periods` (`<ISO>/<ISO>`) and `name` are as the
 * client sent them. A QueryError is answered 400 `{type, message}`, a QueryCrash 500.
 */
export type RunQuery = (lines: readonly string[], periods: readonly string[], name: string) => unknown

/** What may be stored: the event, a changed one, or null for nothing; the client is answered as if it were. */
export type Admit = (bucket: Bucket, event: Draft) => Draft | null

export interface AwAppOptions {
  buckets: Buckets
  info: Info
  site: () => Site
  query: RunQuery
  admit: Admit
  clock: Clock
  log: Logger
  /** Origins of pages and extensions that may do everything, as browsers send them; the two stock extensions need none. */
  corsOrigins?: readonly string[]
  /** Asked for as a bearer token on all but /api/0/info; empty: none. */
  apiKey?: string
}

/** Neither ever rejects. */
export interface AwApp {
  answer(request: Request): Promise<Answer>
  fetch(request: Request): Promise<Response>
}

/** Who listens on a port already. */
export interface Holder {
  pid?: number
  /** Of the process, as in `aw-server`. */
  name?: string
  /** Its answer to GET /api/0/info, if that is one of an ActivityWatch server. */
  info?: { hostname?: string; version: string; testing?: boolean; device_id?: string }
}

export interface AwListener {
  /** Where it serves, `http://127.0.0.1:5600`. */
  readonly url: string
  readonly port: number
  /** Answers what is under way, for at most 5 s. Safe twice. */
  stop(): Promise<void>
}
