// The ways in which a line of the kill matrix is cut.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { type Wire, wireTo } from './wire.ts'

/** A server that answers with what it hears, behind a wire; and how to get connections to it. */
async function echo() {
  const served: Socket[] = []
  const server = createServer((socket) => {
    served.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const wire = await wireTo((server.address() as { port: number }).port)
  const clients: Socket[] = []
  onTestFinished(async () => {
    for (const socket of [...clients, ...served]) socket.destroy()
    await wire.close()
    await new Promise((resolve) => server.close(resolve))
  })
  const client = () => {
    const socket = connect(wire.port, '127.0.0.1')
    socket.on('error', () => {})
    clients.push(socket)
    return socket
  }
  return { wire, served, client }
}

async function answers(socket: Socket): Promise<string> {
  socket.write('hello')
  const [bytes] = await once(socket, 'data')
  return String(bytes)
}

async function isSilent(socket: Socket, wire: Wire): Promise<boolean> {
  const before = wire.passed
  let heard = false
  socket.once('data', () => {
    heard = true
  })
  socket.write('anyone there?')
  await setTimeout(50)
  return !heard && !socket.closed && wire.passed === before
}

test('what is said passes, and is counted', async () => {
  const { wire, client } = await echo()
  expect(await answers(client())).toBe('hello')
  expect(wire.passed).toBe(5)
})

test('of a cut both hear, or one, or nobody', async () => {
  for (const [told, client, server] of [
    ['both', true, true],
    ['client', true, false],
    ['nobody', false, false],
  ] as const) {
    const { wire, served, client: open } = await echo()
    const socket = open()
    await answers(socket)
    wire.cut(told)
    await setTimeout(50)
    expect([told, socket.closed, served[0]?.closed]).toEqual([told, client, server])
    if (!client) expect(await isSilent(socket, wire)).toBe(true)
  }
})

test('a mended line takes new connections, and old ones stay dead unless they are told', async () => {
  const { wire, client } = await echo()
  const old = client()
  await answers(old)
  wire.cut('nobody')
  wire.mend(false)
  expect(await answers(client())).toBe('hello')
  expect(await isSilent(old, wire)).toBe(true)
  wire.mend(true)
  await expect.poll(() => old.closed).toBe(true)
})

test('who connects while the line is cut in silence gets no answer until it is mended', async () => {
  const { wire, client } = await echo()
  wire.cut('nobody')
  const socket = client()
  await once(socket, 'connect')
  expect(await isSilent(socket, wire)).toBe(true)
  wire.mend(false)
  await expect.poll(() => socket.closed).toBe(true)
})

test('a slow line takes its time', async () => {
  const { wire, served, client } = await echo()
  const socket = client()
  await answers(socket)
  wire.slow(1_000_000)
  socket.write(Buffer.alloc(4_000_000))
  await setTimeout(100)
  expect(served[0]?.bytesRead).toBeLessThan(2_000_000)
  wire.slow(undefined)
  await expect.poll(() => served[0]?.bytesRead, { timeout: 20_000 }).toBe(4_000_005)
})
