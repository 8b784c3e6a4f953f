// The bus: how events move, whatever broker carries them. Its drivers are the embedded broker and (later) a foreign
// one; registry.ts lists them. Not for: what the messages mean, or for storing them.
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

/** A message as it came in. `qos` 0 expects no answer, but must be settled all the same. */
export interface Delivery {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
  /** Who sent it: the authenticated user, or `daybook` for what came in through `publish`. */
  readonly from: string
  /** Call once, in any order: the driver acknowledges in arrival order, and shows `body` to live subscribers. */
  settle(outcome: Outcome): void
}

/** A message to live subscribers: `bus.subscribe` and every MQTT client alike. */
export interface Message {
  readonly topic: string
  readonly payload: Buffer
  readonly qos: 0 | 1 | 2
  readonly retain: boolean
}

/** How a message is published. */
export interface PublishOptions {
  /** Default 1. */
  qos?: 0 | 1
  /** Default false. An empty payload clears the topic. */
  retain?: boolean
  /** Retained in memory only, for what is published again at the next start (receipts, state). Default false. */
  volatile?: boolean
}

/** Moves messages between everyone on it: our parts and MQTT clients alike. */
export interface Bus extends Component {
  /**
   * The one write path: everything published under `<prefix>/activity/` by anyone, and what a client may not publish (to
   * be kept as rejected, its topic says why), is handed to `accept`, in arrival
   * order of its connection, and acknowledged only when settled. Set once, before start. `accept` must not throw or block.
   */
  onActivity(accept: (delivery: Delivery) => void): void
  /**
   * Publishes as any client would. Resolves for an activity with its outcome after COMMIT, for any other topic with
   * undefined once it is safe and ordered for delivery. Rejects with `bus_unavailable` or `shutting_down`.
   */
  publish(topic: string, payload: string | Buffer, options?: PublishOptions): Promise<Outcome | undefined>
  /** Live messages of a filter, retained ones first. For surfaces and state, never for what must not be lost. */
  subscribe(filter: string, listener: (message: Message) => void): Promise<() => void>
  /**
   * What is published outside our prefix under any of the filters, by clients and through `publish` alike, for who must
   * not lose it: the last retained values first (`retain` is true for these only), then each message once, in the order of
   * arrival. A message is acknowledged once every `take` has returned. When one throws, the message waits, its sender
   * stays connected and subscribers get it all the same; it is offered again about every second, and what came after it
   * waits behind it, as far as a connection may have unacknowledged. `take` must not block, and copies what it keeps of
   * `payload`. Messages with QoS 0 are handed over the same way, without promise. Returns how to end it.
   */
  feed(filters: readonly string[], take: (message: Message) => void): Promise<() => void>
}
