// An S3 server as far as one store needs it, which misbehaves on request: what real servers cannot be made to do. Not
// for: signatures, or for proving that anything works on S3.
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** Takes a request over; true: it has been dealt with, false: it is answered as usual. */
export type Fault = (request: IncomingMessage, response: ServerResponse, fake: FakeS3) => boolean | Promise<boolean>

export interface FakeS3 extends AsyncDisposable {
  endpoint: string
  buckets: Set<string>
  /** Bodies by path, `/bucket/key`. */
  objects: Map<string, { body: Buffer; type: string }>
  /** `METHOD /path` of everything asked, in order. */
  asked: string[]
  /** The next fault for requests with this method; each is used up by one request. Early: before a body is asked for. */
  faults: { method: string; fault: Fault; early?: boolean }[]
  /** Connections that are open. */
  sockets: Set<Socket>
}

export async function fakeS3(): Promise<FakeS3> {
  const server = createServer((request, response) => void answer(request, response))
  server.on('checkContinue', (request, response) => {
    if (!fake.faults.find(({ method }) => method === request.method)?.early) response.writeContinue()
    void answer(request, response)
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeS3 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    buckets: new Set(),
    objects: new Map(),
    asked: [],
    faults: [],
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    const path = url.replace(/\?.*$/, '')
    fake.asked.push(`${method} ${path}`)
    const next = fake.faults.findIndex((fault) => fault.method === method)
    const fault = next < 0 ? undefined : fake.faults.splice(next, 1)[0]?.fault
    if (await fault?.(request, response, fake)) return
    const [, bucket = '', ...key] = path.split('/')
    if (key.length === 0) return answerBucket(method, bucket, response)
    if (!fake.buckets.has(bucket)) return refuse(response, 404, 'NoSuchBucket')
    if (method === 'PUT') return keep(request, response, path)
    if (method === 'DELETE') {
      fake.objects.delete(path)
      return void response.writeHead(204).end()
    }
    const found = fake.objects.get(path)
    if (!found) return refuse(response, 404, method === 'HEAD' ? '' : 'NoSuchKey')
    const { body, type } = found
    const headers = { 'content-type': type, 'content-length': body.length, etag: `"${md5(body)}"` }
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (start === undefined) return void response.writeHead(200, headers).end(method === 'HEAD' ? undefined : body)
    const part = body.subarray(Number(start), Number(end) + 1)
    const range = { 'content-range': `bytes ${start}-${end}/${body.length}`, 'content-length': part.length }
    response.writeHead(206, { ...headers, ...range }).end(part)
  }

  function answerBucket(method: string, bucket: string, response: ServerResponse): void {
    const known = fake.buckets.has(bucket)
    if (method === 'PUT') fake.buckets.add(bucket)
    if (method === 'PUT' && known) refuse(response, 409, 'BucketAlreadyOwnedByYou')
    else response.writeHead(known || method === 'PUT' ? 200 : 404).end()
  }

  async function keep(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    const body = await bodyOf(request)
    if (body.length !== Number(request.headers['content-length'])) return
    fake.objects.set(path, { body, type: request.headers['content-type'] ?? '' })
    response.writeHead(200, { etag: `"${md5(body)}"` }).end()
  }
  return fake
}

/** An error as S3 says it; without a code it has no body. */
export function refuse(response: ServerResponse, status: number, code: string): void {
  const body = code && `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}

/** Answers with an error once the request has been read. */
export function refusal(status: number, code: string): Fault {
  return async (request, response) => {
    await bodyOf(request)
    refuse(response, status, code)
    return true
  }
}

/** Reads as far as the other side sends. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk)
  } catch {
    // Broken off: what there is, is too short.
  }
  return Buffer.concat(chunks)
}

function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('hex')
}
