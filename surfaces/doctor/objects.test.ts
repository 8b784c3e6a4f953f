// What doctor finds where payloads are kept.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { CliConfig } from '../cli/verb.ts'
import { checkObjects } from './objects.ts'

let data: string
beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'daybook-'))
})
afterAll(() => rm(data, { recursive: true }))

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})
async function answering(answer: RequestListener): Promise<string> {
  const server = createServer({ keepAliveTimeout: 1 }, answer)
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const found = (objects: CliConfig['objects']) =>
  checkObjects(
    {
      data,
      space: 'home',
      timezone: 'UTC',
      mqtt: { host: '127.0.0.1', port: 0, prefix: 'daybook' },
      http: { host: '127.0.0.1', port: 0 },
      activitywatch: { host: '127.0.0.1', port: 'off' },
      broker: {},
      database: { port: 0 },
      bridges: {},
      objects,
    },
    Date.now(),
  )
const minio = (endpoint: string): CliConfig['objects'] => ({
  driver: 'minio',
  minio: { endpoint, accessKey: 'key', secretKey: 'secret' },
})

describe('a folder', () => {
  test('that can be made is ok, and is not made', async () => {
    expect(await found({ driver: 'fs' })).toMatchObject([{ about: 'objects', layer: 'disk', state: 'ok' }])
    await rm(join(data, 'objects'), { recursive: false }).catch(({ code }) => expect(code).toBe('ENOENT'))
  })

  test('that is a file is not', async () => {
    await writeFile(join(data, 'objects'), '')
    expect(await found({ driver: 'fs' })).toMatchObject([
      { layer: 'disk', state: 'fail', fix: expect.stringContaining('owner') },
    ])
  })
})

describe('an S3 server', () => {
  test('that is not there fails at TCP', async () => {
    const url = await answering(() => {})
    const [server] = servers.splice(0)
    await new Promise((resolve) => server?.close(resolve))
    expect((await found(minio(url))).map(({ layer, state }) => [layer, state])).toEqual([
      ['dns', 'ok'],
      ['tcp', 'fail'],
    ])
  })

  test('that refuses our key fails at the credential, and the fix says where that is set', async () => {
    const url = await answering((_, response) => {
      response.writeHead(403, { 'content-type': 'application/xml' })
      response.end('<?xml version="1.0"?><Error><Code>InvalidAccessKeyId</Code><Message>no such key</Message></Error>')
    })
    const findings = await found(minio(url))
    expect(findings.map(({ layer, state }) => [layer, state])).toEqual([
      ['dns', 'ok'],
      ['tcp', 'ok'],
      ['http', 'ok'],
      ['auth', 'fail'],
    ])
    expect(findings.at(-1)?.fix).toContain('objects.*')
  })
})

test('Postgres is looked at anyway', async () => {
  expect(await found({ driver: 'postgres' })).toEqual([])
})
