// The door that clients come in by. A part of its own: it opens last, when everyone who must hear them is there, and
// closes first. Not for: what a connection says (connection.ts).
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import type { Component, Health } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'

export interface DoorOptions {
  host: string
  /** 0: any free one; off: nobody comes in. */
  port: number | 'off'
  /** Given every socket. */
  enter(socket: Socket): void
}

/** What a socket may take in one turn: as much as one connection may have waiting. */
const SOCKET_BYTES = 1024 * 1024
/** Finds dead peers of clients that asked for no keepalive. */
const TCP_PROBE_MS = 60_000

export class Door implements Component {
  readonly name = 'mqtt'
  readonly #options: DoorOptions
  #server: Server | null = null

  constructor(options: DoorOptions) {
    this.#options = options
  }

  /** Where it listens; null when it does not. */
  address(): { host: string; port: number } | null {
    const address = this.#server?.listening ? (this.#server.address() as AddressInfo) : null
    return address && { host: address.address, port: address.port }
  }

  /** Throws `port_taken` and `config_invalid`. */
  async start(): Promise<void> {
    const { host, port, enter } = this.#options
    if (port === 'off') return
    const options = { highWaterMark: SOCKET_BYTES, noDelay: true, keepAlive: true, keepAliveInitialDelay: TCP_PROBE_MS }
    const server = createServer(options, enter)
    try {
      server.listen({ host, port })
      await once(server, 'listening')
    } catch (cause) {
      const { code = '' } = cause as NodeJS.ErrnoException
      if (code === 'EADDRINUSE') throw new DaybookError('port_taken', `MQTT wants ${host}:${port}.`, { cause })
      throw new DaybookError('config_invalid', `mqtt.host and mqtt.port: ${host}:${port} (${code})`, { cause })
    }
    this.#server = server
  }

  /** Those inside stay. */
  async stop(): Promise<void> {
    this.#server?.close()
    this.#server = null
  }

  health(): Health {
    const address = this.address()
    if (!address) return { state: 'stopped' }
    return { state: 'ok', figures: { address: `${address.host}:${address.port}` } }
  }
}
