// Aedes as the layer of sessions and subscriptions, set up so that nothing of a client's packets is left to it but what
// a connection passes on. Not for: messages coming in, or their order (ordering.ts).
import type { Duplex } from 'node:stream'
import { Aedes, type Client } from 'aedes'
import type { Logger } from '../component.ts'
import type { Access } from './access.ts'
import type { Connection } from './connection.ts'
import { isWithinLimits } from './filters.ts'
import type { EmbeddedConfig } from './limits.ts'

export interface Sessions {
  readonly aedes: Aedes
  /** Lets Aedes read a connection's packets; its CONNECT comes first. */
  open(link: Duplex, connection: Connection): void
}

export function createSessions(config: EmbeddedConfig, access: Access, log: Logger): Sessions {
  const connections = new WeakMap<object, Connection>()
  const of = (client: Client) => connections.get(client.conn)
  const aedes = new Aedes({
    // No limit: a stuck subscriber would hold up all others once its messages filled it. Its backlog is bounded instead.
    concurrency: 0,
    drainTimeout: config.drainTimeoutMs,
    maxClientsIdLength: Number.MAX_SAFE_INTEGER,
    authorizeSubscribe(client, subscription, done) {
      const user = of(client)?.user ?? ''
      const granted = isWithinLimits(subscription.topic) && access.authorizeSubscribe(user, subscription.topic)
      if (!granted) log.info({ client: client.id, filter: subscription.topic }, 'a subscription was refused')
      done(null, granted ? subscription : null)
    },
    authorizeForward(client, packet) {
      if ((client.conn as Duplex).writableLength <= config.backlogBytes) return packet
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
    open(link, connection) {
      connections.set(link, connection)
      aedes.handle(link)
    },
  }
}
