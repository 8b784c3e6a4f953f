// One connection of the fake broker: what came on it, and what is sent on it. Not for: what it answers (fake-broker.ts).
import type { Duplex } from 'node:stream'
import { generate, type IConnectPacket, type IPublishPacket, type Packet, parser } from 'mqtt-packet'

export class FakeConnection {
  /** Everything that came, in order. */
  readonly packets: Packet[] = []
  /** PUBLISHes of QoS 1 that have no PUBACK yet. */
  readonly unanswered: IPublishPacket[] = []
  /** Those that have. */
  readonly acknowledged: IPublishPacket[] = []
  readonly filters = new Set<string>()
  readonly closed: Promise<void>
  isOpen = true
  readonly #stream: Duplex
  #version: 4 | 5 = 4
  #sent = 0
  #awaited: (() => void)[] = []

  constructor(stream: Duplex, take: (packet: Packet) => void) {
    this.#stream = stream
    const reader = parser()
    reader.on('packet', (packet: Packet) => {
      this.packets.push(packet)
      if (packet.cmd === 'connect') this.#version = packet.protocolVersion === 5 ? 5 : 4
      take(packet)
      this.#wake()
    })
    // What cannot be read is for the test to see.
    reader.on('error', () => stream.destroy())
    stream.on('data', (bytes: Buffer) => reader.parse(bytes))
    stream.on('error', () => {})
    this.closed = new Promise((resolve) => {
      stream.on('close', () => {
        this.isOpen = false
        this.#wake()
        resolve()
      })
    })
  }

  get connect(): IConnectPacket {
    return this.packets[0] as IConnectPacket
  }

  of<Cmd extends Packet['cmd']>(cmd: Cmd): Extract<Packet, { cmd: Cmd }>[] {
    return this.packets.filter((packet) => packet.cmd === cmd) as Extract<Packet, { cmd: Cmd }>[]
  }

  /** Resolves once `count` packets of this kind have come. */
  async has<Cmd extends Packet['cmd']>(cmd: Cmd, count = 1): Promise<Extract<Packet, { cmd: Cmd }>[]> {
    while (this.of(cmd).length < count) {
      if (!this.isOpen) throw new Error(`closed with ${this.of(cmd).length} of ${count} ${cmd}`)
      await new Promise<void>((resolve) => this.#awaited.push(resolve))
    }
    return this.of(cmd)
  }

  /** Sends packets in one write, in the version of the connection unless told otherwise. */
  send(packet: Packet, version: 4 | 5 = this.#version): void {
    this.write(generate(packet, { protocolVersion: version }))
  }

  /** Sends any bytes. */
  write(bytes: Buffer | string): void {
    if (this.isOpen && !this.#stream.writableEnded) this.#stream.write(bytes)
  }

  /** Sends a message with a packet id of its own, which it returns; 0 for QoS 0. */
  deliver({ topic, payload, qos, retain, dup = false }: Partial<IPublishPacket> & { topic: string }): number {
    const messageId = qos === 0 ? 0 : (this.#sent++ % 65_535) + 1
    const packet = {
      cmd: 'publish',
      topic,
      payload: payload ?? '',
      qos: qos === 0 ? 0 : 1,
      retain: retain ?? false,
      dup,
    }
    this.send({ ...packet, ...(messageId > 0 && { messageId }) } as Packet)
    return messageId
  }

  /** PUBACK for the `count` oldest that have none: all, unless said otherwise. */
  acknowledge(reasonCode = 0, count = this.unanswered.length): void {
    for (const packet of this.unanswered.splice(0, count)) {
      this.acknowledged.push(packet)
      this.send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode })
    }
  }

  /** Hangs up after what was sent. */
  end(): void {
    this.#stream.end()
  }

  /** Cuts the line. */
  cut(): void {
    this.#stream.destroy()
  }

  #wake(): void {
    for (const wake of this.#awaited.splice(0)) wake()
  }
}
