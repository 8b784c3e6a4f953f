// A bridge's memory that ends with what it is for, as an import has it. Not for: what is to outlast a restart, which the
// outbox keeps.
import type { BridgeState } from './bridge.ts'

export function stateInMemory(): BridgeState {
  const values = new Map<string, string>()
  return {
    get: <T>(key: string) => {
      const text = values.get(key)
      return text === undefined ? undefined : (JSON.parse(text) as T)
    },
    set: (key, value) => values.set(key, JSON.stringify(value)),
    setAll(all) {
      for (const [key, value] of Object.entries(all)) values.set(key, JSON.stringify(value))
    },
    delete: (key) => values.delete(key),
    keys: (prefix = '') => [...values.keys()].filter((key) => key.startsWith(prefix)),
  }
}
