// A hosted bridge with a real outbox file that cannot reach a bus, so that a test sees all that is kept. Not for: what
// becomes of it on the bus, which the outbox's own tests and the journeys show.
import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import pino from 'pino'
import type { Bridge, ForeignMessage, Notification } from '../bridges/bridge.ts'
import { type HostedBridge, hostBridge } from '../bridges/host.ts'
import { matcher } from '../broker/filters.ts'
import type { OutboxOptions } from '../broker/outbox/options.ts'
import { type Outbox, openOutbox } from '../broker/outbox/outbox.ts'
import { type Clock, randomIds, wallClock } from '../component.ts'
import type { ContentRef } from '../schemas/content-ref.ts'
import { DaybookError } from '../schemas/errors.ts'
import type { Privacy } from '../schemas/privacy.ts'
import { topicsUnder } from '../schemas/topics.ts'

export interface Hosted {
  bridge: HostedBridge
  /** Everything appended so far, in order, also by former runs of the same folder. */
  kept: Notification[]
  /** The outbox of the present run. */
  outbox(): Outbox
  /** Publishes as others on the bus do; throws what the bridge that listens throws. */
  publish(topic: string, payload: string, options?: { retain?: boolean }): void
  /** Makes `append` throw this until it is cleared. */
  fail(error: DaybookError | undefined): void
}

export interface HostedOptions {
  config?: unknown
  admit?: (notification: Notification) => Notification | null
  redact?: (notification: Notification) => Notification
  redactText?: (text: string) => { text: string }
  privacy?: Partial<Privacy>
  clock?: Clock
  limits?: OutboxOptions['limits']
}

/** A folder for outboxes, and the way to be rid of it. */
export async function outboxFolder(): Promise<{ folder: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-bridge-'))
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** A real outbox in this folder, away from any bus. */
export function quietOutbox(
  folder: string,
  producer: string,
  source: string,
  clock: Clock = wallClock,
  limits: OutboxOptions['limits'] = {},
): Outbox {
  const away = () => Promise.reject(new DaybookError('bus_unavailable'))
  const transport = { publish: away, subscribe: away }
  const file = join(folder, `${producer}.sqlite`)
  const topics = topicsUnder('daybook')
  return openOutbox({ file, producer, source, topics, transport, clock, ids: randomIds, limits })
}

/** What is kept of a payload beside the outboxes of this folder. */
export function payloadIn(folder: string, bridge: Bridge, { id }: ContentRef): Buffer {
  return readFileSync(join(folder, `${bridge.name}-test.sqlite.payloads`, id))
}

/** Hosts a bridge over a file in this folder; not started yet. */
export function host(bridge: Bridge, folder: string, options: HostedOptions = {}): Hosted {
  const { config = bridge.exampleConfig, redact = (notification) => notification, clock = wallClock } = options
  const { admit = (notification) => notification } = options
  const { redactText = (text) => ({ text }) } = options
  const kept: Notification[] = []
  const log = pino({ level: 'silent' })
  const listening = new Set<{ meets: ((topic: string) => boolean)[]; take(message: ForeignMessage): void }>()
  let outbox: Outbox | undefined
  let failure: DaybookError | undefined
  const hosted = hostBridge(bridge, {
    config,
    admit,
    redact,
    redactText,
    async *redactBody(body) {
      yield Buffer.from(redactText(await text(body)).text)
    },
    privacy: { allows: ({ isPrivate }) => isPrivate !== true, clean: (facts) => facts, ...options.privacy },
    folder: ({ producer }) => {
      const own = join(folder, `${producer}.folder`)
      mkdirSync(own, { recursive: true })
      return own
    },
    log,
    clock,
    space: 'home',
    producer: `${bridge.name}-test`,
    async feed(_name, filters, take) {
      const entry = { meets: filters.map(matcher), take }
      listening.add(entry)
      return () => {
        listening.delete(entry)
      }
    },
    openOutbox({ producer, source }) {
      const opened = quietOutbox(folder, producer, source, clock, options.limits)
      outbox = opened
      return {
        name: opened.name,
        state: opened.state,
        get depth() {
          return opened.depth
        },
        attach: (bytes, about) => opened.attach(bytes, about),
        attachFile: (body, about) => opened.attachFile(body, about),
        start: () => opened.start(),
        stop: () => opened.stop(),
        health: () => ({ state: 'ok' }),
        report: (health) => opened.report(health),
        append(notifications) {
          if (failure) throw failure
          opened.append(notifications)
          kept.push(...notifications)
        },
      }
    },
  })
  return {
    bridge: hosted,
    kept,
    outbox: () => outbox as Outbox,
    publish(topic, payload, { retain = false } = {}) {
      for (const { meets, take } of listening)
        if (meets.some((meet) => meet(topic))) take({ topic, payload: Buffer.from(payload), retain })
    },
    fail: (error) => {
      failure = error
    },
  }
}
