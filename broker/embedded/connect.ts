// CONNECT, read strictly and written anew for Aedes: without credentials, which we have checked, without keepalive,
// which we enforce, and without the will, which we publish. Not for: checking credentials or rights.
import { generate, type IConnectPacket, type Packet, parser } from 'mqtt-packet'
import { checkTopic, type Refusal, refusal } from './frames.ts'
import { type Frame, Violation } from './framing.ts'
import { names } from './limits.ts'

export interface Will {
  topic: string
  payload: Buffer
  qos: 0 | 1 | 2
  retain: boolean
}

/** What a client says of itself. */
export interface Hello {
  /** Empty when we are to choose one. */
  clientId: string
  clean: boolean
  /** Seconds, 0 = none. */
  keepalive: number
  username: string | undefined
  password: Buffer | undefined
  will: Will | null
  /** The CONNECT that Aedes gets, under the client id in use. */
  forAedes(clientId: string): Buffer
}

/** Reads a CONNECT; a number is the code to refuse it with. Throws a Violation, which closes without an answer. */
export function readConnect(frame: Frame): Hello | Refusal {
  if (!isKnownVersion(frame)) return refusal.version // [MQTT-3.1.2-2]
  const packet = parse(frame)
  const { clientId, clean = false, keepalive = 0, username, password } = packet
  const flags = frame.bytes[frame.bodyAt + 2 + frame.bytes.readUInt16BE(frame.bodyAt) + 1] as number
  if (flags & 0x40 && !(flags & 0x80)) throw new Violation('password without user name') // [MQTT-3.1.2-22]
  if (flags & 0x04 && (flags & 0x18) === 0x18) throw new Violation('will with QoS 3') // [MQTT-3.1.2-14]
  if (!isClientId(clientId)) return refusal.clientId
  if (clientId === '' && !clean) return refusal.clientId // [MQTT-3.1.3-8]
  const will = packet.will ? readWill(packet.will) : null
  const { protocolId = 'MQTT', protocolVersion = 4 } = packet
  const forAedes = (id: string) => {
    // `bridgeMode` is what Mosquitto sets when it connects as a bridge: no echo of its own, retain flags as published.
    const { bridgeMode } = packet as { bridgeMode?: boolean }
    const anew = { cmd: 'connect', protocolId, protocolVersion, clean, keepalive: 0, clientId: id, bridgeMode }
    return generate(anew as IConnectPacket)
  }
  return { clientId, clean, keepalive, username, password, will, forAedes }
}

/** MQTT 3.1.1, and its forerunner 3.1, which old devices speak. */
function isKnownVersion({ bytes, bodyAt }: Frame): boolean {
  if (bytes.length < bodyAt + 2) throw new Violation('truncated CONNECT')
  const nameEnd = bodyAt + 2 + bytes.readUInt16BE(bodyAt)
  const name = bytes.toString('latin1', bodyAt + 2, nameEnd)
  if ((name !== 'MQTT' && name !== 'MQIsdp') || nameEnd + 1 >= bytes.length) throw new Violation('not MQTT')
  return ((bytes[nameEnd] as number) & 127) === (name === 'MQTT' ? 4 : 3)
}

function parse({ bytes }: Frame): IConnectPacket {
  let packet: Packet | undefined
  let failure: Error | undefined
  const reader = parser()
  reader.on('packet', (read: Packet) => {
    packet = read
  })
  reader.on('error', (error: Error) => {
    failure = error
  })
  reader.parse(bytes)
  if (failure || packet?.cmd !== 'connect') throw new Violation(failure?.message ?? 'malformed CONNECT')
  return packet
}

/** The replacement character is what invalid UTF-8 was decoded to [MQTT-1.5.3-1]. */
function isClientId(id: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return id.length <= names.clientIdLength && !/[\u0000-\u001f\u007f-\u009f\ufffd]/.test(id)
}

function readWill({ topic, payload, qos = 0, retain = false }: NonNullable<IConnectPacket['will']>): Will {
  checkTopic(topic)
  if (topic.includes('\ufffd')) throw new Violation('invalid UTF-8')
  return { topic, payload: Buffer.from(payload), qos, retain }
}
