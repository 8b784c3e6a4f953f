// Which sessions of ours a broker keeps, and what they are subscribed to, over restarts: so that a lost one is noticed, and
// one that nobody wants any more is taken away. Not for: the sessions themselves (consumer.ts).
import { z } from 'zod'
import { findings } from './findings.ts'

export const brokerMemory = z.object({
  url: z.string(),
  /** Filters by client id. */
  sessions: z.record(z.string(), z.array(z.string())),
  findings: findings.optional(),
})

/** Plain JSON, kept in the data folder. */
export type BrokerMemory = z.infer<typeof brokerMemory>

/** Where it is kept. */
export interface MemoryStore {
  /** Nothing if there is none, or none that can be read. */
  load(): unknown
  save(memory: BrokerMemory): void
}

export class Sessions {
  readonly #store: MemoryStore
  #memory: BrokerMemory

  /** What is remembered of another broker is forgotten. `url` without password. */
  constructor(store: MemoryStore, url: string) {
    this.#store = store
    const parsed = brokerMemory.safeParse(store.load())
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

  get findings(): BrokerMemory['findings'] {
    return this.#memory.findings
  }

  found(measured: BrokerMemory['findings']): void {
    this.#keep({ ...this.#memory, findings: measured })
  }

  #keep(memory: BrokerMemory): void {
    this.#memory = memory
    this.#store.save(memory)
  }
}
