// The stores by name, each opened before anything else is asked of it: the configured one at the start of the house, the
// others, and what was away then, when they are needed. Not for: what is asked of them.
import type { OwnStorage } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { ObjectStore } from './object-store.ts'

export interface OpenStores {
  readonly names: readonly OwnStorage[]
  /** Rejects with what `ObjectStore.open` throws, or `objects_refused` if there is no such store here. */
  get(name: OwnStorage): Promise<ObjectStore>
  /** Also those that never opened. */
  close(): Promise<void>
}

export function openStores(stores: readonly ObjectStore[]): OpenStores {
  const byName = new Map(stores.map((store) => [store.storage, store]))
  const opening = new Map<OwnStorage, Promise<ObjectStore>>()

  async function opened(store: ObjectStore): Promise<ObjectStore> {
    try {
      await store.open()
      return store
    } catch (error) {
      opening.delete(store.storage)
      throw error
    }
  }

  return {
    names: [...byName.keys()],
    async get(name) {
      const store = byName.get(name)
      if (!store) throw new DaybookError('objects_refused', `There is no store named ${name}.`)
      const open = opening.get(name) ?? opened(store)
      opening.set(name, open)
      return open
    },
    async close() {
      for (const store of stores) await store.close()
    },
  }
}
