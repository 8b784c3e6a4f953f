// One HTTP request whose answer is whole or an error: bounded in bytes and time, whatever the other side does. Node's own
// fetch can neither take a self-signed certificate nor a file of a CA without changing the whole process. Not for: login,
// or what an answer means (client.ts).
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent, request as http, type IncomingHttpHeaders } from 'node:http'
import { Agent as HttpsAgent, request as https } from 'node:https'
import { DaybookError } from '../../schemas/errors.ts'

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Ask {
  method?: 'GET' | 'POST'
  headers?: Record<string, string>
  body?: string
  /** Bytes; an answer above it is refused. */
  most: number
  signal: AbortSignal
}

export interface Times {
  /** Without a byte. */
  idleMs: number
  /** From the question to the last byte. */
  totalMs: number
}

/** Connections to one server at a time: a doorbell camera's computer has other things to do. */
const CONNECTIONS = 4

export type Requests = ReturnType<typeof createRequests>

/** `tls` as in config.ts; throws `config_invalid` if its file cannot be read. */
export function createRequests(base: string, tls: string, times: Times) {
  const isTls = base.startsWith('https:')
  const agent = isTls
    ? new HttpsAgent({ keepAlive: true, maxSockets: CONNECTIONS, ...trust(tls) })
    : new HttpAgent({ keepAlive: true, maxSockets: CONNECTIONS })
  const root = base.replace(/\/+$/, '')

  return {
    /** Rejects with `frigate_unreachable`, also when the answer is cut short, and with `too_large`. */
    ask(path: string, { method = 'GET', headers = {}, body, most, signal }: Ask): Promise<Answer> {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>()
      const fail = (why: string) => reject(new DaybookError('frigate_unreachable', `${path.split('?')[0]}: ${why}`))
      const until = AbortSignal.any([signal, AbortSignal.timeout(times.totalMs)])
      const options = { method, agent, headers, signal: until, timeout: times.idleMs }
      const request = (isTls ? https : http)(`${root}${path}`, options, (response) => {
        const chunks: Buffer[] = []
        let size = 0
        response.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size <= most) chunks.push(chunk)
          else {
            reject(new DaybookError('too_large', `${path}: more than ${most} bytes.`))
            request.destroy()
          }
        })
        response.on('error', (error) => fail(error.message))
        response.on('close', () => {
          if (!response.complete) return fail(`it ended after ${size} bytes, before its end.`)
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) })
        })
      })
      request.on('timeout', () => request.destroy(new Error(`nothing came for ${times.idleMs} ms.`)))
      request.on('error', (error) => fail(until.aborted && !signal.aborted ? 'it took too long.' : error.message))
      request.end(body)
      return promise
    },
    close: () => agent.destroy(),
  }
}

function trust(tls: string): { rejectUnauthorized?: boolean; ca?: Buffer } {
  if (tls === 'verify') return {}
  if (tls === 'insecure') return { rejectUnauthorized: false }
  try {
    return { ca: readFileSync(tls) }
  } catch (cause) {
    throw new DaybookError('config_invalid', `bridges.frigate.tls: ${(cause as Error).message}`, { cause })
  }
}
