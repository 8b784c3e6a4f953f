// Retained messages on their way into the store: in batches that form while the last one is written, tried again while
// the store is away. Not for: what is delivered, or for the order among one sender's messages, which is line.ts.
import type { Clock, Logger } from '../../component.ts'
import { asDaybookError, type DaybookError } from '../../schemas/errors.ts'

export interface RetainedMessage {
  topic: string
  /** Empty: the topic is cleared. */
  payload: Buffer
  qos: 0 | 1 | 2
}

/** Where retained messages survive a restart. */
export interface RetainedStore {
  load(): Promise<RetainedMessage[]>
  /** Keeps a batch in one transaction. Errors with remedy `retry` are tried again. */
  keep(messages: readonly RetainedMessage[]): Promise<void>
}

const RETRY_MS = { first: 100, most: 5_000 }

export class Keeping {
  readonly #store: RetainedStore
  readonly #clock: Clock
  readonly #log: Logger
  /** Why messages wait longer than a commit takes; null while the store answers. */
  trouble: DaybookError | null = null
  readonly #stopped = new AbortController()
  #waiting: { message: RetainedMessage; kept: () => void }[] = []
  #running: Promise<void> | null = null

  constructor(store: RetainedStore, { clock, log }: { clock: Clock; log: Logger }) {
    this.#store = store
    this.#clock = clock
    this.#log = log
  }

  /** Calls `kept` once the message is safe, in the order of the calls; never when we stop before. */
  keep(message: RetainedMessage, kept: () => void): void {
    this.#waiting.push({ message, kept })
    this.#running ??= this.#run().finally(() => {
      this.#running = null
    })
  }

  /** Resolves when nothing is left to keep. */
  async idle(): Promise<void> {
    await this.#running
  }

  /** Gives up what could not be kept so far. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stopped.signal.aborted) {
      const batch = this.#waiting
      this.#waiting = []
      const last = new Map(batch.map(({ message }) => [message.topic, message]))
      if (await this.#keep([...last.values()])) for (const { kept } of batch) kept()
    }
  }

  /** False when we stop before it is done. */
  async #keep(messages: RetainedMessage[]): Promise<boolean> {
    for (let wait = RETRY_MS.first; ; wait = Math.min(2 * wait, RETRY_MS.most)) {
      try {
        await this.#store.keep(messages)
        this.trouble = null
        return true
      } catch (thrown) {
        const error = asDaybookError(thrown)
        this.trouble = error
        if (error.remedy !== 'retry') return this.#keepEach(messages, error)
        this.#log.warn({ code: error.code, messages: messages.length }, `retained messages wait: ${error.message}`)
      }
      await this.#clock.sleep(wait, this.#stopped.signal)
      if (this.#stopped.signal.aborted) return false
    }
  }

  /** One refused message must not hold up the others; it is retained until we stop. */
  async #keepEach(messages: RetainedMessage[], error: Error): Promise<boolean> {
    if (messages.length === 1) {
      this.#log.error({ topic: messages[0]?.topic, err: error }, 'a retained message cannot be kept')
      return true
    }
    for (const message of messages) if (!(await this.#keep([message]))) return false
    return true
  }
}
