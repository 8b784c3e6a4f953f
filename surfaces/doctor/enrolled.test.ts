// What doctor says on a device that was enrolled, against the house that it belongs to.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Enrolment } from '../../schemas/enrolment.ts'
import { proxyTo } from '../../test/home-assistant/proxy.ts'
import { type InProcess, startInProcess } from '../../test/in-process.ts'
import { checkEnrolled } from './enrolled.ts'

let house: InProcess
let enrolment: Enrolment
beforeAll(async () => {
  house = await startInProcess()
  const post = async (path: string, body: object) =>
    (await house.api(path, { method: 'POST', body: JSON.stringify(body) })).json() as Promise<never>
  const { code } = (await post('/api/v1/enrolments', { name: 'laptop' })) as { code: string }
  enrolment = await post('/api/v1/enrolments/redeem', { code })
})
afterAll(() => house.stop())

const bad = async (given: Enrolment) => (await checkEnrolled(given, Date.now())).filter(({ state }) => state !== 'ok')

test('one that reaches house and broker is well in every layer, its clock too', async () => {
  const findings = await checkEnrolled(enrolment, Date.now())
  expect(findings.map(({ about, layer, state }) => `${about} ${layer} ${state}`)).toEqual([
    ...['dns', 'tcp', 'http', 'auth', 'clock'].map((layer) => `house ${layer} ok`),
    ...['dns', 'tcp', 'auth'].map((layer) => `broker ${layer} ok`),
  ])
})

test('a clock that is off is told', async () => {
  expect(await checkEnrolled(enrolment, Date.now() + 600_000)).toContainEqual(
    expect.objectContaining({ about: 'house', layer: 'clock', state: 'warn' }),
  )
})

test('a house behind a proxy that it knows nothing of is told which name to allow', async () => {
  const proxy = await proxyTo(Number(new URL(house.ready.http.url ?? '').port))
  const url = `http://127.0.0.1:${proxy.port}`
  expect(await bad({ ...enrolment, house: { ...enrolment.house, url } })).toEqual([
    expect.objectContaining({ layer: 'http', state: 'fail', fix: expect.stringContaining('http.allowedHosts') }),
  ])
  await proxy.close()
})

test('a secret that is no longer good is refused by both, and a new code helps', async () => {
  await house.api('/api/v1/users/laptop', { method: 'DELETE' })
  const [byHouse, byBroker, ...more] = await bad(enrolment)
  const refused = { layer: 'auth', state: 'fail', fix: expect.stringContaining('daybook enroll') }
  expect(byHouse).toMatchObject({ about: 'house', ...refused })
  expect(byBroker).toMatchObject({ about: 'broker', ...refused })
  expect(more).toEqual([])
})
