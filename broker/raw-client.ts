// An MQTT client for tests: a socket, what is sent to it packet by packet or byte by byte, and what came back. It does
// nothing by itself. Not for: the product, whose own connections are in foreign/.
import { connect as connectSocket, type Socket } from 'node:net'
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet'

export interface RawOptions {
  port: number
  username?: string | undefined
  password?: string | undefined
  clientId?: string
  clean?: boolean
  keepalive?: number
  will?: { topic: string; payload: string; qos?: 0 | 1 | 2; retain?: boolean }
}

let counted = 0

export class RawClient {
  readonly packets: Packet[] = []
  readonly socket: Socket
  readonly closed: Promise<void>
  #awaited: (() => void)[] = []

  constructor(port: number) {
    this.socket = connectSocket({ port, host: '127.0.0.1' })
    this.socket.setNoDelay()
    const reader = parser()
    reader.on('packet', (packet: Packet) => {
      this.packets.push(packet)
      for (const wake of this.#awaited.splice(0)) wake()
    })
    this.socket.on('data', (bytes: Buffer) => reader.parse(bytes))
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.on('close', () => resolve()))
  }

  /** Connects and waits for the answer; the return code stands in the first packet. */
  static async connect(options: RawOptions): Promise<RawClient> {
    const client = new RawClient(options.port)
    client.send(connectPacket(options))
    await client.has('connack')
    return client
  }

  send(...packets: Packet[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => generate(packet))))
  }

  of(cmd: Packet['cmd']): Packet[] {
    return this.packets.filter((packet) => packet.cmd === cmd)
  }

  /** Resolves once `count` packets of this kind have come. */
  async has(cmd: Packet['cmd'], count = 1): Promise<Packet[]> {
    let open = true
    const ended = this.closed.then(() => {
      open = false
    })
    while (this.of(cmd).length < count) {
      if (!open) throw new Error(`closed with ${this.of(cmd).length} of ${count} ${cmd}`)
      await Promise.race([new Promise<void>((resolve) => this.#awaited.push(resolve)), ended])
    }
    return this.of(cmd)
  }

  /** A round trip: all that was sent before has been read. */
  async ping(): Promise<void> {
    const before = this.of('pingresp').length
    this.send({ cmd: 'pingreq' })
    await this.has('pingresp', before + 1)
  }

  destroy(): void {
    this.socket.destroy()
  }
}

export function connectPacket(options: RawOptions): IConnectPacket {
  const { username, password, clientId = `raw-${++counted}`, clean = true, keepalive = 0, will } = options
  const packet: IConnectPacket = { cmd: 'connect', clientId, clean, keepalive, protocolId: 'MQTT', protocolVersion: 4 }
  if (username !== undefined) packet.username = username
  if (password !== undefined) packet.password = Buffer.from(password)
  if (will) packet.will = { qos: 0, retain: false, ...will }
  return packet
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  about: { qos?: 0 | 1 | 2; messageId?: number; retain?: boolean; dup?: boolean } = {},
): IPublishPacket {
  return { cmd: 'publish', topic, payload, qos: 0, retain: false, dup: false, ...about }
}
