// One try at an S3 server: the npm `minio` client on a transport of ours, since it has no timeout, cannot be cancelled,
// and leaves answers unread. Its own retries are off. Not for: trying again (tries.ts), or what is said.
import http from 'node:http'
import https from 'node:https'
import type { Client } from 'minio'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Endpoint } from './config.ts'
import { TryFailed } from './errors.ts'

/** All ms. */
export interface Timeouts {
  /** To a connection, with TLS. */
  connectMs: number
  /** Without a byte in either direction. */
  silenceMs: number
  /** Of one try, besides what its body may take. */
  wholeMs: number
  /** For a server that is asked whether it wants a large body; one that does not know the question gets it then. */
  askMs: number
}

export interface WireOptions {
  endpoint: Endpoint
  accessKey: string
  secretKey: string
  region: string
  pathStyle: boolean
  timeouts: Timeouts
}

/** What one try has at hand. */
export interface Attempt {
  client: Client
  /** The last answer's beginning. */
  answer(): http.IncomingMessage | undefined
  /** Asks before the body is sent, so that a refusal is read instead of lost in a broken connection. False: refused. */
  wanted(): Promise<boolean>
  /** From now on silence is no failure: the answer is handed to a reader who may be slow. */
  letReaderPace(): void
}

export interface Wire {
  /**
   * Rejects with TryFailed of what the client throws or, after one of the timeouts, of `objects_unavailable`. Then nothing
   * of it is left: connection, answer and body are destroyed. `bytes` says how much may be on its way.
   */
  attempt<T>(work: (attempt: Attempt) => Promise<T>, bytes?: number): Promise<T>
  close(): void
}

/** A connection slower than this, in bytes/ms, is none. */
const SLOWEST = 32
const SOCKETS = 64
const closed = () => new DaybookError('shutting_down')

export async function openWire({ endpoint, timeouts, ...options }: WireOptions): Promise<Wire> {
  // Only houses with such a server pay for loading it.
  const { Client } = await import('minio')
  const { request, Agent } = endpoint.tls ? https : http
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS, timeout: timeouts.silenceMs })
  const underWay = new Set<(why: DaybookError) => void>()

  async function attempt<T>(work: (attempt: Attempt) => Promise<T>, bytes = 0): Promise<T> {
    let sent: http.ClientRequest | undefined
    let answer: http.IncomingMessage | undefined
    let ended: DaybookError | undefined
    let atReadersPace = false
    let asking = false
    let answerTo: (wanted: boolean) => void = () => {}
    const cut = Promise.withResolvers<never>()

    function end(why: DaybookError): void {
      ended ??= why
      cut.reject(ended)
      sent?.destroy(ended)
    }

    function send(options: https.RequestOptions, onAnswer: (answer: http.IncomingMessage) => void): http.ClientRequest {
      // Added after signing: proxies may drop it.
      if (asking) options = { ...options, headers: { ...options.headers, expect: '100-continue' } }
      asking = false
      answer = undefined
      sent = request(options, (response) => {
        answer = response
        answerTo(false)
        onAnswer(response)
      })
      sent.on('continue', () => answerTo(true))
      sent.on('timeout', () => atReadersPace || end(unavailable(`silent for ${seconds(timeouts.silenceMs)}`)))
      sent.on('socket', (socket) => {
        if (!socket.connecting) return
        const late = () => end(unavailable(`no connection after ${seconds(timeouts.connectMs)}`))
        const timer = setTimeout(late, timeouts.connectMs)
        for (const event of [endpoint.tls ? 'secureConnect' : 'connect', 'close']) {
          socket.once(event, () => clearTimeout(timer))
        }
      })
      if (ended) sent.destroy(ended)
      return sent
    }

    const client = new Client({
      ...options,
      endPoint: endpoint.host,
      port: endpoint.port,
      useSSL: endpoint.tls,
      transport: { request: send as typeof http.request },
      transportAgent: agent,
      retryOptions: { disableRetry: true },
    })
    // Over TLS too, so that a server which checks it holds every body against the hash that is its name.
    client.enableSHA256 = true

    const wanted = () => {
      asking = true
      return new Promise<boolean>((resolve) => {
        const timer = setTimeout(resolve, timeouts.askMs, true)
        answerTo = (yes) => {
          clearTimeout(timer)
          resolve(yes)
        }
      })
    }
    const late = () => end(unavailable(`not done after ${seconds(timeouts.wholeMs)}`))
    const whole = setTimeout(late, timeouts.wholeMs + bytes / SLOWEST)
    underWay.add(end)
    try {
      const yours = {
        client,
        answer: () => answer,
        wanted,
        letReaderPace: () => {
          atReadersPace = true
        },
      }
      return await Promise.race([work(yours), cut.promise])
    } catch (thrown) {
      sent?.destroy()
      answer?.destroy()
      answerTo(false)
      throw new TryFailed(ended ?? thrown, answer?.statusCode)
    } finally {
      clearTimeout(whole)
      underWay.delete(end)
    }
  }

  return {
    attempt,
    close() {
      for (const end of underWay) end(closed())
      agent.destroy()
    },
  }
}

function unavailable(what: string): DaybookError {
  return new DaybookError('objects_unavailable', `The server is ${what}.`)
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}
