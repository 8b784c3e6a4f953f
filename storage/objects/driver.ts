// What a kind of object store says of itself, so that one file and one line in registry.ts add one. Not for: what a
// store does (object-store.ts), or for choosing one.
import type pg from 'pg'
import type { z } from 'zod'
import type { Clock, Logger } from '../../component.ts'
import type { OwnStorage } from '../../schemas/content-ref.ts'
import type { ObjectStore } from './object-store.ts'

/** What a store may use of the house. */
export interface StoreContext {
  /** The data folder. */
  readonly data: string
  /** Whose bytes these are, for a store that keeps them apart. */
  readonly space: string
  readonly log: Logger
  readonly clock: Clock
  /** The pool of the house's database; throws `database_unavailable` while that is not open. */
  pool(): pg.Pool
}

/** A kind of object store. */
export interface StoreDriver<Config = unknown> {
  /** As references name it; also its section of the configuration, `objects.<storage>`. */
  readonly storage: OwnStorage
  /** For people, as in `a folder of files`. */
  readonly title: string
  /** Its section; an absent one is read as {}. */
  readonly config: z.ZodType<Config>
  /** Reaches nothing yet: `open` does. */
  create(config: Config, context: StoreContext): ObjectStore
}

/** Declares a kind of store; the types of its parts are held together here. */
export function defineStore<Config>(driver: StoreDriver<Config>): StoreDriver<Config> {
  return driver
}
