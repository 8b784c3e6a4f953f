// Aedes as the layer of sessions and subscriptions, set up so that nothing of a client's packets is left to it but what
// a connection passes on. Not for: messages coming in, or their order (ordering.ts).
import type { Duplex } from 'node:stream'
import { Aedes, type Client, type Subscription } from 'aedes'
import type { Logger } from '../../component.ts'
import type { Access } from '../access.ts'
import { isWithinLimits, matcher } from '../filters.ts'
import { boundBacklogs, type Queues } from './backlogs.ts'
import type { Connection } from './connection.ts'
import type { EmbeddedConfig } from './limits.ts'

type Granted = Pick<Subscription, 'topic' | 'qos'>

/** What stands in Aedes besides its published types. */
interface Inside {
  clients: Record<string, Client>
  persistence: Queues & { addSubscriptions(client: Client, subscriptions: Granted[]): Promise<void> }
}

export interface Sessions {
  readonly aedes: Aedes
  start(): Promise<void>
  /** Messages that subscribers did not get: QoS 0 while they lagged, others once their kept session was full. */
  notShown(): number
  /** Lets Aedes read a connection's packets; its CONNECT comes first. */
  open(link: Duplex, connection: Connection): void
}

export function createSessions(config: EmbeddedConfig, access: Access, log: Logger): Sessions {
  const connections = new WeakMap<object, Connection>()
  const of = (client: Client) => connections.get(client.conn)
  const mayHave = (client: Client, { topic }: Granted) =>
    isWithinLimits(topic) && access.authorizeSubscribe(of(client)?.user ?? '', topic)
  let notShown = 0
  const missed = (client: string, what: string) => {
    if (notShown++ % 10_000 === 0) log.warn({ client, notShown }, what)
  }
  const aedes = new Aedes({
    // No limit: a stuck subscriber would hold up all others once its messages filled it. Its backlog is bounded instead.
    concurrency: 0,
    drainTimeout: config.drainTimeoutMs,
    maxClientsIdLength: Number.MAX_SAFE_INTEGER,
    authorizeSubscribe(client, subscription, done) {
      const granted = mayHave(client, subscription)
      if (!granted) log.info({ client: client.id, filter: subscription.topic }, 'a subscription was refused')
      done(null, granted ? subscription : null)
    },
    authorizeForward(client, packet) {
      const link = client.conn as Duplex
      if (link.writableLength <= config.backlogBytes) {
        // Aedes gives retained messages the QoS of the filter only where that has no wildcard [MQTT-3.8.4-6].
        const isExact = packet.qos === 0 || (packet.qos === 1 && !packet.retain)
        return isExact ? packet : { ...packet, qos: lower(packet.qos, grantedQos(client, packet.topic)) }
      }
      if (packet.qos === 0 || grantedQos(client, packet.topic) === 0) {
        // QoS 0 promises nothing: a gap is better than a lost connection.
        missed(client.id, 'a subscriber lags and misses messages')
        return null
      }
      log.warn({ client: client.id }, 'a subscriber lags too far behind and is disconnected')
      of(client)?.close('lags behind')
      // What a kept session is owed stays queued for it.
      return client.clean ? null : packet
    },
  })
  aedes.on('connackSent', (_packet, client) => of(client)?.accepted())
  aedes.on('clientDisconnect', (client) => of(client)?.left())
  aedes.on('clientError', (client, error) => log.debug({ client: client.id, reason: error.message }, 'session ended'))
  aedes.on('connectionError', (_client, error) => log.debug({ reason: error.message }, 'session ended'))
  ;(aedes as NodeJS.EventEmitter).on('error', (err) => log.error({ err }, 'the session layer failed'))
  return {
    aedes,
    async start() {
      await aedes.listen()
      // Aedes would keep the refused filters of a packet for a session too, and queue messages for them.
      const { persistence, clients } = aedes as unknown as Inside
      boundBacklogs({
        queues: persistence,
        limits: config,
        isHere: (clientId) => Object.hasOwn(clients, clientId),
        missed: (clientId) => missed(clientId, 'a subscriber stays away and misses messages'),
      })
      const add = persistence.addSubscriptions.bind(persistence)
      persistence.addSubscriptions = (client, wanted) =>
        add(
          client,
          wanted.filter((one) => mayHave(client, one)),
        )
    },
    notShown: () => notShown,
    open(link, connection) {
      connections.set(link, connection)
      aedes.handle(link)
    },
  }
}

/** The highest QoS of the client's subscriptions that meet the topic. */
function grantedQos(client: Client, topic: string): 0 | 1 | 2 {
  const { subscriptions } = client as unknown as { subscriptions: Record<string, Granted> }
  let highest: 0 | 1 | 2 = 0
  for (const [filter, { qos }] of Object.entries(subscriptions)) {
    if (qos > highest && matcher(filter)(topic)) highest = qos
  }
  return highest
}

function lower(a: 0 | 1 | 2, b: 0 | 1 | 2): 0 | 1 | 2 {
  return a < b ? a : b
}
