// Uploads to a house over HTTP, against a server that answers as one does, or does not.
import { once } from 'node:events'
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { httpUpload } from './http-upload.ts'
import type { KeptPayload } from './payloads.ts'

const BYTES = Buffer.alloc(2_000_000, 'picture')
const ID = 'a'.repeat(64)
const never = new AbortController().signal

let folder: string
let payload: KeptPayload
let answer: RequestListener
let server: Server
let url: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'http-upload-'))
  const file = join(folder, ID)
  writeFileSync(file, BYTES)
  const open = (signal?: AbortSignal) => createReadStream(file, { signal })
  payload = { id: ID, size: BYTES.length, mediaType: 'image/png', name: 'front door.png', file, open }
  server = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

const upload = (signal = never) => httpUpload({ url, token: 'secret', silenceMs: 300 })(payload, signal)

test('the bytes arrive with their length, type, name, hash and the token, and the reference comes back', async () => {
  const ref = { storage: 'minio', id: 'b'.repeat(64), size: 5 }
  let came: Record<string, unknown> = {}
  let bytes = Buffer.alloc(0)
  answer = async (request, response) => {
    const { method, headers } = request
    const { pathname, searchParams } = new URL(request.url ?? '', url)
    came = { method, pathname, ...headers, ...Object.fromEntries(searchParams) }
    bytes = await buffer(request)
    response.writeHead(201).end(JSON.stringify(ref))
  }
  expect(await upload()).toEqual(ref)
  expect(bytes.equals(BYTES)).toBe(true)
  expect(came).toMatchObject({
    method: 'PUT',
    pathname: '/api/v1/objects',
    authorization: 'Bearer secret',
    'content-type': 'image/png',
    'content-length': `${BYTES.length}`,
    id: ID,
    name: 'front door.png',
  })
})

test.each([
  [413, 'too_large'],
  [422, 'object_damaged'],
  [401, 'unauthorized'],
  [503, 'database_unavailable'],
])('an answer %i in the words of the house is its error, also before the body is through', async (status, code) => {
  answer = (request, response) => {
    response.writeHead(status, { connection: 'close' }).end(JSON.stringify({ code, detail: 'why' }))
    request.resume()
  }
  await expect(upload()).rejects.toMatchObject({ code, detail: 'why' })
})

test.each<[string, RequestListener]>([
  ['another program', (request, response) => void request.resume().on('end', () => response.end('<html>hello'))],
  [
    'a house without that route',
    (request, response) => void request.resume().on('end', () => response.writeHead(405).end()),
  ],
  ['a cut line', (request) => request.socket.destroy()],
  ['a house that takes all and says nothing', (request) => void request.resume()],
  ['a house that takes nothing', () => {}],
])('%s is an object store that is away', async (_, listener) => {
  answer = listener
  await expect(upload()).rejects.toMatchObject({ code: 'objects_unavailable' })
})

test('nobody at that address is an object store that is away', async () => {
  await new Promise((resolve) => server.close(resolve))
  await expect(upload()).rejects.toMatchObject({ code: 'objects_unavailable' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

test('a file that cannot be read is not taken for a store that is away', async () => {
  answer = () => {}
  rmSync(payload.file)
  await expect(upload()).rejects.toMatchObject({ code: 'ENOENT' })
})

test('an upload ends with its signal', async () => {
  const end = new AbortController()
  answer = () => end.abort()
  await expect(upload(end.signal)).rejects.toMatchObject({ code: 'objects_unavailable' })
})
