// Imports over HTTP, where no source has a past. Not for: imports that bring something in, which the journeys make.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type InProcess, startInProcess } from '../../test/in-process.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
  const headers = { 'content-type': 'application/json' }
  return (await (await house.api(path, { method: 'POST', body: JSON.stringify(body), headers })).json()) as never
}

test('a source without a past says so, one that is not on names those that are', async () => {
  const begun = await post('/api/v1/imports', { source: 'manual' })
  expect(begun).toMatchObject({ source: 'manual', producer: expect.stringMatching(/^manual-/) })
  const read = async () => (await house.api(`/api/v1/imports/${begun.id}`)).json()
  await expect.poll(read).toMatchObject({ state: 'failed', error: { code: 'invalid' } })
  expect(await post('/api/v1/imports', { source: 'frigate' })).toMatchObject({ code: 'not_found', status: 404 })
  expect(await post('/api/v1/imports', { source: 'manual', since: 2, until: 1 })).toMatchObject({ code: 'invalid' })
  expect(await post('/api/v1/imports/end', { id: 'none' })).toMatchObject({ code: 'not_found' })
})
