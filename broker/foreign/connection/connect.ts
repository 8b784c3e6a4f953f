// One MQTT connection to a broker that is not ours, from CONNECT to its end. It never comes back: a new connection is a
// new object, so that nothing meant for the one, an acknowledgement above all, can reach the other. Not for: coming back
// (talker.ts, consumer.ts), or choosing a version (versions.ts).
import type { Duplex } from 'node:stream'
import {
  generate,
  type IConnackPacket,
  type IPublishPacket,
  type ISubackPacket,
  type Packet,
  parser,
} from 'mqtt-packet'
import { DaybookError } from '../../../schemas/errors.ts'
import { Answers } from './answers.ts'
import type { Connection, PublishAs } from './connection.ts'
import { dial } from './dial.ts'
import { type ConnectOptions, connectPacket, type Limits, limitsIn, refusalIn, versionUnknown } from './handshake.ts'

/** Rejects with `broker_refused`, `bus_unavailable`, or `config_invalid` for a file that cannot be read. */
export async function connect(options: ConnectOptions): Promise<Connection> {
  return new MqttConnection(options).opened
}

const CONNECT_MS = 10_000
const CLOSE_MS = 1_000
/** Errors of a socket that was open: as said by some who do not know the version, instead of CONNACK. */
const HUNG_UP = new Set(['ECONNRESET', 'EPIPE'])
/** Reasons of DISCONNECT (5.0, 3.14.2.1) that a person can do something about. */
const TOLD = new Map([[0x8e, ', another client uses our client id']])

class MqttConnection implements Connection {
  readonly opened: Promise<Connection>
  readonly closed: Promise<string>
  readonly version: 4 | 5
  sessionPresent = false
  limits: Limits
  readonly #options: ConnectOptions
  readonly #stream: Duplex
  readonly #answers = new Answers()
  /** `ending`: nothing more is sent, and no message is taken; answers still count. */
  #state: 'opening' | 'open' | 'ending' | 'closed' = 'opening'
  #why = ''
  /** If it is over, then because the broker has hung up. */
  #hungUp = true
  #paused = false
  /** Whether anything came, and went, since `#lookAfter` last looked. */
  #heard = false
  #said = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: ConnectOptions) {
    this.#options = options
    this.version = options.version
    this.limits = limitsIn({}, options.keepaliveSeconds)
    this.#stream = dial(options)
    const { promise, resolve: opened, reject: failed } = Promise.withResolvers<Connection>()
    this.opened = promise
    const late = setTimeout(() => this.destroy('It does not answer.'), options.timeoutMs ?? CONNECT_MS)
    const reader = parser({ protocolVersion: options.version })
    reader.on('packet', (packet: Packet) => {
      if (this.#stream.destroyed) return
      if (this.#state === 'opening') this.#begin(packet, opened, failed)
      else this.#take(packet)
    })
    reader.on('error', (error: Error) => this.destroy(`It does not speak MQTT: ${error.message}.`))
    this.#stream.on('data', (bytes: Buffer) => {
      this.#heard = true
      if (!this.#stream.destroyed) reader.parse(bytes)
    })
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#hungUp &&= HUNG_UP.has(error.code ?? '')
      this.#why ||= error.message
    })
    const giveUp = () => this.destroy('We gave it up.')
    this.closed = new Promise((resolve) => {
      this.#stream.once('close', () => {
        this.#close()
        failed(this.#hungUp ? versionUnknown(this.#why, 'hung up') : new DaybookError('bus_unavailable', this.#why))
        resolve(this.#why)
      })
    })
    const decided = () => {
      clearTimeout(late)
      options.signal?.removeEventListener('abort', giveUp)
    }
    this.opened.then(decided, decided)
    this.#send(connectPacket(options))
    if (options.signal?.aborted) giveUp()
    else options.signal?.addEventListener('abort', giveUp)
  }

  get isOpen(): boolean {
    return this.#state === 'open' && !this.#stream.destroyed
  }

  get unsent(): number {
    return this.#stream.writableLength
  }

  async publish(topic: string, payload: string | Buffer, { qos = 1, retain = false, properties }: PublishAs = {}) {
    const rides = this.version === 5 && properties ? { properties } : {}
    const packet: IPublishPacket = {
      cmd: 'publish',
      topic,
      payload,
      qos,
      // Who asks for what is not to be had is thrown out (5.0, 3.2.2.3.5).
      retain: retain && this.limits.retain,
      dup: false,
      ...rides,
    }
    if (qos === 1) await this.#ask(packet)
    else this.#tell(packet)
  }

  async subscribe(filter: string, qos: 0 | 1, { onlyNew = false }: { onlyNew?: boolean } = {}): Promise<number> {
    const subscription = this.version === 5 ? { topic: filter, qos, rh: onlyNew ? 1 : 0 } : { topic: filter, qos }
    const answer = await this.#ask({ cmd: 'subscribe', subscriptions: [subscription] } as Packet)
    const granted = Number((answer as ISubackPacket).granted[0])
    if (granted < 0x80) return granted
    throw new DaybookError('broker_refused', `It does not let us subscribe to ${filter}.`)
  }

  async unsubscribe(filter: string): Promise<void> {
    await this.#ask({ cmd: 'unsubscribe', unsubscriptions: [filter] } as Packet)
  }

  acknowledge(ids: readonly number[]): void {
    if (!this.isOpen || ids.length === 0) return
    const bytes = Buffer.allocUnsafe(ids.length * 4)
    for (const [i, id] of ids.entries()) {
      bytes.writeUInt16BE(0x4002, i * 4)
      bytes.writeUInt16BE(id, i * 4 + 2)
    }
    this.#write(bytes)
  }

  async ping(): Promise<void> {
    this.#tell({ cmd: 'pingreq' })
    await this.#answers.toPing()
  }

  pause(): void {
    this.#paused = true
    this.#stream.pause()
  }

  resume(): void {
    this.#paused = false
    this.#heard = true
    this.#stream.resume()
  }

  async end(): Promise<void> {
    if (this.isOpen) {
      this.#why ||= 'We ended it.'
      this.#send({ cmd: 'disconnect' })
      this.#state = 'ending'
      this.#stream.end()
      // Who does not read does not hear that the other side is done.
      this.#stream.resume()
    } else if (this.#state === 'opening') this.destroy()
    // A broker that does not hang up in turn keeps nobody waiting.
    const late = setTimeout(() => this.#stream.destroy(), CLOSE_MS)
    await this.closed
    clearTimeout(late)
  }

  destroy(why = 'We ended it.'): void {
    this.#why ||= why
    this.#hungUp = false
    this.#stream.destroy()
  }

  #begin(packet: Packet, opened: (connection: Connection) => void, failed: (error: DaybookError) => void): void {
    const refused =
      packet.cmd === 'connack' ? refusalIn(packet) : new DaybookError('bus_unavailable', 'It is no broker.')
    if (refused) {
      failed(refused)
      this.destroy(refused.detail)
    } else {
      this.#enter(packet as IConnackPacket)
      opened(this)
    }
  }

  #enter({ sessionPresent, properties }: IConnackPacket): void {
    this.#state = 'open'
    this.sessionPresent = sessionPresent
    this.limits = limitsIn(properties, this.limits.keepaliveSeconds)
    const { keepaliveSeconds } = this.limits
    if (keepaliveSeconds > 0) this.#timer = setInterval(() => this.#lookAfter(), (keepaliveSeconds * 1000) / 2).unref()
  }

  /** Every half keepalive: breaks a silence of ours, and ends it when the broker has not answered to that. */
  #lookAfter(): void {
    if (!this.#heard && !this.#paused && this.#answers.pings > 0) {
      this.destroy('It has fallen silent.')
      return
    }
    if (!this.#said || !this.#heard) this.ping().catch(() => {})
    this.#said = false
    this.#heard = false
  }

  #take(packet: Packet): void {
    switch (packet.cmd) {
      case 'publish':
        if (this.#state === 'open') this.#options.received(packet, this)
        break
      case 'puback':
      case 'suback':
      case 'unsuback':
      case 'pingresp':
        this.#answers.take(packet)
        break
      case 'disconnect':
        this.destroy(`The broker ends it: reason ${packet.reasonCode ?? 0}${TOLD.get(packet.reasonCode ?? 0) ?? ''}.`)
        break
      default:
        // Nothing of ours has QoS 2.
        this.destroy(`It sends ${packet.cmd}, which answers nothing.`)
    }
  }

  /** Sends what has a packet id, and waits for its answer. */
  async #ask(packet: Packet): Promise<Packet> {
    const messageId = this.#answers.freeId()
    this.#tell({ ...packet, messageId } as Packet)
    return this.#answers.to(messageId)
  }

  /** Sends what may be sent. */
  #tell(packet: Packet): void {
    if (!this.isOpen) throw new DaybookError('bus_unavailable', this.#why)
    const bytes = generate(packet, { protocolVersion: this.version })
    const { packetBytes } = this.limits
    if (bytes.length > packetBytes) throw new DaybookError('too_large', `The broker takes ${packetBytes} bytes.`)
    this.#write(bytes)
  }

  #close(): void {
    clearInterval(this.#timer)
    this.#state = 'closed'
    this.#why ||= 'The broker closed the connection.'
    this.#answers.end(new DaybookError('bus_unavailable', this.#why))
  }

  #send(packet: Packet): void {
    this.#write(generate(packet, { protocolVersion: this.version }))
  }

  #write(bytes: Buffer): void {
    this.#said = true
    // What is written in one turn of the loop leaves together.
    if (this.#stream.writableCorked === 0) {
      this.#stream.cork()
      process.nextTick(() => this.#stream.uncork())
    }
    this.#stream.write(bytes)
  }
}
