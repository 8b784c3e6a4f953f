// What a verb of the CLI is, and what it is handed. Not for: parsing (arguments.ts) or finding the app (client.ts).
import type { ChildProcess } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import type { OwnStorage } from '../../schemas/content-ref.ts'
import type { Enrolment } from '../../schemas/enrolment.ts'
import type { DeskEnvironment } from '../connect/desk.ts'
import type { Client } from './client.ts'

export interface Option {
  /** kebab-case, without the dashes. */
  name: string
  /** What stands for its value in help, in capitals; absent: a flag. */
  value?: string
  /** May be given several times. */
  many?: boolean
  summary: string
}

export interface Verb {
  name: string
  /** A sentence without a full stop. */
  summary: string
  /** What follows the verb, as in `[words...]`; absent: nothing may. */
  words?: string
  options: readonly Option[]
  /** What help says besides. */
  details?: string
  /** Without the leading `daybook`. */
  examples?: readonly string[]
  /** Resolves with the exit code; throws DaybookError. */
  run(call: Call): Promise<number>
}

/** The pieces of the configuration that the CLI looks at. */
export interface CliConfig {
  /** Absolute path. */
  data: string
  space: string
  /** IANA name. */
  timezone: string
  mqtt: { host: string; port: number | 'off'; prefix: string }
  http: { host: string; port: number | 'off' }
  activitywatch: { host: string; port: number | 'off' }
  broker: { url?: string | undefined; [setting: string]: unknown }
  database: { url?: string | undefined; port: number }
  objects: { driver: OwnStorage; [storage: string]: unknown }
  bridges: { [name: string]: unknown }
}

/** What a device keeps of its enrolment, in its data folder. */
export interface Enrolments {
  /** Null: it was never enrolled. Throws `config_invalid`. */
  load(data: string): Enrolment | null
  /** Gives the name of the file. Throws `data_unwritable`. */
  save(data: string, enrolment: Enrolment): string
}

/** Settings by the name of their source. */
export type Remembered = Record<string, Record<string, unknown>>

/** Which sources were connected on a device, in its data folder. */
export interface DeviceSources {
  load(data: string): Remembered
  /** Throws `data_unwritable`. */
  save(data: string, sources: Remembered): void
}

/** What is said of a bridge that is to run alone; what is not said is in the configuration or the enrolment. */
export interface LoneBridgeFlags {
  /** As in bridges/registry.ts. */
  name: string
  producer?: string | undefined
  data?: string | undefined
  broker?: string | undefined
  house?: string | undefined
  token?: string | undefined
}

/** A bridge that runs alone in this process. */
export interface LoneBridge {
  readonly ready: {
    producer: string
    outbox: { file: string }
    broker: { url: string }
    house: { url: string | null }
  }
  /** See OpenBridge.take; absent: lines mean nothing to it. */
  readonly take: ((line: string) => void) | undefined
  /** How many of its events are not known to be stored. */
  waiting(): number
  /** Flushes for a moment and ends; the rest is kept. */
  stop(): Promise<void>
}

/** The terminal and the house, as main.ts hands them in. */
export interface Io {
  stdin: Readable
  stdout: Writable
  stderr: Writable
  version: string
  ambient: { color: boolean; language: string }
  desk: { home: string; env: DeskEnvironment; product: string }
  deviceSources: DeviceSources
  /** Reads the configuration; throws `config_invalid`. Default: daybook.yaml here, and the environment. */
  config(file?: string): CliConfig
  enrolments: Enrolments
  /** Runs the house in this process until it is told to stop; resolves with the exit code. */
  start(file: string | undefined, options: { json: boolean }): Promise<number>
  /** Runs one bridge alone; throws `config_invalid`. */
  bridge(file: string | undefined, flags: LoneBridgeFlags): Promise<LoneBridge>
  /** Starts a house in a process of its own: `start --json` in this folder, with these variables and no others of ours. */
  spawn(folder: string, settings: Record<string, string>): ChildProcess
}

/** One run of a verb. */
export interface Call {
  io: Io
  /** What stands after the verb, without the options. */
  words: readonly string[]
  flag(name: string): boolean
  /** The last one given. */
  text(name: string): string | undefined
  all(name: string): readonly string[]
  json: boolean
  now: number
  /** The configuration, read once. */
  config(): CliConfig
  /** The running app; throws `not_running`. */
  connect(): Client
  /** Writes lines to stdout; resolves once they are taken. */
  print(...lines: string[]): Promise<void>
  /** Aborts on Ctrl-C or SIGTERM, or when nobody reads the output any more. */
  interrupted(): AbortSignal
}
