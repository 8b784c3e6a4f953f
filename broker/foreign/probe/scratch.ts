// Sessions and topics to try a broker out with, which are gone afterwards, those of a try that was killed too. Not for: what
// is tried (probe.ts).
import { setTimeout as sleep } from 'node:timers/promises'
import type { IPublishPacket } from 'mqtt-packet'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Topics } from '../../../schemas/topics.ts'
import type { ForeignConfig } from '../config.ts'
import type { Connection } from '../connection/connection.ts'
import { targetOf } from '../connection/target.ts'
import { Versions } from '../connection/versions.ts'

export interface ScratchOptions {
  config: ForeignConfig
  topics: Topics
  /**
   * A word for the topics and client ids. The same over restarts: whoever uses it next removes what was left; two at a time
   * disturb each other.
   */
  name: string
  /** No more comes if nothing came for so long. */
  quietMs?: number
  /** Ends it early; what waits then rejects. */
  signal?: AbortSignal
}

type Received = (message: IPublishPacket) => void
type Open = (clean: boolean, received: Received) => Promise<Connection>

const QUIET_MS = 2_000
const LONGEST_MS = 60_000
const LOOK_MS = 10
/** To take things away, once nobody waits for what was to be found. */
const LEAVE_MS = 1_000

/** All that one try opens. */
export class Scratch {
  readonly #options: ScratchOptions
  readonly #versions: Versions
  readonly #sessions: ScratchSession[] = []
  readonly #open = new Set<Connection>()
  readonly #retained = new Set<string>()
  #left = false

  constructor(options: ScratchOptions) {
    this.#options = options
    this.#versions = new Versions(options.config.version)
    options.signal?.addEventListener('abort', this.#abort)
  }

  topic(name: string): string {
    const { topics, name: word } = this.#options
    return topics.probe(`${word}/${name}`)
  }

  /** A connection without a session. Rejects as `connect` does. */
  async connection(name: string): Promise<Connection> {
    if (this.#left) throw new DaybookError('shutting_down')
    return this.#opening(name, true, () => {})
  }

  /** A session that the broker keeps, fresh and connected. */
  async session(name: string, how: { acknowledges?: boolean } = {}): Promise<ScratchSession> {
    if (this.#left) throw new DaybookError('shutting_down')
    const session = new ScratchSession((clean, received) => this.#opening(name, clean, received), how)
    this.#sessions.push(session)
    await session.remove()
    await session.comeBack()
    return session
  }

  /** An empty payload clears it. */
  async retain(speaker: Connection, topic: string, payload: string): Promise<void> {
    if (payload !== '') this.#retained.add(topic)
    await speaker.publish(topic, payload, { retain: true })
    if (payload === '') this.#retained.delete(topic)
  }

  /** What `count` is once it is enough, or grows no more. */
  async quiet(count: () => number, enough: number): Promise<number> {
    const { quietMs = QUIET_MS, signal } = this.#options
    const end = performance.now() + LONGEST_MS
    let last = -1
    // Counted in looks, not in time: a machine that stands still for a while has not been quiet.
    for (let idle = 0; count() < enough && idle * LOOK_MS < quietMs && performance.now() < end; await sleep(LOOK_MS)) {
      if (signal?.aborted) throw new DaybookError('shutting_down')
      idle = count() === last ? idle + 1 : 0
      last = count()
    }
    return count()
  }

  /** Nothing stays, on a broker that can be reached. */
  async leave(): Promise<void> {
    this.#left = true
    this.#options.signal?.removeEventListener('abort', this.#abort)
    await Promise.allSettled([this.#clear(), ...this.#sessions.map((session) => session.remove())])
    await Promise.all([...this.#open].map((connection) => connection.end()))
  }

  async #clear(): Promise<void> {
    if (this.#retained.size === 0) return
    const speaker = await this.#opening('speaker', true, () => {})
    for (const topic of this.#retained) await speaker.publish(topic, '', { retain: true })
  }

  async #opening(name: string, clean: boolean, received: Received): Promise<Connection> {
    const { name: word, topics, config, signal } = this.#options
    const clientId = `${topics.prefix.replaceAll('/', '-')}-probe-${word}-${name}`
    const connection = await this.#versions.open({
      ...targetOf(config),
      clientId,
      clean,
      window: config.window,
      received,
      ...(this.#left ? { timeoutMs: LEAVE_MS } : { signal }),
    })
    this.#open.add(connection)
    void connection.closed.then(() => this.#open.delete(connection))
    return connection
  }

  readonly #abort = () => {
    for (const connection of this.#open) connection.destroy()
  }
}

/** A session that the broker keeps until it is removed, connected or away. */
export class ScratchSession {
  /** In order of arrival, over all its connections. */
  readonly received: IPublishPacket[] = []
  readonly #open: Open
  readonly #acknowledges: boolean
  #connection: Connection | undefined

  constructor(open: Open, { acknowledges = true }: { acknowledges?: boolean }) {
    this.#open = open
    this.#acknowledges = acknowledges
  }

  async subscribe(filter: string, qos: 0 | 1 = 1): Promise<void> {
    if (!this.#connection) throw new DaybookError('bus_unavailable', 'It is away.')
    await this.#connection.subscribe(filter, qos)
  }

  async comeBack(): Promise<void> {
    const early: number[] = []
    let connection: Connection | undefined
    connection = await this.#open(false, (message) => {
      this.received.push(message)
      if (!this.#acknowledges || message.qos !== 1) return
      const id = message.messageId ?? 0
      if (connection) connection.acknowledge([id])
      else early.push(id)
    })
    connection.acknowledge(early)
    this.#connection = connection
  }

  async leave(): Promise<void> {
    await this.#connection?.end()
    this.#connection = undefined
  }

  /** Who comes clean has the broker forget (3.1.1, 3.1.2.4), and in 5.0 leaves nothing to keep. */
  async remove(): Promise<void> {
    await this.leave()
    const clean = await this.#open(true, () => {})
    await clean.end()
  }
}
