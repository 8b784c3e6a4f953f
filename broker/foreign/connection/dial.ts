// Opens the stream of bytes to a broker: mqtt and mqtts are TCP and TLS, ws and wss WebSocket (MQTT 3.1.1, chapter 6).
// Not for: what is said on it (connect.ts).
import { readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { createWebSocketStream, WebSocket } from 'ws'
import { DaybookError } from '../../../schemas/errors.ts'

/** Where a broker is, and how it is trusted; the files are PEM. */
export interface Address {
  url: string
  ca?: string | undefined
  cert?: string | undefined
  key?: string | undefined
}

const PORTS: Record<string, number> = { 'mqtt:': 1883, 'mqtts:': 8883 }

/** A stream that is not open yet: it says `error` and `close` if it never will be. Throws `config_invalid` for a file that cannot be read. */
export function dial({ url, ca, cert, key }: Address): Duplex {
  const { protocol, hostname, port, host, pathname, search } = new URL(url)
  const trust = Object.fromEntries(
    Object.entries({ ca, cert, key }).flatMap(([name, file]) => (file === undefined ? [] : [[name, read(name, file)]])),
  )
  if (protocol === 'ws:' || protocol === 'wss:') {
    // Without user and password, which CONNECT carries.
    const target = `${protocol}//${host}${pathname === '/' ? '/mqtt' : pathname}${search}`
    // A handshake of which nothing comes is ended by who waits for CONNACK.
    return createWebSocketStream(new WebSocket(target, 'mqtt', { perMessageDeflate: false, ...trust }))
  }
  const where = { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (PORTS[protocol] as number) }
  if (protocol === 'mqtts:') return connectTls({ ...where, ...trust, servername: serverName(where.host) }).setNoDelay()
  return connectTcp(where).setNoDelay()
}

/** A URL that may be shown: without password. */
export function shownUrl(url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  return shown.href.replace(/\/$/, '')
}

/** Addresses are no names to ask for (RFC 6066, 3). */
function serverName(host: string): string {
  return /^[\d.]+$|:/.test(host) ? '' : host
}

function read(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new DaybookError('config_invalid', `broker.${name}: ${(error as Error).message}`)
  }
}
