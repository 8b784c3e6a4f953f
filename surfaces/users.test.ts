// Users and enrolment as programs see them: the whole product in this process, asked over real sockets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Enrolment } from '../schemas/enrolment.ts'
import { decodeCode, encodeCode } from '../schemas/enrolment-code.ts'
import { errors } from '../schemas/errors.ts'
import { type InProcess, startInProcess } from '../test/in-process.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

type Answer = Record<string, unknown> & { status: number }

/** Without `token` nobody asks. */
async function ask(method: string, path: string, token: string | null, body?: object): Promise<Answer> {
  const response = await fetch(house.ready.http.url + path, {
    method,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    ...(body && { body: JSON.stringify(body) }),
  })
  return { ...((await response.json()) as object), status: response.status }
}
const asOwner = (method: string, path: string, body?: object) => ask(method, path, house.credentials.http.token, body)
const add = async (name: string) => (await asOwner('POST', '/api/v1/users', { name })).secret as string
const invite = async (name: string, more = {}) =>
  (await asOwner('POST', '/api/v1/enrolments', { name, ...more })).code as string
const redeem = (code: string) => ask('POST', '/api/v1/enrolments/redeem', null, { code })

describe('a user', () => {
  test('may do what the owner does, but for users and devices', async () => {
    const secret = await add('laptop')
    expect(await ask('GET', '/api/v1/status', secret)).toMatchObject({ status: 200, ready: true })
    expect(await ask('POST', '/api/v1/notes', secret, { text: 'from the laptop' })).toMatchObject({ status: 200 })
    const denied = [
      ask('GET', '/api/v1/users', secret),
      ask('POST', '/api/v1/users', secret, { name: 'another' }),
      ask('DELETE', '/api/v1/users/laptop', secret),
      ask('POST', '/api/v1/enrolments', secret, { name: 'another' }),
    ]
    for (const answer of await Promise.all(denied)) expect(answer).toMatchObject({ status: 403, code: 'forbidden' })
  })

  test('is listed after the owner, without its secret', async () => {
    const secret = await add('listed')
    const answer = await asOwner('GET', '/api/v1/users')
    expect(answer).toMatchObject({ next: null })
    expect(answer.items).toContainEqual({ name: 'listed', owner: false, createdAt: expect.any(Number) })
    expect((answer.items as object[])[0]).toEqual({ name: 'daybook', owner: true })
    expect(JSON.stringify(answer)).not.toContain(secret)
  })

  test('that is removed is unauthorized from then on, and its streams end', async () => {
    const secret = await add('leaving')
    const stream = await fetch(`${house.ready.http.url}/stream`, { headers: { authorization: `Bearer ${secret}` } })
    const other = await house.api('/stream')
    expect(await asOwner('DELETE', '/api/v1/users/leaving')).toEqual({ name: 'leaving', broker: null, status: 200 })
    expect(await stream.text()).toContain(': live')
    expect(await ask('GET', '/api/v1/status', secret)).toMatchObject({ status: 401, code: 'unauthorized' })
    expect(await asOwner('DELETE', '/api/v1/users/leaving')).toMatchObject({ status: 404, code: 'not_found' })
    const first = await other.body?.getReader().read()
    expect(first?.done).toBe(false)
  })

  test.each(['', 'a b', 'a/b', '-x', '.x', 'ä', 'a#', 'x'.repeat(65), 'dbk1.x'])(
    'cannot be called "%s"',
    async (name) => {
      expect(await asOwner('POST', '/api/v1/users', { name })).toMatchObject({ status: 422, code: 'invalid' })
    },
  )

  test('must have a name of its own', async () => {
    await add('twice')
    expect(await asOwner('POST', '/api/v1/users', { name: 'twice' })).toMatchObject({
      status: 409,
      code: 'user_exists',
    })
    expect(await asOwner('POST', '/api/v1/users', { name: 'daybook' })).toMatchObject({ status: 409 })
    expect(await asOwner('DELETE', '/api/v1/users/daybook')).toMatchObject({ status: 403 })
  })
})

describe('a device', () => {
  test('gets its credential and settings for a code, once, without a token', async () => {
    const code = await invite('tablet')
    const { status, ...given } = await redeem(code)
    const { password } = (given as unknown as Enrolment).broker
    expect(status).toBe(200)
    expect(given).toEqual({
      name: 'tablet',
      space: 'home',
      prefix: 'daybook',
      timezone: 'Europe/Berlin',
      broker: { url: house.ready.mqtt.url, user: 'tablet', password },
      house: { url: house.ready.http.url, token: password },
    })
    expect(await ask('GET', '/api/v1/status', password)).toMatchObject({ status: 200 })
    expect(await redeem(code)).toMatchObject({ status: 401, code: 'code_invalid', title: errors.code_invalid.sentence })
  })

  test('is told the URLs that were asked for, and the owner what stands in their way', async () => {
    const routes = { house: 'http://day.example:8420', broker: 'mqtts://broker.example' }
    const made = await asOwner('POST', '/api/v1/enrolments', { name: 'far', ...routes })
    expect(made).toMatchObject({ ...routes, notes: [expect.stringContaining('http.allowedHosts')], account: null })
    expect(made.command).toBe(`npx daybook enroll ${made.code}`)
    expect(decodeCode(made.code as string)?.house).toBe(routes.house)
    expect(await redeem(made.code as string)).toMatchObject({
      broker: { url: routes.broker },
      house: { url: routes.house },
    })
  })

  test('keeps its old credential until a new code for it is redeemed', async () => {
    const secret = await add('again')
    const code = await invite('again')
    expect(await ask('GET', '/api/v1/status', secret)).toMatchObject({ status: 200 })
    expect(await redeem(code)).toMatchObject({ status: 200, name: 'again' })
    expect(await ask('GET', '/api/v1/status', secret)).toMatchObject({ status: 401 })
  })

  test('learns nothing from a code that is not good', async () => {
    const spent = await invite('spent')
    await redeem(spent)
    const unknown = encodeCode({ house: house.ready.http.url, secret: Buffer.alloc(32) })
    const answers = await Promise.all([spent, unknown, 'dbk1.AAAA', 'nonsense'].map(redeem))
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1)
    expect(answers[0]).toMatchObject({ status: 401, code: 'code_invalid' })
  })

  test('that sends no code at all is told the form, and more than a code is not read', async () => {
    expect(await ask('POST', '/api/v1/enrolments/redeem', null, {})).toMatchObject({ status: 422 })
    expect(await redeem('x'.repeat(5_000))).toMatchObject({ status: 413, code: 'too_large' })
    expect(await ask('GET', '/api/v1/enrolments/redeem', null)).toMatchObject({ status: 405 })
  })

  test.each([
    ['house', 'ftp://x'],
    ['house', 'x'],
    ['broker', 'http://x'],
    ['broker', 'mqtt://user:password@x'],
  ])('is given no %s like %s', async (field, url) => {
    const answer = await asOwner('POST', '/api/v1/enrolments', { name: 'odd', [field]: url })
    expect(answer).toMatchObject({ status: 422, detail: expect.stringContaining(field) })
  })
})
