// What an operation is: something that can be asked of a running Daybook. Each is declared once, in a file of its own,
// and becomes an HTTP route with its OpenAPI description and, where people need it, a CLI verb. Not for: any of these.
import type { z } from 'zod'
import type { Imports } from '../../bridges/imports.ts'
import type { Sources } from '../../bridges/sources.ts'
import type { Bus } from '../../broker/bus.ts'
import type { Clock, Health, Ids } from '../../component.ts'
import type { KnownBridge } from '../../pipeline/bridge-statuses.ts'
import type { ErrorCode } from '../../schemas/errors.ts'
import type { PauseState } from '../../schemas/pause.ts'
import type { Topics } from '../../schemas/topics.ts'
import type { Objects } from '../../storage/objects.ts'
import type { Storage } from '../../storage/storage.ts'
import type { Site } from '../http/guard.ts'
import type { Links } from '../http/links.ts'
import type { Users } from '../users.ts'

/** A part of the house as the surfaces see it. */
export interface Part {
  name: string
  health: Health
  /** Nothing works without it: /readyz waits for it. */
  needed: boolean
}

/** Where others reach the house. */
export interface Listening {
  http: Site
  /** Of the embedded broker; null: it takes nobody in, or the broker is not ours. */
  mqtt: { host: string; port: number } | null
  /** URL of a broker that is not ours, without credentials. */
  broker: string | null
}

/** All that the surfaces see of the house; app.ts hands it in. */
export interface House {
  readonly bus: Bus
  readonly storage: Storage
  readonly objects: Objects
  /** To show an object without a token. */
  readonly links: Links
  readonly topics: Topics
  readonly imports: Imports
  readonly sources: Sources
  readonly users: Users
  readonly space: string
  /** IANA name. */
  readonly timeZone: string
  readonly version: string
  readonly clock: Clock
  readonly ids: Ids
  parts(): readonly Part[]
  listening(): Listening
  /** What bridges have said of themselves last. */
  bridges(): readonly KnownBridge[]
  /** Whether what happens is kept. */
  pause(): PauseState
  /** A text without its secrets, for payloads that are text. */
  redactText(text: string): string
}

export interface Operation<Input = unknown, Output = unknown> {
  /** camelCase; the operationId of OpenAPI. */
  readonly name: string
  /** A sentence without a full stop. */
  readonly summary: string
  /** What the summary leaves out, for the reference. */
  readonly description?: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** A path template of OpenAPI: `/api/v1/activities/{id}`. Its names are fields of the input. */
  readonly path: `/${string}`
  /** `owner`: for the first user alone; `anyone`: needs no token, the input proves itself. */
  readonly access: 'read' | 'write' | 'owner' | 'anyone'
  /** The body of a POST, path and query parameters of any other. */
  readonly input: z.ZodType<Input>
  /** The input is described but not checked here: the write path judges each message and keeps what it refuses. */
  readonly judgedLater?: boolean
  readonly output: z.ZodType<Output>
  /** What it may answer with besides what every request may (invalid, unauthorized, ...). */
  readonly errors?: readonly ErrorCode[]
  /** `origin`: where the caller reaches us, `http://127.0.0.1:8420`. Throws DaybookError. */
  run(house: House, input: Input, origin: string): Promise<Output>
}

/** Declares an operation; the types of its parts are held together here, the list sees only what all have in common. */
export function defineOperation<Input, Output>(operation: Operation<Input, Output>): Operation<Input, Output> {
  return operation
}
