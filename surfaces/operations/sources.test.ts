// Sources over HTTP: seen by anyone with a token, changed by the owner, at once.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type InProcess, startInProcess } from '../../test/in-process.ts'
import type { SourceDetails, SourceLine } from './sources.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

const get = async <T>(path: string) => (await (await house.api(path)).json()) as T
const post = async (path: string, body: unknown) =>
  (await (await house.api(path, { method: 'POST', body: JSON.stringify(body) })).json()) as SourceDetails

test('all are listed, with what they make, on or off, and without their keys', async () => {
  const { items } = await get<{ items: SourceLine[] }>('/api/v1/sources')
  expect(items.find(({ name }) => name === 'manual')).toMatchObject({ on: true, state: 'ok', types: ['note'] })
  expect(items.find(({ name }) => name === 'frigate')).toMatchObject({ on: false, state: 'stopped', producer: null })
  expect(JSON.stringify(items)).not.toContain('"key"')
})

test('the owner turns one on and off while the house runs', async () => {
  const settings = { url: 'http://127.0.0.1:1', token: 'x' }
  const on = await post('/api/v1/sources/connect', { name: 'home_assistant', settings })
  expect(on).toMatchObject({ on: true, connected: true, key: expect.stringMatching(/^[0-9a-f-]{36}$/), settings })
  expect(await get('/api/v1/sources/home_assistant')).toMatchObject({ on: true, key: on.key })
  expect(await get('/api/v1/status')).toMatchObject({ parts: { 'bridge home_assistant': { state: 'degraded' } } })
  expect(await post('/api/v1/sources/disconnect', { name: 'home_assistant' })).toMatchObject({ on: false, key: null })
  expect(await get('/api/v1/sources/fax')).toMatchObject({ code: 'not_found' })
  expect(await post('/api/v1/sources/connect', { name: 'home_assistant' })).toMatchObject({ code: 'config_invalid' })
})
