// The port of the ActivityWatch-compatible server: says who holds it if it is taken, and stops without cutting off an
// answer. Not for: what is answered (app.ts).
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Logger } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import { described, holderOf } from './holder.ts'
import { send } from './sending.ts'
import type { AwApp, AwListener } from './serving.ts'

/** How long a request may take to arrive, ms: whole, which may be a large import, and only its head. */
const ARRIVE_MS = { request: 30 * 60_000, headers: 15_000 }
/** How long a connection may be silent, ms. */
const SILENT_MS = 60_000
/** How long answers under way may take when we stop, ms. */
const DRAIN_MS = 5_000
const MOST_CONNECTIONS = 1000

export interface ListenerOptions {
  host: string
  /** 0: any free one. */
  port: number
  app: Pick<AwApp, 'answer'>
  log?: Logger
}

/** Rejects with `port_taken`, whose `cause` is the Holder if another program has the port, or with `config_invalid` for a host that is none of this machine. */
export async function listen({ host, port: wanted, app, log }: ListenerOptions): Promise<AwListener> {
  const server = createAdaptorServer({
    async fetch(request, env) {
      await send(await app.answer(request), (env as HttpBindings).outgoing)
      return RESPONSE_ALREADY_SENT
    },
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: ARRIVE_MS.request, headersTimeout: ARRIVE_MS.headers },
  }) as Server
  server.maxConnections = MOST_CONNECTIONS
  server.setTimeout(SILENT_MS)
  server.on('clientError', refuse)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(wanted, host, resolve)
    })
  } catch (error) {
    throw await cannotListen(error as NodeJS.ErrnoException, host, wanted)
  }
  // Out of file descriptors, for example: the next client may be luckier.
  server.on('error', (error) => log?.warn({ reason: error.message }, 'a connection could not be taken'))
  const { port } = server.address() as AddressInfo
  let stopping: Promise<void> | undefined

  async function stop(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    // A connection becomes idle when its answer is out, and would then be kept for the next request.
    const idle = setInterval(() => server.closeIdleConnections(), 20)
    const late = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
    await closed
    clearInterval(idle)
    clearTimeout(late)
  }

  return {
    port,
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

async function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): Promise<Error> {
  const setting = 'activitywatch'
  if (error.code === 'EADDRINUSE') {
    const holder = await holderOf(host, port)
    const detail = `ActivityWatch, ${host}:${port} (${setting}.port): held by ${described(holder)}.`
    return new DaybookError('port_taken', detail, { cause: holder })
  }
  if (error.code === 'EACCES') return new DaybookError('port_taken', `No right to listen on ${port} (${setting}.port).`)
  return new DaybookError('config_invalid', `${setting}.host: ${error.message}`)
}

/** What is no HTTP at all gets an answer too. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const body = JSON.stringify({ message: `This is not HTTP/1.1: ${error.message}` })
  const head = `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`HTTP/1.1 400 Bad Request\r\n${head}\r\n\r\n${body}`)
}
