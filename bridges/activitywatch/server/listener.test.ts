// The port, as programs and attackers meet it. Real sockets on loopback.
import { request as ask, createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createSocket } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ISO, makeWorld, type World } from './app.world.ts'
import { described, listening, programIn } from './holder.ts'
import { listen } from './listener.ts'
import type { AwListener, Site } from './serving.ts'

const made = { client: 'c', type: 't', hostname: 'h' }
const json = { 'content-type': 'application/json' }
let world: World
let listener: AwListener
let site: Site

beforeEach(async () => {
  site = { host: '127.0.0.1', port: 0, allowedHosts: [] }
  world = makeWorld({ site: () => site })
  listener = await listen({ host: '127.0.0.1', port: 0, app: world.app })
  site = { ...site, port: listener.port }
})
afterEach(async () => {
  await listener.stop()
  await world.close()
})

/** Sends these bytes, and gives what comes back until the other end closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect(listener.port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', (piece) => {
      text += piece
    })
    socket.on('error', () => resolve(text))
    socket.on('close', () => resolve(text))
  })
}

async function answers(): Promise<boolean> {
  return (await fetch(`${listener.url}/api/0/info`)).ok
}

test('many heartbeats at once are all kept', async () => {
  await fetch(`${listener.url}/api/0/buckets/b`, { method: 'POST', headers: json, body: JSON.stringify(made) })
  const sent = Array.from({ length: 300 }, (_, i) =>
    fetch(`${listener.url}/api/0/buckets/b/heartbeat?pulsetime=0`, {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ timestamp: ISO(i), data: { i } }),
    }),
  )
  expect((await Promise.all(sent)).every(({ status }) => status === 200)).toBe(true)
  expect(world.buckets.count('b')).toBe(300)
})

describe('a hostile client', () => {
  const post = `POST /api/0/buckets/b HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  test.each([
    ['no HTTP', 'nonsense\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no Host', 'GET /api/0/info HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['another Host', 'GET /api/0/info HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'a whole URL',
      'GET http://evil.example/api/0/info HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['two lengths', `${post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['a huge length', `${post}Connection: close\r\nContent-Length: 99999999999\r\n\r\n{}`, /^HTTP\/1\.1 413 /],
    ['a head without end', `${post}X: ${'x'.repeat(100_000)}\r\n`, /^HTTP\/1\.1 4\d\d /],
    ['bytes that are no text', `${post}Connection: close\r\nContent-Length: 2\r\n\r\n\u0000\u0001`, /^HTTP\/1\.1 400 /],
  ])('with %s is answered, and takes nothing down', async (_, bytes, expected) => {
    expect(await raw(bytes)).toMatch(expected)
    expect(await answers()).toBe(true)
  })
  test('that sends without end is refused at the limit', async () => {
    const chunk = `${(1 << 20).toString(16)}\r\n${'x'.repeat(1 << 20)}\r\n`
    expect(await raw(`${post}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(18)}`)).toMatch(
      /413|^$/,
    )
    expect(await answers()).toBe(true)
  })
  test('that goes away in the middle of its body or of our answer takes nothing down', async () => {
    for (const bytes of [
      `${post}Content-Length: 100\r\n\r\n{`,
      'GET /api/0/export HTTP/1.1\r\nHost: localhost\r\n\r\n',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(listener.port, '127.0.0.1', () => socket.write(bytes, () => socket.resetAndDestroy()))
        socket.on('close', () => resolve())
        socket.on('error', () => {})
      })
    }
    expect(await answers()).toBe(true)
    expect(world.logged).toEqual([])
  })
  test('that does not read our answer makes us wait, and leaves nothing running when it goes', async () => {
    const piece = 'x'.repeat(1 << 20)
    let written = 0
    let ended = false
    function* endless() {
      try {
        for (;;) {
          written += 1
          yield piece
        }
      } finally {
        ended = true
      }
    }
    const app = { answer: async () => ({ status: 200, headers: {}, body: endless() }) }
    const other = await listen({ host: '127.0.0.1', port: 0, app })
    const socket = connect(other.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'))
    socket.pause()
    let before = -1
    await expect
      .poll(
        () => {
          const isStill = written > 0 && written === before
          before = written
          return isStill
        },
        { interval: 100 },
      )
      .toBe(true)
    expect(written).toBeLessThan(64)
    socket.destroy()
    await expect.poll(() => ended).toBe(true)
    await other.stop()
  })
  test('of deeply nested JSON is refused', async () => {
    await fetch(`${listener.url}/api/0/buckets/b`, { method: 'POST', headers: json, body: JSON.stringify(made) })
    const data = `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`
    const body = `{"timestamp":"${ISO(0)}","data":${data}}`
    const sent = await fetch(`${listener.url}/api/0/buckets/b/heartbeat?pulsetime=1`, {
      method: 'POST',
      headers: json,
      body,
    })
    expect(sent.status).toBe(400)
  })
})

describe('a port that is taken', () => {
  test('is told with the process, and that it is an ActivityWatch server', async () => {
    const again = listen({ host: '127.0.0.1', port: listener.port, app: world.app })
    const holder = { info: expect.objectContaining({ version: 'v0.14.0 (daybook 0)', hostname: 'desk' }) }
    await expect(again).rejects.toThrow(
      expect.objectContaining({
        code: 'port_taken',
        detail: expect.stringContaining('(activitywatch.port): held by '),
        cause: expect.objectContaining(process.platform === 'linux' ? { ...holder, pid: process.pid } : holder),
      }),
    )
  })
  test.each<[string, () => Server | ReturnType<typeof createSocket>]>([
    ['that answers something else', () => createServer((_, response) => response.end('<h1>hello</h1>'))],
    ['that answers nothing', () => createSocket((socket) => void socket.resume())],
  ])('by something %s is told as that', async (_, make) => {
    const other = make()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const error = await listen({ host: '127.0.0.1', port, app: world.app }).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'port_taken' })
    expect(error.cause.info).toBeUndefined()
    if (process.platform === 'linux') expect(error.message).toContain(`(pid ${process.pid})`)
    await new Promise((resolve) => {
      other.close(resolve)
      if ('closeAllConnections' in other) other.closeAllConnections()
    })
  })
  test('a host that is none of ours is a mistake of the configuration', async () => {
    await expect(listen({ host: '203.0.113.1', port: 0, app: world.app })).rejects.toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    )
  })
})

test('who listens is read from the tables of Linux', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:15E0 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100 0 0 10 0
   1: 0100007F:15E0 0100007F:C001 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0 20 4 30 10 -1
   2: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4713 1 0 100 0 0 10 0
`
  expect(listening(table, 5600)).toEqual(['4711'])
  expect(listening('', 5600)).toEqual([])
  expect(described({})).toBe('another program')
  expect(programIn('/usr/bin/node\0/srv/app.ts\0--key\0secret\0')).toBe('node app.ts')
  expect(programIn('/usr/bin/python3\0-m\0aw_server\0')).toBe('python3')
  expect(programIn('/opt/activitywatch/aw-server/aw-server\0secret\0')).toBe('aw-server')
  expect(programIn('')).toBe('')
  expect(described({ name: 'aw-server', pid: 7, info: { version: 'v0.13.2' } })).toBe(
    'aw-server (pid 7), ActivityWatch v0.13.2',
  )
})

test('stopping lets an answer under way out, and closes what is silent', async () => {
  await world.buckets.create({ id: 'b', ...made })
  const silent = connect(listener.port, '127.0.0.1')
  await new Promise((resolve) => silent.once('connect', resolve))
  const answer = new Promise<number>((resolve, reject) => {
    const request = ask(`${listener.url}/api/0/buckets/b/heartbeat?pulsetime=1`, { method: 'POST', headers: json })
    request.on('response', ({ statusCode = 0 }) => resolve(statusCode))
    request.on('error', reject)
    request.write(`{"timestamp":"${ISO(0)}",`)
    setTimeout(() => request.end('"data":{}}'), 200)
  })
  await expect.poll(() => answers()).toBe(true)
  const since = Date.now()
  await Promise.all([listener.stop(), listener.stop()])
  expect(await answer).toBe(200)
  expect(Date.now() - since).toBeLessThan(5_500)
  expect(world.buckets.count('b')).toBe(1)
  silent.destroy()
})
