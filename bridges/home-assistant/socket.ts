// Opens the line: a WebSocket that has said who it is, as docs/api/websocket.md of Home Assistant's developer pages
// describes it, and the REST address beside it. Not for: what is said afterwards, or for trying again.
import { Connection, type HaWebSocket } from 'home-assistant-js-websocket'
import { type RawData, WebSocket } from 'ws'
import { DaybookError } from '../../schemas/errors.ts'

export interface Endpoints {
  /** The WebSocket API. */
  socket: string
  /** The REST API, without a slash at the end. */
  rest: string
}

/** Both APIs of one address; an app of Home Assistant reaches them under http://supervisor/core, in another form. */
export function endpoints(url: string): Endpoints {
  const { protocol, host, pathname } = new URL(url)
  const secure = protocol === 'https:' || protocol === 'wss:' ? 's' : ''
  const path = pathname.replace(/\/+$/, '').replace(/(\/api)?\/websocket$/, '')
  const supervised = host === 'supervisor' && path === '/core'
  return {
    socket: `ws${secure}://${host}${path}${supervised ? '/websocket' : '/api/websocket'}`,
    rest: `http${secure}://${host}${path}/api`,
  }
}

export interface OpenOptions {
  url: string
  token: string
  signal: AbortSignal
  /** Until the line must be ready, ms. */
  timeoutMs: number
}

/**
 * Rejects with `home_assistant_auth`, else with `home_assistant_unreachable`; then no socket is left open. The socket is
 * one of `ws`, as Node's own cannot be ended while the other side is silent, and would keep the process from ending.
 */
export function openSocket({ url, token, signal, timeoutMs }: OpenOptions): Promise<WebSocket> {
  const socket = new WebSocket(url)
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>()
  const unreachable = (why: string) => reject(new DaybookError('home_assistant_unreachable', `${url}: ${why}`))
  const hear = (data: RawData) => {
    const message = parse(data)
    if (message.type === 'auth_required') {
      socket.send(JSON.stringify({ type: 'auth', access_token: token }))
    } else if (message.type === 'auth_invalid') {
      reject(new DaybookError('home_assistant_auth', String(message.message ?? '')))
    } else if (message.type === 'auth_ok') {
      // Since 2022.9: several messages may come in one frame, as an array.
      socket.send(JSON.stringify({ id: 1, type: 'supported_features', features: { coalesce_messages: 1 } }))
      resolve(Object.assign(socket, { haVersion: String(message.ha_version ?? '') }))
    }
  }
  const timer = setTimeout(() => unreachable(`no answer within ${timeoutMs} ms`), timeoutMs)
  const abort = () => unreachable('stopped')
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  socket.on('message', hear)
  socket.on('close', () => unreachable('it closed the line'))
  // Stays on: an error that nobody hears would end the process; a close always follows it.
  socket.on('error', (error) => unreachable(error.message))
  promise.catch(() => socket.terminate())
  return promise.finally(() => {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
    socket.off('message', hear)
  })
}

/** The library's connection over such a socket; it never reconnects by itself. Errors as in openSocket. */
export async function openConnection(options: OpenOptions): Promise<{ conn: Connection; socket: WebSocket }> {
  const socket = await openSocket({ ...options, url: endpoints(options.url).socket })
  const createSocket = () => Promise.reject(new DaybookError('home_assistant_unreachable'))
  return { socket, conn: new Connection(forConnection(socket), { setupRetry: 0, createSocket }) }
}

/** The same socket as the library's connection wants it: what that uses of a browser's, `ws` has. */
function forConnection(socket: WebSocket): HaWebSocket {
  return socket as unknown as HaWebSocket
}

function parse(data: RawData): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(String(data))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
