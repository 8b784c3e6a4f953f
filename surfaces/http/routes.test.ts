// Requests whose answer does not come, over real sockets: each is told what it waited for.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import pino from 'pino'
import { afterEach, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { linkObject } from '../operations/link-object.ts'
import type { House } from '../operations/operation.ts'
import { queryActivities } from '../operations/query-activities.ts'
import { createRoutes } from './routes.ts'
import { createStreams } from './stream.ts'

const id = 'a'.repeat(64)

let server: Server
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

/** Where a house is asked whose stores never answer. */
async function silent(): Promise<string> {
  const never = () => new Promise<never>(() => {})
  const put = async (bytes: AsyncIterable<Uint8Array>) => {
    for await (const _ of bytes);
    return never()
  }
  const stores = { objects: { put, open: never }, storage: { activities: { queryActivities: never } } }
  const sources = { all: () => [] }
  const house = {
    ...stores,
    sources,
    clock: wallClock,
    version: '0',
    redactText: (text: string) => text,
  } as unknown as House
  const app = createRoutes({
    house,
    operations: [linkObject, queryActivities],
    site: () => ({ host: '127.0.0.1', port, allowedHosts: [] }),
    token: 'token',
    metrics: null,
    streams: createStreams(house),
    log: pino({ level: 'silent' }),
    answerMs: 20,
  })
  server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}`
}

test.each([
  ['PUT', '/api/v1/objects', 'objects_unavailable', 'x'],
  ['GET', `/objects/fs/${id}`, 'objects_unavailable', undefined],
  ['POST', '/api/v1/objects/link', 'objects_unavailable', JSON.stringify({ storage: 'fs', id })],
  ['GET', '/api/v1/activities', 'database_unavailable', undefined],
])('%s %s without an answer is told %s', async (method, path, code, body) => {
  const headers = { authorization: 'Bearer token' }
  const response = await fetch((await silent()) + path, { method, headers, ...(body && { body }) })
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await response.json()).toMatchObject({
    code,
    status: 503,
    detail: expect.stringContaining('No answer within'),
  })
})
