// The packets that the framing layer reads and answers itself, by MQTT 3.1.1; every check that keeps a malformed one
// from Aedes is here. Not for: CONNECT, which is connect.ts.
import { isUtf8 } from 'node:buffer'
import { isFilter, isTopic, isWithinLimits } from '../filters.ts'
import { type Frame, Violation } from './framing.ts'

/** Control packet types of 2.2.1. */
export const type = {
  connect: 1,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  unsubscribe: 10,
  pingreq: 12,
  disconnect: 14,
} as const

export interface Publish {
  topic: string
  payload: Buffer
  qos: 0 | 1 | 2
  retain: boolean
  /** 0 with QoS 0. */
  packetId: number
  /** Of the whole packet, bytes. */
  size: number
}

export const pingresp = Buffer.from([0xd0, 0])

/** Return codes of 3.2.2.3 that we give. */
export const refusal = { version: 1, clientId: 2, unavailable: 3, badCredentials: 4, notAuthorized: 5 } as const

export type Refusal = (typeof refusal)[keyof typeof refusal]

export function connack(code: Refusal): Buffer {
  return Buffer.from([0x20, 2, 0, code])
}

export function pubcomp(packetId: number): Buffer {
  return Buffer.from([0x70, 2, packetId >> 8, packetId & 255])
}

export function readPublish({ bytes, bodyAt }: Frame): Publish {
  const header = bytes[0] as number
  const qos = (header >> 1) & 3
  if (qos === 3) throw new Violation('QoS 3') // [MQTT-3.3.1-4]
  if (qos === 0 && header & 8) throw new Violation('DUP with QoS 0') // [MQTT-3.3.1-2]
  if (bytes.length < bodyAt + 2) throw new Violation('truncated PUBLISH')
  const topicAt = bodyAt + 2
  const topicEnd = topicAt + bytes.readUInt16BE(bodyAt)
  const payloadAt = topicEnd + (qos === 0 ? 0 : 2)
  if (payloadAt > bytes.length) throw new Violation('truncated PUBLISH')
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd)
  if (qos > 0 && packetId === 0) throw new Violation('packet id 0') // [MQTT-2.3.1-1]
  const topic = text(bytes, topicAt, topicEnd)
  if (!isTopic(topic)) throw new Violation(`"${shown(topic)}" is no topic to publish to`) // [MQTT-3.3.2-2]
  const payload = bytes.subarray(payloadAt)
  return { topic, payload, qos: qos as 0 | 1 | 2, retain: (header & 1) === 1, packetId, size: bytes.length }
}

export function checkTopic(topic: string): void {
  if (!isTopic(topic)) throw new Violation(`"${shown(topic)}" is no topic to publish to`)
  if (!isWithinLimits(topic)) throw new Violation(`the topic "${shown(topic)}" is too long`)
}

/** The packet id of an acknowledgement; they have a fixed form. */
export function readPacketId({ bytes, bodyAt }: Frame, flags: number): number {
  if (bytes.length !== bodyAt + 2 || ((bytes[0] as number) & 15) !== flags) throw new Violation('malformed packet')
  return bytes.readUInt16BE(bodyAt)
}

/** PINGREQ and DISCONNECT. */
export function checkEmpty({ bytes, bodyAt }: Frame): void {
  if (bytes.length !== bodyAt || ((bytes[0] as number) & 15) !== 0) throw new Violation('malformed packet')
}

/** SUBSCRIBE and UNSUBSCRIBE: at least one filter, each well formed [MQTT-3.8.3-3, MQTT-3.8.3-4, MQTT-3.10.3-2]. */
export function checkFilters({ bytes, bodyAt }: Frame, withQos: boolean): void {
  if (((bytes[0] as number) & 15) !== 2 || bytes.length < bodyAt + 5) throw new Violation('malformed subscription')
  if (bytes.readUInt16BE(bodyAt) === 0) throw new Violation('packet id 0')
  for (let at = bodyAt + 2; at < bytes.length; ) {
    const end = at + 2 <= bytes.length ? at + 2 + bytes.readUInt16BE(at) : bytes.length + 1
    const next = end + (withQos ? 1 : 0)
    if (next > bytes.length) throw new Violation('truncated subscription')
    const filter = text(bytes, at + 2, end)
    if (!isFilter(filter)) throw new Violation(`"${shown(filter)}" is no topic filter`)
    if (withQos && (bytes[end] as number) > 2) throw new Violation('subscription with QoS 3')
    at = next
  }
}

/** A string of 1.5.3, which must be UTF-8 [MQTT-1.5.3-1]. */
function text(bytes: Buffer, start: number, end: number): string {
  if (!isUtf8(bytes.subarray(start, end))) throw new Violation('invalid UTF-8')
  return bytes.toString('utf8', start, end)
}

function shown(name: string): string {
  return name.slice(0, 100)
}
