// An MQTT broker that keeps sessions, within limits that a test gives it. Not for: misbehaving (fake-broker.ts), or being
// right in what nobody measures.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import type { IPublishPacket, Packet } from 'mqtt-packet'
import { matcher } from '../../broker/filters.ts'
import { FakeConnection } from './fake-connection.ts'

export interface Limits {
  /** Messages that it sends before one is acknowledged. */
  window: number
  /** Messages that wait in a session besides. */
  queue: number
  retained: 'kept' | 'exact' | 'none'
  /** An empty retained message clears its topic. */
  clears: boolean
  shared: 'works' | 'silent' | 'copies' | 'refused'
  dots: boolean
  /** Retained from the beginning: what it says of itself. */
  says?: readonly [topic: string, payload: string]
}

export interface LimitedBroker extends AsyncDisposable {
  readonly url: string
  /** Client ids of the sessions that it keeps now. */
  sessions(): string[]
  /** How many have been let in so far. */
  connections(): number
  /** Topics that have a retained message, but for what it says of itself. */
  retained(): string[]
}

interface Session {
  readonly filters: Set<string>
  waiting: IPublishPacket[]
  readonly sent: Map<number, IPublishPacket>
  connection?: FakeConnection | undefined
}

export async function limitedBroker(options: Partial<Limits> = {}): Promise<LimitedBroker> {
  const limits: Limits = {
    window: 20,
    queue: 1000,
    retained: 'kept',
    clears: true,
    shared: 'works',
    dots: true,
    ...options,
  }
  const sessions = new Map<string, Session>()
  const retained = new Map<string, IPublishPacket>()
  const open = new Set<FakeConnection>()
  let turn = 0
  let entrances = 0
  if (limits.says) {
    const [topic, payload] = limits.says
    retained.set(topic, { cmd: 'publish', topic, payload, qos: 0, retain: true, dup: false })
  }
  const server = createServer((socket) => {
    let session: Session | undefined
    const connection = new FakeConnection(socket, (packet) => {
      session = take(connection, session, packet)
    })
    open.add(connection)
    void connection.closed.then(() => {
      open.delete(connection)
      // Who looks whether the port is open says nothing.
      if (!session) return
      const { clientId, clean } = connection.connect
      session.connection = undefined
      session.waiting = [...session.sent.values(), ...session.waiting].slice(0, limits.queue)
      session.sent.clear()
      if (clean && sessions.get(clientId) === session) sessions.delete(clientId)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  function take(connection: FakeConnection, session: Session | undefined, packet: Packet): Session | undefined {
    if (packet.cmd === 'connect') {
      entrances++
      if (packet.clean) sessions.delete(packet.clientId)
      const found = sessions.get(packet.clientId)
      const entered: Session = found ?? { filters: new Set(), waiting: [], sent: new Map() }
      entered.connection = connection
      sessions.set(packet.clientId, entered)
      connection.send({ cmd: 'connack', returnCode: 0, reasonCode: 0, sessionPresent: found !== undefined })
      pump(entered)
      return entered
    }
    if (!session) return undefined
    if (packet.cmd === 'publish') {
      publish(packet)
      if (packet.qos === 1) connection.send({ cmd: 'puback', messageId: packet.messageId ?? 0 })
    } else if (packet.cmd === 'subscribe') {
      const [{ topic: filter, qos } = { topic: '', qos: 0 }] = packet.subscriptions
      const no = filter.startsWith('$share/') && limits.shared === 'refused'
      connection.send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [no ? 0x80 : qos] })
      if (!no) session.filters.add(filter)
      const wild = /[+#]/.test(filter)
      const shown = limits.retained === 'kept' || (limits.retained === 'exact' && !wild)
      for (const message of shown ? retained.values() : []) {
        if (matcher(filter)(message.topic)) offer(session, { ...message, retain: true })
      }
    } else if (packet.cmd === 'puback') {
      session.sent.delete(packet.messageId ?? 0)
      pump(session)
    } else if (packet.cmd === 'unsubscribe') {
      for (const filter of packet.unsubscriptions) session.filters.delete(filter)
      connection.send({ cmd: 'unsuback', messageId: packet.messageId ?? 0 } as Packet)
    } else if (packet.cmd === 'pingreq') connection.send({ cmd: 'pingresp' })
    else if (packet.cmd === 'disconnect') connection.end()
    return session
  }

  function publish(packet: IPublishPacket): void {
    const topic = limits.dots ? packet.topic : packet.topic.replaceAll('.', '/')
    const message = { ...packet, topic, retain: false }
    if (packet.retain && packet.payload.length > 0) retained.set(topic, message)
    else if (packet.retain && limits.clears) retained.delete(topic)
    const sharing: Session[] = []
    for (const session of sessions.values()) {
      for (const filter of session.filters) {
        const shared = filter.startsWith('$share/')
        const plain = shared ? filter.split('/').slice(2).join('/') : filter
        if (!matcher(plain)(topic) || (shared && limits.shared === 'silent')) continue
        if (shared && limits.shared === 'works') sharing.push(session)
        else offer(session, message)
      }
    }
    const next = sharing[turn++ % sharing.length]
    if (next) offer(next, message)
  }

  function offer(session: Session, message: IPublishPacket): void {
    if (session.waiting.length < limits.queue) session.waiting.push(message)
    else if (session.connection && session.sent.size < limits.window) session.waiting.push(message)
    pump(session)
  }

  function pump(session: Session): void {
    while (session.connection?.isOpen && session.waiting.length > 0 && session.sent.size < limits.window) {
      const message = session.waiting.shift() as IPublishPacket
      const id = session.connection.deliver(message)
      if (message.qos === 1) session.sent.set(id, message)
    }
  }

  return {
    url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => entrances,
    sessions: () => [...sessions.keys()],
    retained: () => [...retained.keys()].filter((topic) => topic !== limits.says?.[0]),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const connection of open) connection.cut()
      await closed
    },
  }
}
