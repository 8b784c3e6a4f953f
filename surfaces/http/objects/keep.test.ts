// Payloads that are refused or have to wait, over real sockets: their senders hear why, though they are still sending.
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Readable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Objects } from '../../../storage/objects.ts'
import { createInTime } from '../in-time.ts'
import { problemResponse } from '../problem.ts'
import { createObjectKeeper } from './keep.ts'

const MIB = 1024 * 1024

let server: Server
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Keeps as `put` does, in a store of its own. */
async function keeping(put: Objects['put'], waitMs = 30_000): Promise<{ port: number; url: string }> {
  const inTime = createInTime(wallClock, 30_000, 'objects_unavailable')
  const keeper = createObjectKeeper({
    objects: { put },
    redactText: (text) => text,
    inTime,
    clock: wallClock,
    waitMs,
  })
  server = createServer((incoming, outgoing) => {
    const header = (name: string) => incoming.headers[name] as string | undefined
    keeper.keep({ query: {}, header, incoming }).then(
      (ref) => outgoing.end(JSON.stringify(ref)),
      async (error) => {
        const { status, headers, body } = problemResponse(error, { connection: 'close' })
        outgoing.writeHead(status, Object.fromEntries(headers))
        Readable.fromWeb(body as never).pipe(outgoing)
      },
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { port, url: `http://127.0.0.1:${port}/` }
}

async function tooLargeAfter(most: number, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<never> {
  let size = 0
  for await (const chunk of bytes as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > most) break
  }
  throw new DaybookError('too_large', `An object may have at most ${most} bytes.`)
}

test.each([
  ['binary', 'image/png'],
  ['text', 'text/plain'],
  ['text without a type', 'application/octet-stream'],
])('%s that turns out too large is refused, and its sender hears it', async (_, mediaType) => {
  const { url } = await keeping((bytes) => tooLargeAfter(MIB, bytes))
  const body = Readable.toWeb(Readable.from(Array.from({ length: 40 }, () => Buffer.alloc(MIB, 'x'))))
  const init = { method: 'PUT', body, duplex: 'half', headers: { 'content-type': mediaType } }
  const response = await fetch(url, init as unknown as RequestInit)
  expect(await response.json()).toMatchObject({ code: 'too_large', status: 413 })
})

test('what says that it is too large is refused without being read', async () => {
  let said: number | undefined
  const { url } = await keeping(async (_, { size }) => {
    said = size
    throw new DaybookError('too_large')
  })
  const response = await fetch(url, { method: 'PUT', body: Buffer.alloc(20 * MIB) })
  expect([response.status, said]).toEqual([413, 20 * MIB])
})

test('a payload comes no faster than it is kept', async () => {
  const { port } = await keeping(() => new Promise(() => {}))
  const socket = connect(port, '127.0.0.1')
  socket.write(`PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: ${1024 * MIB}\r\n\r\n`)
  let taken = true
  for (let sent = 0; sent < 64 && taken; sent++) {
    if (socket.write(Buffer.alloc(MIB))) continue
    taken = await Promise.race([
      new Promise<true>((resolve) => socket.once('drain', () => resolve(true))),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), 500)),
    ])
  }
  socket.destroy()
  expect(taken).toBe(false)
})

describe('one payload more than may come at once', () => {
  const ref = { storage: 'fs' as const, id: 'a'.repeat(64) }

  /** All places taken by payloads that end when they are told to. */
  async function crowded(waitMs?: number) {
    const ends: (() => void)[] = []
    const { url } = await keeping(() => new Promise((resolve) => ends.push(() => resolve(ref))), waitMs)
    const put = () => fetch(url, { method: 'PUT', body: 'x' })
    const coming = Array.from({ length: 32 }, put)
    await expect.poll(() => ends.length).toBe(32)
    return { put, coming, ends }
  }

  test('waits until another is kept', async () => {
    const { put, coming, ends } = await crowded()
    const next = put()
    expect(await Promise.race([next, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])).toBe('waits')
    expect(ends).toHaveLength(32)
    ends[0]?.()
    await expect.poll(() => ends.length).toBe(33)
    for (const end of ends) end()
    expect((await Promise.all([...coming, next])).map(({ status }) => status)).toEqual(Array(33).fill(200))
  })

  test('is told to try again when none ends in time', async () => {
    const { put, coming, ends } = await crowded(50)
    const response = await put()
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await response.json()).toMatchObject({
      code: 'objects_unavailable',
      title: expect.stringContaining('or has its hands full'),
      detail: '32 others are on their way; none ended in time.',
    })
    ends[0]?.()
    await Promise.race(coming)
    const next = put()
    await expect.poll(() => ends.length).toBe(33)
    for (const end of ends) end()
    expect((await next).status).toBe(200)
  })
})
