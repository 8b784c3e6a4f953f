// A Frigate's HTTP API on loopback, with reviews, tracked objects and pictures that a test gives it, and as many ways to
// misbehave as there are. Shapes as in docs/static/frigate-api.yaml of its repository. Not for: its MQTT messages.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificate, key } from './certificate.ts'
import type { Row } from './story.ts'

/** What becomes of a request; a number is the status it is answered with. */
export type Misbehaviour =
  | number
  /** 404 until so many ms after the first such request. */
  | { lateMs: number }
  /** Answered after so many ms. */
  | { waitsMs: number }
  /** A byte at a time, over so many ms. */
  | { dripsMs: number }
  /** Half of what it declares, then the connection is lost. */
  | 'truncated'
  /** A page instead of what was asked for, with 200. */
  | 'page'
  /** The connection is reset without an answer. */
  | 'reset'

export interface FakeOptions {
  /** Port 8971: TLS and a login, whose sessions last so long. */
  login?: { user: string; password: string; sessionMs: number }
  version?: string
}

export interface FakeFrigate extends AsyncDisposable {
  readonly url: string
  readonly reviews: Map<string, Row>
  readonly objects: Map<string, Row>
  /** By `<event id>/snapshot.jpg` and the like. */
  readonly pictures: Map<string, Buffer>
  /** Method and path of everything that was asked, with the status that was answered. */
  readonly asked: string[]
  /** Requests whose path holds this text; null ends it. */
  misbehave(text: string, how: Misbehaviour | null): void
  /** What its retention does: the object stays known to nobody, its pictures are gone. */
  forget(): void
  /** Nobody listens any more; `back` ends it. */
  gone(): Promise<void>
  back(): Promise<void>
}

export async function fakeFrigate({ login, version = '0.16.2-4d58206' }: FakeOptions = {}): Promise<FakeFrigate> {
  const reviews = new Map<string, Row>()
  const objects = new Map<string, Row>()
  const pictures = new Map<string, Buffer>()
  const asked: string[] = []
  const misbehaviours = new Map<string, Misbehaviour>()
  const firstAsked = new Map<string, number>()
  const sessions = new Map<string, number>()
  const sockets = new Set<Socket>()
  const server = login ? createTlsServer({ key, cert: certificate }, handle) : createServer(handle)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await listen(0)
  const { port } = server.address() as AddressInfo

  async function listen(at: number): Promise<void> {
    server.listen(at, '127.0.0.1')
    await once(server, 'listening')
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    response.on('close', () => asked.push(`${request.method} ${request.url} ${response.statusCode}`))
    void answer(request, response).catch(() => response.destroy())
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    const how = [...misbehaviours].find(([text]) => pathname.includes(text))?.[1]
    if (typeof how === 'number') return end(response, how, { success: false })
    if (how === 'reset') return void request.socket.destroy()
    if (how === 'page') return end(response, 200, '<html>Log in</html>', 'text/html')
    if (typeof how === 'object' && 'waitsMs' in how) await sleep(how.waitsMs, undefined, { ref: false })
    if (typeof how === 'object' && 'lateMs' in how) {
      const first = firstAsked.get(pathname) ?? Date.now()
      firstAsked.set(pathname, first)
      if (Date.now() - first < how.lateMs) return end(response, 404, { success: false })
    }
    if (pathname === '/api/login') return enter(request, response)
    if (login && !isInside(request)) return end(response, 401, { success: false })
    const body = found(pathname, searchParams)
    if (body === undefined) return end(response, 404, { success: false, message: 'Event not found' })
    if (!Buffer.isBuffer(body)) return end(response, 200, body, typeof body === 'string' ? 'text/plain' : undefined)
    const type = pathname.endsWith('.mp4') ? 'video/mp4' : pathname.endsWith('.webp') ? 'image/webp' : 'image/jpeg'
    response.writeHead(200, { 'content-type': type, 'content-length': body.length })
    if (how === 'truncated') {
      response.write(body.subarray(0, body.length / 2), () => request.socket.destroy())
    } else if (typeof how === 'object' && 'dripsMs' in how) {
      const pieces = 20
      const size = Math.ceil(body.length / pieces)
      for (let i = 0; i < body.length; i += size) {
        response.write(body.subarray(i, i + size))
        await sleep(how.dripsMs / pieces)
      }
      response.end()
    } else response.end(body)
  }

  function found(path: string, query: URLSearchParams): unknown {
    const [, id = '', rest] = /^\/api\/(?:events|review)\/([^/]+)(?:\/(.+))?$/.exec(path) ?? []
    if (path === '/api/version') return version
    if (path === '/api/config') return { mqtt: { topic_prefix: 'frigate' }, cameras: {} }
    if (path === '/api/review') return page(reviews, query, (row) => row.end_time ?? Number.POSITIVE_INFINITY)
    if (path === '/api/events') return page(objects, query, ({ start_time }) => start_time)
    if (path.startsWith('/clips/review/')) return pictures.get(path)
    if (rest) return pictures.get(`${id}/${rest}`)
    return path.startsWith('/api/review/') ? reviews.get(id) : objects.get(id)
  }

  /** Reviews by severity, then newest first, as Frigate has them. */
  function page(rows: Map<string, Row>, query: URLSearchParams, until: (row: Row) => number): Row[] {
    const [after, before] = [Number(query.get('after')), Number(query.get('before'))]
    const severity = (row: Row) => String(row.severity ?? '')
    return [...rows.values()]
      .filter((row) => row.start_time < before && until(row) > after)
      .sort((a, b) => severity(a).localeCompare(severity(b)) || b.start_time - a.start_time)
      .slice(0, Number(query.get('limit') ?? 100))
  }

  async function enter(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    if (!login || body.user !== login.user || body.password !== login.password) {
      return end(response, 401, { message: 'Login failed' })
    }
    const token = `token-${sessions.size}`
    sessions.set(token, Date.now() + login.sessionMs)
    response.setHeader('set-cookie', `frigate_token=${token}; HttpOnly; SameSite=Lax`)
    end(response, 200, '')
  }

  function isInside({ headers }: IncomingMessage): boolean {
    const token = /frigate_token=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? headers.authorization?.slice(7)
    return (sessions.get(token ?? '') ?? 0) > Date.now()
  }

  return {
    url: `${login ? 'https' : 'http'}://127.0.0.1:${port}`,
    ...{ reviews, objects, pictures, asked },
    misbehave(text, how) {
      firstAsked.clear()
      if (how === null) misbehaviours.delete(text)
      else misbehaviours.set(text, how)
    },
    forget() {
      for (const all of [reviews, objects, pictures]) all.clear()
    },
    async gone() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
    back: () => listen(port),
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

function end(response: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type })
  response.end(typeof body === 'string' ? body : JSON.stringify(body))
}
