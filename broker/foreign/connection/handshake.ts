// What is said at the beginning of a connection: CONNECT as we send it, and what CONNACK tells (chapters 3.1 and 3.2 of
// MQTT 3.1.1 and 5.0). Pure. Not for: sending it (connect.ts), or trying another version (versions.ts).
import type { IConnackPacket, IConnectPacket, IPublishPacket } from 'mqtt-packet'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Address } from './dial.ts'

export interface ConnectOptions extends Address {
  user?: string | undefined
  password?: string | undefined
  clientId: string
  /** False: the broker keeps the session, and what comes for it while we are away. */
  clean: boolean
  /** 4 is MQTT 3.1.1. */
  version: 4 | 5
  keepaliveSeconds: number
  /** Messages that may be unacknowledged here at once; only MQTT 5 can say so. */
  window?: number
  /** Published retained, QoS 1, by the broker when we are gone without a word. */
  will?: { topic: string; payload: string }
  /** From the first byte to CONNACK. Default 10 s. */
  timeoutMs?: number
  /** Every message, in order of arrival: a kept session has some before `connect` resolves. Must not throw. */
  received(message: IPublishPacket, on: Acknowledging): void
  /** Gives up what is not open yet. */
  signal?: AbortSignal | undefined
}

/** The connection that a message came on, as far as it is for the message. */
export interface Acknowledging {
  /** PUBACKs in this order, in one write; nothing once it is closed. */
  acknowledge(ids: readonly number[]): void
}

/** What the broker allows, as far as it says so; MQTT 3.1.1 says nothing. */
export interface Limits {
  /** Our messages that may be unacknowledged there at once. */
  window: number
  /** Of a whole packet, bytes. */
  packetBytes: number
  /** 0: none. */
  keepaliveSeconds: number
  retain: boolean
  shared: boolean
}

/** The session never expires by itself (5.0, 3.1.2.11.2). */
const NEVER = 0xffffffff
/** Codes of CONNACK that say that it is we who are not welcome: 3.1.1, 3.2.2.3; 5.0, 3.2.2.2. */
const UNWELCOME = new Set([2, 4, 5, 0x85, 0x86, 0x87, 0x8a, 0x8c])
/** The version is not. */
const VERSION = new Set([1, 0x84])

export function connectPacket(options: ConnectOptions): IConnectPacket {
  const { clientId, clean, version, keepaliveSeconds, user, password, will, window } = options
  const packet: IConnectPacket = {
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: version,
    clientId,
    clean,
    keepalive: keepaliveSeconds,
  }
  if (user !== undefined) packet.username = user
  if (password !== undefined) packet.password = Buffer.from(password)
  if (will) packet.will = { ...will, payload: Buffer.from(will.payload), qos: 1, retain: true }
  if (version === 5) {
    packet.properties = {
      ...(clean ? {} : { sessionExpiryInterval: NEVER }),
      ...(window === undefined ? {} : { receiveMaximum: window }),
    }
  }
  return packet
}

/** What holds unless CONNACK says otherwise; the keepalive is ours. */
export function limitsIn(properties: IConnackPacket['properties'] = {}, keepaliveSeconds: number): Limits {
  return {
    window: properties.receiveMaximum ?? 65_535,
    packetBytes: properties.maximumPacketSize ?? 268_435_460,
    keepaliveSeconds: properties.serverKeepAlive ?? keepaliveSeconds,
    retain: properties.retainAvailable ?? true,
    shared: properties.sharedSubscriptionAvailable ?? true,
  }
}

/** Why we are not let in, or nothing. */
export function refusalIn({ returnCode, reasonCode }: IConnackPacket): DaybookError | undefined {
  const code = reasonCode ?? returnCode ?? 0
  if (code === 0) return undefined
  if (UNWELCOME.has(code)) return new DaybookError('broker_refused', `CONNACK says ${code}.`)
  const why = `CONNACK says ${code}.`
  return VERSION.has(code) ? versionUnknown(why, 'said') : new DaybookError('bus_unavailable', why)
}

/** `said`: the version is refused; `hung up`: without a word, as some do who do not know the version. */
export type VersionRefused = 'said' | 'hung up'

export function versionUnknown(why: string, version: VersionRefused): DaybookError {
  return new DaybookError('bus_unavailable', why, { cause: { version } })
}

/** Whether it is, or may be, the version that the broker does not take. */
export function versionRefused(error: unknown): VersionRefused | undefined {
  return error instanceof DaybookError ? (error.cause as { version?: VersionRefused } | undefined)?.version : undefined
}
