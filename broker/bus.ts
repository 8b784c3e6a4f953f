// The bus: how events move, whatever broker carries them. Not for: what the messages mean, or for storing them.
import type { Component } from '../component.ts'
import type { OutcomeStatus } from '../schemas/delivery.ts'

/** What became of a message. `body` gives what was stored, to be shown if anyone watches; only with `stored`. */
export interface Outcome {
  status: OutcomeStatus
  id?: string
  code?: string
  message?: string
  body?: () => Buffer
}

/** A message to live subscribers: `bus.subscribe` and every MQTT client alike. */
export interface Message {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** A message as it came in, acknowledged only when settled: with `qos` 0 too, though nobody waits for that. */
export interface Delivery extends Message {
  /** Who sent it: `daybook` for what came in through `publish`, else the authenticated user; a foreign broker tells none: ``. */
  readonly from: string
  /**
   * Call once, as a method, in any order: the driver acknowledges in arrival order, and shows `body` to live subscribers.
   */
  settle(outcome: Outcome): void
}

/** How a message is published: by default with QoS 1 and not retained; a retained empty payload clears the topic. */
export interface PublishOptions {
  qos?: 0 | 1
  retain?: boolean
  /** Retained in memory only, for what is published again at the next start (receipts, state). */
  volatile?: boolean
  /** What a retained topic is to say, retained, once we are gone without having said so. */
  will?: string
}

/** Moves messages between everyone on it: our parts and MQTT clients alike. */
export interface Bus extends Component {
  /**
   * The one write path: what anyone publishes under `<prefix>/activity/`, and what a client may not publish (to be kept as
   * rejected), in arrival order of its connection. Set once, before start. `accept` must not throw or block.
   */
  onActivity(accept: (delivery: Delivery) => void): void
  /**
   * Publishes as any client would. Resolves for an activity with its outcome after COMMIT, broker or no broker, for any other
   * topic with undefined once it is safe and ordered for delivery; what is retained may wait for its broker meanwhile.
   * Rejects with `bus_unavailable` or `shutting_down`.
   */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): Promise<Outcome | undefined>
  /** Live: retained messages first, of activities what was stored. For surfaces and state, not for what must not be lost. */
  subscribe(filter: string, listener: (message: Message) => void): Promise<() => void>
  /**
   * What anyone publishes outside our prefix under these filters, for who must not lose it: last retained values first (only
   * they have `retain`), then each message in order of arrival, acknowledged once every `take` has returned. What one
   * throws at waits, with all that comes after it as far as a connection may have unacknowledged, and is offered again about
   * every second; subscribers get it, its sender stays connected. `take` does not block, and copies what it keeps. `name` is
   * the feed's over restarts: a foreign broker keeps under it what comes while we are away, and may hand it over twice.
   */
  feed(name: string, filters: readonly string[], take: (message: Message) => void): Promise<() => void>
}
