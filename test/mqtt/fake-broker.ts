// An MQTT broker that does what a test tells it to: it holds acknowledgements, refuses, lies, falls silent, drops the line,
// and keeps every packet of every connection. Not for: what real brokers do (test/brokers/).
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net'
import type { Duplex } from 'node:stream'
import { createServer as createTlsServer } from 'node:tls'
import type { IConnackPacket, IConnectPacket, IPublishPacket, ISubscribePacket, Packet } from 'mqtt-packet'
import { createWebSocketStream, WebSocketServer } from 'ws'
import { matcher } from '../../broker/filters.ts'
import { FakeConnection } from './fake-connection.ts'

/** What the broker does from now on; all of it may be changed at any time. */
export interface Behaviour {
  /** Versions it speaks. */
  versions: readonly (4 | 5)[]
  /** How it says no to others: by its code, or without a word. */
  refuses: 'by code' | 'by hanging up'
  /** Why it lets nobody in: the code of CONNACK. */
  code: number
  /** Whom it lets in; absent: anyone. */
  password: string | undefined
  /** Whether a will costs the entry, as with one that the user may not publish. */
  refusesWills: boolean
  /** What it says of the session, true or not. */
  sessionPresent: boolean
  /** Said in CONNACK of 5.0. */
  properties: NonNullable<IConnackPacket['properties']>
  /** What it does right after a CONNACK that lets in. */
  greets: (connection: FakeConnection) => void
  /** PUBLISH gets no PUBACK until `acknowledge` is called. */
  holds: boolean
  /** It reads and answers nothing, not even CONNECT and PINGREQ. */
  silent: boolean
  /** Filters that it answers with 0x80. */
  forbidden: readonly string[]
  /** Reason of PUBACK (5.0). */
  reason: number
}

export interface FakeBrokerOptions extends Partial<Behaviour> {
  /** Speaks TLS with this. */
  tls?: { key: string; cert: string }
  /** Speaks WebSocket. */
  webSocket?: boolean
}

export class FakeBroker implements AsyncDisposable {
  readonly does: Behaviour
  /** Every connection that has sent CONNECT, refused ones too, in order. */
  readonly connections: FakeConnection[] = []
  /** By topic; a broker that was killed has forgotten them: `clear`. */
  readonly retained = new Map<string, IPublishPacket>()
  readonly url: string
  readonly #server: Server
  readonly #open = new Set<Duplex>()
  #awaited: (() => void)[] = []

  private constructor(server: Server, url: string, does: Partial<Behaviour>) {
    this.#server = server
    this.url = url
    this.does = {
      versions: [4, 5],
      refuses: 'by code',
      code: 0,
      password: undefined,
      refusesWills: false,
      sessionPresent: false,
      properties: {},
      greets: () => {},
      holds: false,
      silent: false,
      forbidden: [],
      reason: 0,
      ...does,
    }
  }

  static async start({ tls, webSocket = false, ...does }: FakeBrokerOptions = {}): Promise<FakeBroker> {
    const enter = (stream: Duplex) => broker.#enter(stream)
    const server = webSocket ? createHttpServer() : tls ? createTlsServer(tls, enter) : createTcpServer(enter)
    if (webSocket) {
      const upgrades = new WebSocketServer({ server: server as ReturnType<typeof createHttpServer> })
      upgrades.on('connection', (socket) => enter(createWebSocketStream(socket)))
    }
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const scheme = webSocket ? 'ws' : tls ? 'mqtts' : 'mqtt'
    const broker = new FakeBroker(server, `${scheme}://127.0.0.1:${port}`, does)
    return broker
  }

  /** The nth connection that has sent CONNECT, from 1, once there is one. */
  async connection(nth: number): Promise<FakeConnection> {
    for (;;) {
      const connection = this.connections[nth - 1]
      if (connection) return connection
      await new Promise<void>((resolve) => this.#awaited.push(resolve))
    }
  }

  get last(): FakeConnection {
    const connection = this.connections.at(-1)
    if (!connection) throw new Error('nobody has connected')
    return connection
  }

  /** As a broker that is killed: every line is cut, and what it had in memory is gone. */
  forget(): void {
    this.retained.clear()
    this.cut()
  }

  /** Cuts every line. */
  cut(): void {
    for (const stream of this.#open) stream.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.cut()
    await closed
  }

  #enter(stream: Duplex): void {
    this.#open.add(stream)
    stream.on('close', () => this.#open.delete(stream))
    const connection = new FakeConnection(stream, (packet) => this.#take(connection, packet))
  }

  #take(connection: FakeConnection, packet: Packet): void {
    if (packet.cmd === 'connect') {
      this.connections.push(connection)
      for (const wake of this.#awaited.splice(0)) wake()
    }
    if (this.does.silent) return
    switch (packet.cmd) {
      case 'connect':
        this.#welcome(connection, packet)
        break
      case 'publish':
        this.#publish(connection, packet)
        break
      case 'subscribe':
        this.#subscribe(connection, packet)
        break
      case 'unsubscribe':
        for (const filter of packet.unsubscriptions) connection.filters.delete(filter)
        connection.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0, granted: [0] } as Packet)
        break
      case 'pingreq':
        connection.send({ cmd: 'pingresp' })
        break
      case 'disconnect':
        connection.end()
        break
    }
  }

  #welcome(connection: FakeConnection, { protocolVersion = 4, password, will }: IConnectPacket): void {
    const { versions, refuses, code, sessionPresent, properties } = this.does
    const speaks = versions.includes(protocolVersion as 4 | 5)
    const is5 = protocolVersion === 5
    const knows = this.does.password === undefined || this.does.password === password?.toString()
    const isWelcome = knows && !(will && this.does.refusesWills)
    if (!speaks) {
      // As 3.1.1 says it, whatever it speaks itself.
      if (refuses === 'by code') connection.send({ cmd: 'connack', returnCode: 1, sessionPresent: false }, 4)
    } else if (code !== 0 || !isWelcome) {
      const no = code || (is5 ? 0x86 : 4)
      connection.send({ cmd: 'connack', sessionPresent: false, returnCode: no, reasonCode: no })
    } else {
      const more = is5 ? { properties } : {}
      connection.send({ cmd: 'connack', sessionPresent, returnCode: 0, reasonCode: 0, ...more })
      this.does.greets(connection)
      return
    }
    connection.end()
  }

  #publish(connection: FakeConnection, packet: IPublishPacket): void {
    const { topic, payload, retain } = packet
    if (retain && payload.length > 0) this.retained.set(topic, packet)
    else if (retain) this.retained.delete(topic)
    for (const other of this.connections) {
      if (other.isOpen && [...other.filters].some((filter) => matcher(filter)(topic)))
        other.deliver({ ...packet, retain: false })
    }
    if (packet.qos === 0) return
    connection.unanswered.push(packet)
    if (!this.does.holds) connection.acknowledge(this.does.reason)
  }

  #subscribe(connection: FakeConnection, { messageId = 0, subscriptions }: ISubscribePacket): void {
    const granted = subscriptions.map(({ topic, qos }) => (this.does.forbidden.includes(topic) ? 0x80 : qos))
    connection.send({ cmd: 'suback', messageId, granted })
    for (const { topic } of subscriptions) {
      if (this.does.forbidden.includes(topic)) continue
      connection.filters.add(topic)
      for (const packet of this.retained.values()) if (matcher(topic)(packet.topic)) connection.deliver(packet)
    }
  }
}
