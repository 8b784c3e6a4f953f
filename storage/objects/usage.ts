// How much is kept in which storage, as last read and counted on since: health is asked often and must not wait. Not
// for: what is kept, which the catalogue knows.
import type { Clock, Logger } from '../../component.ts'
import type { OwnStorage } from '../../schemas/content-ref.ts'
import type { Catalogue, ObjectEntry, StorageUsage } from '../catalogue.ts'

export interface Usage {
  of(storage: OwnStorage): Pick<StorageUsage, 'objects' | 'bytes'>
  /** A new object. */
  add(object: Pick<ObjectEntry, 'storage' | 'size'>): void
  /** Never rejects: while the database is away the last figures stand. */
  read(): Promise<void>
  /** Reads now and every few minutes. */
  start(): Promise<void>
  stop(): void
  /** For health: `fsObjects`, `fsBytes`, and so on for what holds anything. */
  figures(): Record<string, number>
}

const EVERY_MS = 5 * 60_000

export function createUsage({
  storage,
  clock,
  log,
}: {
  storage: { readonly catalogue: Catalogue }
  clock: Clock
  log: Logger
}): Usage {
  const kept = new Map<OwnStorage, { objects: number; bytes: number }>()
  const end = new AbortController()
  const of = (name: OwnStorage) => kept.get(name) ?? { objects: 0, bytes: 0 }

  async function read(): Promise<void> {
    try {
      const all = await storage.catalogue.usage()
      kept.clear()
      for (const { storage: name, objects, bytes } of all) kept.set(name, { objects, bytes })
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'the use of objects was not read')
    }
  }

  async function again(): Promise<void> {
    for (;;) {
      await clock.sleep(EVERY_MS, end.signal)
      if (end.signal.aborted) return
      await read()
    }
  }

  return {
    of,
    add({ storage: name, size }) {
      const { objects, bytes } = of(name)
      kept.set(name, { objects: objects + 1, bytes: bytes + size })
    },
    read,
    async start() {
      await read()
      void again()
    },
    stop: () => end.abort(),
    figures: () =>
      Object.fromEntries(
        [...kept].flatMap(([name, { objects, bytes }]) => [
          [`${name}Objects`, objects],
          [`${name}Bytes`, bytes],
        ]),
      ),
  }
}
