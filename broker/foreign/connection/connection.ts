// An open connection to a broker that is not ours: what can be done with one. Not for: how that is done (connect.ts).
import type { UserProperties } from 'mqtt-packet'
import type { Acknowledging, Limits } from './handshake.ts'

/** Metadata that rides along where the broker has MQTT 5, and is left out where not. */
export interface Properties {
  contentType?: string
  messageExpiryInterval?: number
  userProperties?: UserProperties
}

export interface PublishAs {
  /** Default 1. */
  qos?: 0 | 1
  retain?: boolean
  properties?: Properties | undefined
}

/** An open connection. Whatever waits on it rejects with `bus_unavailable` once it is closed. */
export interface Connection extends Acknowledging {
  readonly version: 4 | 5
  /** The broker had kept the session. */
  readonly sessionPresent: boolean
  readonly limits: Limits
  /** Resolves with why, in words for people, once it is over. */
  readonly closed: Promise<string>
  readonly isOpen: boolean
  /** Bytes that the socket has not sent yet. */
  readonly unsent: number
  /**
   * Sent in the order of the calls, any number at a time; QoS 1 resolves with PUBACK, QoS 0 at once. Rejects with
   * `broker_refused` if the broker says no, and with `too_large` if it would; only 5.0 can tell either.
   */
  publish(topic: string, payload: string | Buffer, as?: PublishAs): Promise<void>
  /**
   * The QoS that is granted; rejects with `broker_refused` if none is. `onlyNew`: no retained messages if the session has
   * the subscription already (5.0, 3.8.3.1).
   */
  subscribe(filter: string, qos: 0 | 1, options?: { onlyNew?: boolean }): Promise<number>
  unsubscribe(filter: string): Promise<void>
  /** A round trip. */
  ping(): Promise<void>
  /** Stops reading, and goes on; while it does not read, silence is no sign of death. */
  pause(): void
  resume(): void
  /** DISCONNECT, so that the will stays unsaid; resolves when it is closed. */
  end(): Promise<void>
  /** As a cut cable. */
  destroy(why?: string): void
}
