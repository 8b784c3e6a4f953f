// What is remembered of a broker over restarts: which sessions of ours it keeps, and what they are subscribed to, so that a
// lost one is noticed and one that nobody wants any more is taken away; and what was measured there. Not for: the sessions
// themselves (sessions/consumer.ts), or measuring (probe/).
import { z } from 'zod'
import { findings } from './probe/findings.ts'

const remembered = z.object({
  url: z.string(),
  /** Filters by client id; none of a session that was lost and is not whole again. */
  sessions: z.record(z.string(), z.array(z.string())),
  findings: findings.optional(),
})

/** Plain JSON, kept in the data folder. */
export type Remembered = z.infer<typeof remembered>

/** Where it is kept. */
export interface MemoryStore {
  /** Nothing if there is none, or none that can be read. */
  load(): unknown
  save(memory: Remembered): void
}

export class BrokerMemory {
  readonly #store: MemoryStore
  #memory: Remembered

  /** What is remembered of another broker is forgotten. `url` without password. */
  constructor(store: MemoryStore, url: string) {
    this.#store = store
    const parsed = remembered.safeParse(store.load())
    this.#memory = parsed.success && parsed.data.url === url ? parsed.data : { url, sessions: {} }
  }

  get clientIds(): string[] {
    return Object.keys(this.#memory.sessions)
  }

  /** Nothing if there is no session of this id as far as we know. */
  filtersOf(clientId: string): readonly string[] | undefined {
    return this.#memory.sessions[clientId]
  }

  remember(clientId: string, filters: readonly string[]): void {
    if (this.filtersOf(clientId)?.join('\n') === filters.join('\n')) return
    this.#keep({ ...this.#memory, sessions: { ...this.#memory.sessions, [clientId]: [...filters] } })
  }

  forget(clientId: string): void {
    const { [clientId]: gone, ...sessions } = this.#memory.sessions
    if (gone) this.#keep({ ...this.#memory, sessions })
  }

  get findings(): Remembered['findings'] {
    return this.#memory.findings
  }

  found(measured: Remembered['findings']): void {
    this.#keep({ ...this.#memory, findings: measured })
  }

  #keep(memory: Remembered): void {
    this.#memory = memory
    this.#store.save(memory)
  }
}
