// A bridge's own small memory, beside its outbox in one file. Not for: payloads, or anything that is published.
import type { OutboxFile } from './file.ts'

/** Synchronous; values are JSON; a write is synced before it returns. The shape of BridgeState in bridges/bridge.ts. */
export interface OutboxState {
  get<T>(key: string): T | undefined
  /** Setting undefined deletes. Throws `data_unwritable`. */
  set(key: string, value: unknown): void
  /** All or none, in one write. */
  setAll(values: Readonly<Record<string, unknown>>): void
  delete(key: string): void
  /** In order. */
  keys(prefix?: string): string[]
}

/** The memory in an open file. */
export function stateIn({ statements, transaction }: OutboxFile): OutboxState {
  function setAll(values: Readonly<Record<string, unknown>>): void {
    const texts = Object.entries(values).map(([key, value]) => [key, JSON.stringify(value)] as const)
    if (texts.length === 0) return
    transaction(({ setState, deleteState }) => {
      for (const [key, text] of texts) {
        if (text === undefined) deleteState.run(key)
        else setState.run(key, text)
      }
    })
  }

  return {
    get<T>(key: string) {
      const row = statements.getState.get(key) as { value: string } | undefined
      return row && (JSON.parse(row.value) as T)
    },
    set: (key, value) => setAll({ [key]: value }),
    setAll,
    delete: (key) => transaction(({ deleteState }) => void deleteState.run(key)),
    keys: (prefix = '') => statements.stateKeys.all(prefix).map((row) => (row as { key: string }).key),
  }
}
