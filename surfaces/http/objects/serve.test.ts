// A payload on its way to slow, impatient and too many readers, and out of a store that fails, over real sockets.
import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import pino from 'pino'
import { afterEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import type { OpenObject } from '../../../storage/objects.ts'
import { createInTime } from '../in-time.ts'
import { createObjectServer } from './serve.ts'

const id = 'a'.repeat(64)
const CHUNK = 64 * 1024

let server: Server
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Serves one object of this size, whose bytes are these; what goes wrong is the status of the answer. `asked`: how long that is looked up. */
async function serving(size: number, read: () => Readable, asked: () => Promise<void> = async () => {}) {
  const object: OpenObject = {
    ref: { storage: 'fs', id },
    size,
    mediaType: 'image/png',
    hash: id,
    read: async () => read(),
  }
  const served = createObjectServer({
    objects: { open: () => asked().then(() => object) },
    inTime: createInTime(wallClock, 30_000, 'objects_unavailable'),
    log: pino({ level: 'silent' }),
  })
  const failures: unknown[] = []
  server = createServer(({ method = '', headers }, outgoing) => {
    const header = (name: string) => headers[name] as string | undefined
    served.serve({ method, storage: 'fs', id, header, outgoing }).catch((error: { code: string }) => {
      failures.push(error.code)
      outgoing.writeHead(503).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, failures }
}

const answer = (url: string) =>
  new Promise<IncomingMessage>((resolve, reject) => get(url, { agent: false }, resolve).on('error', reject))

/** Endless bytes; `given` counts them. */
function endless(): Readable & { given: number } {
  const stream = Object.assign(
    new Readable({
      read() {
        stream.given += CHUNK
        stream.push(Buffer.alloc(CHUNK))
      },
    }),
    { given: 0 },
  )
  return stream
}

describe('a payload on its way', () => {
  test('an error in the middle cuts the connection', async () => {
    const { url } = await serving(1_000_000, () =>
      Readable.from(
        (async function* () {
          yield Buffer.alloc(1_000)
          throw new Error('the disk is gone')
        })(),
      ),
    )
    const response = await fetch(url)
    expect(response.status).toBe(200)
    await expect(response.arrayBuffer()).rejects.toThrow()
  })

  test.each([
    ['fewer', 999],
    ['more', 1_001],
  ])('%s bytes than were announced cut it too', async (_, length) => {
    const { url } = await serving(1_000, () => Readable.from([Buffer.alloc(500), Buffer.alloc(length - 500)]))
    await expect(fetch(url).then((response) => response.arrayBuffer())).rejects.toThrow()
  })

  test('is read no faster than it is taken, and not at all once the reader has gone', async () => {
    const source = endless()
    const { url } = await serving(1e12, () => source)
    const response = await answer(url)
    await new Promise((resolve) => response.once('readable', resolve))
    await expect
      .poll(
        async () => {
          const before = source.given
          await new Promise((resolve) => setTimeout(resolve, 100))
          return source.given - before
        },
        { timeout: 10_000 },
      )
      .toBe(0)
    expect(source.given).toBeLessThan(64 * 1024 * 1024)
    expect(source.destroyed).toBe(false)
    response.destroy()
    await expect.poll(() => source.destroyed).toBe(true)
  })

  test('too many readers are asked to wait, until one has gone', async () => {
    const { url, failures } = await serving(1e12, endless)
    const responses = await Promise.all(Array.from({ length: 64 }, () => answer(url)))
    expect(responses.map(({ statusCode }) => statusCode)).toEqual(responses.map(() => 200))
    const waiting = await answer(url)
    expect([waiting.statusCode, failures]).toEqual([503, ['objects_unavailable']])
    responses[0]?.destroy()
    await expect
      .poll(async () => {
        const next = await answer(url)
        next.destroy()
        return next.statusCode
      })
      .toBe(200)
    for (const response of responses) response.destroy()
  })

  test('those that are still looked up count too: what others keep is in memory by then', async () => {
    const found = Promise.withResolvers<void>()
    let asked = 0
    const look = () => {
      asked++
      return found.promise
    }
    const { url, failures } = await serving(1, () => Readable.from([Buffer.alloc(1)]), look)
    const responses = Array.from({ length: 64 }, () => answer(url))
    await expect.poll(() => asked).toBe(64)
    expect([(await answer(url)).statusCode, failures, asked]).toEqual([503, ['objects_unavailable'], 64])
    found.resolve()
    for (const { statusCode } of await Promise.all(responses)) expect(statusCode).toBe(200)
  })
})
