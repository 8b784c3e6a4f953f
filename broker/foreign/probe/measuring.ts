// What a house does with what can be measured at its broker: it remembers it and says what to change, and shares only where
// a shared subscription has been seen to deliver. Not for: how that is measured (probe.ts).
import type { Clock, Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Topics } from '../../../schemas/topics.ts'
import type { BrokerMemory } from '../broker-memory.ts'
import type { ForeignConfig } from '../config.ts'
import type { Findings } from './findings.ts'
import { hintsOf, SHARED } from './hints.ts'
import { probeBroker, probeShared } from './probe.ts'

export interface MeasuringOptions {
  config: ForeignConfig
  topics: Topics
  /** Of the house, for what is tried with: the same over restarts. */
  name: string
  memory: BrokerMemory
  clock: Clock
  log: Logger
  /** From `begin` until it is measured: a start has enough to do. Default 5 s. */
  delayMs?: number
}

const DELAY_MS = 5_000

export class Measuring {
  readonly #options: MeasuringOptions
  readonly #end = new AbortController()
  #running: Promise<void> | undefined
  #shares: Promise<void> | undefined

  constructor(options: MeasuringOptions) {
    this.#options = options
  }

  /** What to change at the broker; none also while it has not been measured. */
  get hints(): string[] {
    const { memory, config } = this.#options
    const { findings } = memory
    return findings ? hintsOf(findings, config).map(({ detail, fix }) => `${detail} ${fix}`) : []
  }

  /** Measures in a while, once a run, unless all was well the last time. Safe twice. */
  begin(): void {
    if (this.#options.memory.findings && this.hints.length === 0) return
    this.#running ??= this.#measure()
  }

  /** Resolves once nothing of it is left at the broker. Safe twice. */
  async end(): Promise<void> {
    this.#end.abort()
    await this.#running
    await this.#shares?.catch(() => {})
  }

  /** Resolves once it has been seen to share; rejects with `share_refused`, or with what keeps it from being tried. */
  shares(): Promise<void> {
    this.#shares ??= this.#tryShared().catch((error) => {
      this.#shares = undefined
      throw error
    })
    return this.#shares
  }

  async #measure(): Promise<void> {
    const { memory, clock, log, delayMs = DELAY_MS } = this.#options
    await clock.sleep(delayMs, this.#end.signal)
    if (this.#end.signal.aborted) return
    try {
      const findings: Findings = await probeBroker(this.#probe)
      memory.found(findings)
      for (const hint of this.hints) log.warn(hint)
    } catch (error) {
      log.debug({ reason: (error as Error).message }, 'the broker was not measured; the next start tries again')
    }
  }

  async #tryShared(): Promise<void> {
    const shared = await probeShared(this.#probe)
    if (shared !== 'works') throw new DaybookError('share_refused', SHARED[shared])
  }

  get #probe() {
    const { config, topics, name } = this.#options
    return { config, topics, name, signal: this.#end.signal }
  }
}
