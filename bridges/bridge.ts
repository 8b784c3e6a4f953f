// What a bridge is: one source of the world, translated. Its pure half turns foreign payloads into notifications, its
// other half keeps the line to the source open. Not for: storage, pipeline or the bus; a bridge is handed a host.
import type { z } from 'zod'
import type { Clock, Health, Logger } from '../component.ts'
import type { ActivityNotification } from '../schemas/activity.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import type { Privacy } from '../schemas/privacy.ts'

/** What `emit` takes: the host adds producer, epoch and seq, and redacts. */
export type Notification = Omit<ActivityNotification, 'producer' | 'epoch' | 'seq'>

/** A bridge's own small memory, in its outbox's SQLite file. Synchronous; values are JSON. */
export interface BridgeState {
  get<T>(key: string): T | undefined
  set(key: string, value: unknown): void
  /** All or none, in one write. */
  setAll(values: Readonly<Record<string, unknown>>): void
  delete(key: string): void
  keys(prefix?: string): string[]
}

/** A message of others on the bus, never one of ours. */
export interface ForeignMessage {
  readonly topic: string
  readonly payload: Buffer
  /** True for the last value from before the bridge listened. */
  readonly retain: boolean
}

/** All that a bridge sees of the house. */
export interface BridgeHost<Config> {
  readonly config: Config
  readonly space: string
  /** Names this bridge on the bus: `<source>-<host>` unless configured. */
  readonly producer: string
  readonly log: Logger
  readonly clock: Clock
  /** Aborts when the bridge is to stop. */
  readonly signal: AbortSignal
  readonly state: BridgeState
  /** Asked before a bridge keeps anything for itself; what it emits is held to it here. */
  readonly privacy: Privacy
  /** What clients of this source show to be let in: a UUIDv4, made once and kept with the state. */
  readonly key: string
  /** A folder of the bridge's own, 0700, made when first asked for: for what `state` is too small for. */
  folder(): string
  /** Returns once the notifications are synced in the outbox, all or none; throws `outbox_full`. */
  emit(notifications: readonly Notification[]): void
  /**
   * Keeps a payload beside the outbox, synced, and returns its reference; uploaded before what refers to it is published.
   * Secrets are taken out of text, which takes some 50 ms a megabyte in which nothing else runs. Throws `outbox_full` at the quota, `too_large`.
   */
  attach(bytes: Uint8Array, about: { mediaType: string; name?: string }): ContentRef
  /**
   * The same for what is too big to be looked at at once: a path, or the bytes piece by piece; a path must stay as it is
   * meanwhile. JSON lines lose the secrets of each value, other text those of its lines. No piece holds the event loop for
   * more than some milliseconds. Rejects as `attach` throws, and with what the body does.
   */
  attachFile(body: string | AsyncIterable<Uint8Array>, about: { mediaType: string; name?: string }): Promise<ContentRef>
  /**
   * Hands over what others publish under these filters, retained ones first, until the function is called. A QoS 1
   * message is acknowledged when `take` has returned, and offered again if it throws.
   */
  listen(filters: readonly string[], take: (message: ForeignMessage) => void): Promise<() => void>
  /**
   * Resolves when little waits in the outbox, or the bridge or the signal ends: who emits much at once waits here, so that
   * it keeps no live event waiting.
   */
  room(ended?: AbortSignal): Promise<void>
}

/** What must be forgotten; times are epoch ms, `until` exclusive. */
export interface ForgetRequest {
  since?: number
  until?: number
  source?: string
  entity?: string
}

/** A payload at its source, read on demand. */
export interface SourcePayload {
  bytes: Uint8Array
  mediaType: string
}

/** A stretch of the past to bring in; epoch ms, `until` exclusive. */
export interface ImportRange {
  since: number
  until: number
  /** Where it is read: an absolute path or a URL; absent: where this source usually keeps it. */
  from?: string | undefined
}

/** How far an import is. */
export interface ImportProgress {
  /** What it reads, as in `events` or `states of 12 entities`. */
  what: string
  /** Everything up to here is read, epoch ms. */
  at: number
  /** Things read at the source so far. */
  read: number
  /** Notifications emitted so far, known ones too. */
  emitted: number
}

/** A request under one of the paths that a bridge serves. */
export interface Guest {
  /** True: who asks has shown a token of the house. */
  readonly trusted: boolean
}

/** Where clients of a source reach it. */
export interface Reach {
  url: string
  /** What they show; absent: nothing is asked. */
  key?: string
}

/** An open bridge. */
export interface OpenBridge {
  health(): Health
  /**
   * While paused nothing is emitted, and what happens meanwhile is not made up for afterwards. As a pause begins, what goes
   * on may be ended: what is emitted before this returns is kept.
   */
  pause(paused: boolean): void
  /** Removes what the bridge itself remembers of it; how many things that were. */
  forget(request: ForgetRequest): number
  /**
   * The payload of a reference whose storage bears this bridge's name. Rejects with `object_missing` when the source has
   * it no more, or with why the source cannot be asked.
   */
  payload?(id: string): Promise<SourcePayload>
  /**
   * Emits what the source still holds of its past, oldest first, with the ids that live capture gave or would have given.
   * Tells of its progress; ends early when the signal aborts. Rejects with why the source cannot be read.
   */
  import?(range: ImportRange, progress: (at: ImportProgress) => void, signal: AbortSignal): Promise<void>
  /**
   * What a line of standard input means to a bridge that runs alone: it is emitted when this returns. Throws `not_json` or
   * `invalid` for a line that means nothing, and what `emit` throws.
   */
  take?(line: string): void
  /**
   * Answers a request under one of the bridge's `paths`. It decides itself whom it lets in and what origins it lets read;
   * the Host header is checked, the body at most 16 MiB.
   */
  serve?(request: Request, guest: Guest): Promise<Response>
  /** Where its clients reach it, if it listens for itself; null: it does not now. What is under `paths` is known to the house. */
  reach?(): Reach | null
  /** Safe twice. */
  close(): Promise<void>
}

/** An example is documentation, contract test and dry run at once. */
export interface BridgeExample<Input> {
  title: string
  input: Input
  /** The notifications it becomes, compared field by field; `id` may be left out. */
  output: (Partial<Notification> & Pick<Notification, 'type'>)[]
}

/** What translation may know besides the payload: all of it handed in, so that it stays pure. */
export interface TranslateContext {
  space: string
  now: number
}

/** A source of the world: its pure translation and its line, declared once. */
export interface Bridge<Config = unknown, Input = unknown, Context extends TranslateContext = TranslateContext> {
  /** Source name, as a topic word; in camelCase its section of the configuration. */
  readonly name: string
  readonly title: string
  /** The activity types that it makes; each has an example. */
  readonly types: readonly string[]
  /** Its piece of the configuration; absent input means that the bridge is off, unless `always`. */
  readonly config: z.ZodType<Config>
  /** A configuration that it opens with, for documentation and contract test; it must reach no real service. */
  readonly exampleConfig: unknown
  /** On without configuration. */
  readonly always?: boolean
  /** The sources that its activities bear, each with an example; absent: its own name. Others may come. */
  readonly sources?: readonly string[]
  /** What it never captures, a sentence each: people trust it with their day. */
  readonly never?: readonly string[]
  /** Where it is reached below the house's HTTP, `/wakatime/api/v1`: all that is there is its own. */
  readonly paths?: readonly string[]
  readonly examples: readonly BridgeExample<Input>[]
  /** A context to run the examples in. */
  readonly exampleContext: Context
  /** Pure: the same payload gives the same notifications with the same ids. Unknown payloads give none. */
  translate(input: Input, context: Context): Notification[]
  /** Opens the line. Rejects only on what a person must mend (remedy `stop`); else it retries and says so in health. */
  open(host: BridgeHost<Config>): Promise<OpenBridge>
}

/** Declares a bridge; the types of its parts are held together here. */
export function defineBridge<Config, Input, Context extends TranslateContext = TranslateContext>(
  bridge: Bridge<Config, Input, Context>,
): Bridge<Config, Input, Context> {
  return bridge
}
