// HTTP as a part of the house: listens, and stops without cutting off an answer. Not for: the routes (http/routes.ts).
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Component, Health, Logger } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import type { Site } from './http/guard.ts'
import { createMetrics } from './http/metrics.ts'
import { problemOf } from './http/problem.ts'
import { createRoutes } from './http/routes.ts'
import { createStreams } from './http/stream.ts'
import type { House, Operation } from './operations/operation.ts'

export interface HttpOptions {
  config: {
    host: string
    /** 0: any free one. */
    port: number
    allowedHosts: readonly string[]
    /** Whether GET /metrics is there. */
    metrics: boolean
  }
  token: string
  operations: readonly Operation[]
  house: House
  log: Logger
}

export interface HttpSurface extends Component {
  /** Where it listens, and under which names. */
  site(): Site
  /** Where it serves, `http://127.0.0.1:8420`; known once started. */
  url(): string
}

/** How long a request may take to arrive, ms: whole, which may be a large payload on a slow line, and only its head. */
const ARRIVE_MS = { request: 10 * 60_000, headers: 15_000 }
/** How long answers under way may take when we stop, ms. */
const DRAIN_MS = 5_000

export function httpSurface({ config, token, operations, house, log }: HttpOptions): HttpSurface {
  const streams = createStreams(house)
  let server: Server | null = null
  let port = 0

  const site = () => ({ ...config, port })
  house.users.onRevoked((user) => streams.putOut(user))
  const metrics = config.metrics ? createMetrics(house) : null
  const app = createRoutes({ house, operations, site, token, metrics, streams, log })

  return {
    name: 'http',

    async start() {
      const listening = createAdaptorServer({
        fetch: app.fetch,
        overrideGlobalObjects: false,
        serverOptions: { requestTimeout: ARRIVE_MS.request, headersTimeout: ARRIVE_MS.headers },
      }) as Server
      listening.on('clientError', refuse)
      await new Promise<void>((resolve, reject) => {
        listening.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, config)))
        listening.listen(config.port, config.host, resolve)
      })
      port = (listening.address() as AddressInfo).port
      server = listening
    },

    async stop() {
      const closing = server
      server = null
      streams.close()
      if (!closing) return
      const closed = new Promise((resolve) => closing.close(resolve))
      // A connection becomes idle when its answer is out, and would then be kept for the next request.
      const idle = setInterval(() => closing.closeIdleConnections(), 20)
      const late = setTimeout(() => closing.closeAllConnections(), DRAIN_MS)
      await closed
      clearInterval(idle)
      clearTimeout(late)
    },

    health(): Health {
      return server ? { state: 'ok', figures: { port } } : { state: 'stopped' }
    },

    site,

    url() {
      const name = config.host.includes(':') ? `[${config.host}]` : config.host
      return `http://${name}:${port}`
    },
  }
}

function cannotListen(error: NodeJS.ErrnoException, { host, port }: { host: string; port: number }): Error {
  if (error.code === 'EADDRINUSE') return new DaybookError('port_taken', `HTTP, ${host}:${port} (http.port).`)
  if (error.code === 'EACCES') return new DaybookError('port_taken', `HTTP may not listen on ${port} (http.port).`)
  return new DaybookError('config_invalid', `http.host: ${error.message}`)
}

/** What is no HTTP at all gets an answer too. */
function refuse(error: NodeJS.ErrnoException, socket: import('node:stream').Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(new DaybookError('invalid', `This is not HTTP/1.1: ${error.message}`))
  // RFC 9112, 2.2: 400 for what has not the form of a request, whatever the status of the code is elsewhere.
  const body = JSON.stringify({ ...problem, status: 400 })
  socket.end(
    `HTTP/1.1 400 Bad Request\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
