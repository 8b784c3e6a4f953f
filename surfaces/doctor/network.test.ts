// Real sockets for each way in which a layer fails: nobody there, nobody speaking, a wrong certificate, no TLS.
import { createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { checkName, checkTcp, checkTls } from './network.ts'

/** A certificate for localhost that signs itself, made for this test and used nowhere else. */
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0tcVqPjoq/QJzubg
nAoy9rO9F+OTo+eYZ8nVT8sru/ChRANCAASkEY+/hyep0v1SPWQ9XmdevC1FCetX
AiMhETKnPQDkIhmiAqfcD7CwIgi62zs/CZIsHF2s9y+mVnC+xqsZdJ1N
-----END PRIVATE KEY-----`
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUZr5ksYccbDSRDTZvsO9Y7xqf36IwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDIyMTg1N1oYDzIxMjYxMDMx
MjIxODU3WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASkEY+/hyep0v1SPWQ9XmdevC1FCetXAiMhETKnPQDkIhmiAqfcD7Cw
Igi62zs/CZIsHF2s9y+mVnC+xqsZdJ1No28wbTAdBgNVHQ4EFgQUMI8wHtDsZ19m
iYWQ5Hx479m+cO4wHwYDVR0jBBgwFoAUMI8wHtDsZ19miYWQ5Hx479m+cO4wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgBgWqekksnKJUjJJqQBuFShn3R4K+SR+t382u1q8Na8oCIQDb
qQmjCYn6nsUG7WUl6FHaf5d1Qzo1NpGwRNS9giutOA==
-----END CERTIFICATE-----`

const HOST = '127.0.0.1'
const servers: Server[] = []

function listen(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket) => socket.on('error', () => {}))
  return new Promise((resolve) => {
    server.listen(0, HOST, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    })
  })
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve))
afterEach(() => Promise.all(servers.splice(0).map(close)))

async function closedPort(): Promise<number> {
  const port = await listen(createServer())
  await close(servers.pop() as Server)
  return port
}

describe('DNS', () => {
  test('an address needs none, localhost has one', async () => {
    expect(await checkName(HOST)).toMatchObject({ state: 'ok' })
    expect(await checkName('localhost')).toMatchObject({ state: 'ok' })
  })

  test('a name that cannot exist fails with the name and a fix', async () => {
    // RFC 6761, 6.4: nobody may ever register .invalid.
    const verdict = await checkName('homeassistant.invalid')
    expect(verdict).toMatchObject({ state: 'fail', detail: expect.stringContaining('homeassistant.invalid') })
    expect(verdict.fix).toBeTruthy()
  })
})

describe('TCP', () => {
  test('a port that listens is ok', async () => {
    expect(await checkTcp(HOST, await listen(createServer()))).toMatchObject({ state: 'ok' })
  })

  test('a port where nobody listens says so', async () => {
    const port = await closedPort()
    expect(await checkTcp(HOST, port)).toMatchObject({ state: 'fail', detail: `nothing listens on ${HOST}:${port}` })
  })
})

describe('TLS', () => {
  test('a self-signed certificate is named as such, with the way to trust it', async () => {
    const port = await listen(createTlsServer({ key: KEY, cert: CERTIFICATE }))
    expect(await checkTls('localhost', port, Date.now())).toEqual({
      state: 'fail',
      detail: 'the certificate is self-signed',
      fix: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    })
  })

  test('a server without TLS is told from a broken one', async () => {
    const port = await listen(createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    expect(await checkTls(HOST, port, Date.now())).toMatchObject({ state: 'fail', detail: 'it does not speak TLS' })
  })

  test('one that says nothing is not waited for', async () => {
    const port = await listen(createServer((socket) => setTimeout(() => socket.destroy(), 1_000)))
    expect(await checkTls(HOST, port, Date.now(), 100)).toMatchObject({
      state: 'fail',
      detail: expect.stringContaining('no TLS handshake within 0.1 s'),
    })
  })
})
