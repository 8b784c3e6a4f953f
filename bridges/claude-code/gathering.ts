// A state whose writes gather until they are written together: each write is synced, which takes milliseconds. Not for:
// what must be kept before anything else happens.
import type { BridgeState } from '../bridge.ts'

export interface Gathering extends BridgeState {
  /** What has gathered, all or none. */
  write(): void
  /** Forgets what has gathered. */
  drop(): void
}

export function gathering(state: BridgeState): Gathering {
  const fresh = new Map<string, unknown>()
  return {
    get: <T>(key: string) => (fresh.has(key) ? (fresh.get(key) as T | undefined) : state.get<T>(key)),
    set: (key, value) => void fresh.set(key, value),
    setAll(values) {
      for (const [key, value] of Object.entries(values)) fresh.set(key, value)
    },
    delete(key) {
      fresh.delete(key)
      state.delete(key)
    },
    keys(prefix = '') {
      const added = [...fresh.keys()].filter((key) => key.startsWith(prefix))
      return [...new Set([...state.keys(prefix), ...added])].sort()
    },
    write() {
      state.setAll(Object.fromEntries(fresh))
      fresh.clear()
    },
    drop: () => fresh.clear(),
  }
}
