// The client against an API that is late, slow, cut, moved, locked and gone. What it is for is in the bridge's test.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { certificate } from '../../test/frigate/certificate.ts'
import { type FakeFrigate, type FakeOptions, fakeFrigate } from '../../test/frigate/fake.ts'
import { picture } from '../../test/frigate/story.ts'
import { type Client, type ClientParts, createClient } from './client.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

const ID = '1760000000.250000-aaaaaa'
const login = { user: 'daybook', password: 'of a viewer', sessionMs: 60_000 }

async function facing(options: FakeOptions = {}, more: Partial<ClientParts> = {}): Promise<[FakeFrigate, Client]> {
  const fake = await fakeFrigate(options)
  fake.pictures.set(`${ID}/snapshot.jpg`, picture('somebody'))
  const { signal } = new AbortController()
  const times = { idleMs: 500, totalMs: 2000 }
  const client = createClient({ url: fake.url, tls: options.login ? 'insecure' : 'verify', signal, times, ...more })
  ends.push(
    () => fake[Symbol.asyncDispose](),
    () => client.close(),
  )
  return [fake, client]
}

test('what is too large is refused, and says nothing of how Frigate is', async () => {
  const [fake, client] = await facing()
  fake.pictures.set(`${ID}/snapshot.jpg`, Buffer.alloc(8 * 1024 * 1024 + 1))
  await expect(client.payload(ID, 'snapshot')).rejects.toMatchObject({ code: 'too_large' })
  expect(client.trouble()).toBeNull()
})

test('a picture comes whole, with its type, also if it comes slowly', async () => {
  const [fake, client] = await facing()
  fake.misbehave('snapshot', { dripsMs: 800 })
  expect(await client.payload(ID, 'snapshot')).toEqual({ bytes: picture('somebody'), mediaType: 'image/jpeg' })
})

test.each(['truncated', 'page', 'reset', 500, { dripsMs: 4000 }] as const)(
  'an answer that is %j is no picture, and may be asked for again',
  async (how) => {
    const [fake, client] = await facing()
    fake.misbehave('snapshot', how)
    await expect(client.payload(ID, 'snapshot')).rejects.toMatchObject({ code: 'frigate_unreachable', remedy: 'retry' })
    expect(client.trouble() === null).toBe(how === 'page' || how === 500)
    fake.misbehave('snapshot', null)
    await client.payload(ID, 'snapshot')
    expect(client.trouble()).toBeNull()
  },
)

test('what Frigate does not have is missing, which is no trouble', async () => {
  const [, client] = await facing()
  await expect(client.payload('1760000000.1-zzzzzz', 'snapshot')).rejects.toMatchObject({ code: 'object_missing' })
  expect(client.trouble()).toBeNull()
})

test('a Frigate that is gone is said to be, and tells when it is back', async () => {
  let back = 0
  const [fake, client] = await facing({}, { onBack: () => back++ })
  await fake.gone()
  await expect(client.json('/api/review')).rejects.toMatchObject({ code: 'frigate_unreachable' })
  await fake.back()
  await client.json('/api/review')
  await client.json('/api/review')
  expect(back).toBe(1)
})

test('it logs in where that is asked for, once for all who wait, and again when the session has run out', async () => {
  const { user, password } = login
  const [fake, client] = await facing({ login: { ...login, sessionMs: 400 } }, { user, password })
  const logins = () => fake.asked.filter((line) => line.includes('/api/login')).length
  await Promise.all([client.json('/api/review'), client.json('/api/events'), client.payload(ID, 'snapshot')])
  expect(logins()).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 500))
  await client.json('/api/review')
  expect(logins()).toBe(2)
})

test('a wrong password is told, not tried again and again, and works once Frigate has it', async () => {
  let ahead = 0
  const clock = { ...wallClock, now: () => Date.now() + ahead }
  const account = { ...login }
  const [fake, client] = await facing({ login: account }, { user: login.user, password: 'wrong', clock })
  const logins = () => fake.asked.filter((line) => line.includes('/api/login')).length
  const refused = { code: 'frigate_auth', remedy: 'stop' }
  for (const [tries, minutes] of [1, 2, 5, 10, 10].entries()) {
    for (const path of ['/api/review', '/api/events']) await expect(client.json(path)).rejects.toMatchObject(refused)
    ahead += minutes * 60_000 - 2000
    await expect(client.json('/api/review')).rejects.toMatchObject(refused)
    expect(logins()).toBe(tries + 1)
    expect(client.trouble()).toMatchObject(refused)
    ahead += 2000
  }
  account.password = 'wrong'
  await client.json('/api/review')
  expect(client.trouble()).toBeNull()
})

test('a session that one picture refuses stays in use, and is not asked for on and on', async () => {
  const { user, password } = login
  const [fake, client] = await facing({ login }, { user, password })
  fake.misbehave('snapshot', 401)
  for (let i = 0; i < 3; i++) {
    await expect(client.payload(ID, 'snapshot')).rejects.toMatchObject({ code: 'frigate_auth' })
    await client.json('/api/review')
    expect(client.trouble()).toBeNull()
  }
  expect(fake.asked.filter((line) => line.includes('/api/login')).length).toBe(1)
  fake.misbehave('snapshot', null)
  await client.payload(ID, 'snapshot')
})

test('where no login is needed, a refused one stops nothing but what wants it', async () => {
  const [fake, client] = await facing({}, { user: login.user, password: 'wrong' })
  await client.json('/api/review')
  fake.misbehave('snapshot', 401)
  await expect(client.payload(ID, 'snapshot')).rejects.toMatchObject({ code: 'frigate_auth' })
  await client.json('/api/review')
})

test('a login that is wanted and not set is told', async () => {
  const [, client] = await facing({ login })
  await expect(client.json('/api/review')).rejects.toMatchObject({
    code: 'frigate_auth',
    detail: expect.stringContaining('none is set'),
  })
})

test('without a password one question that wants a login fails alone', async () => {
  const [fake, client] = await facing()
  fake.misbehave('snapshot', 401)
  await expect(client.payload(ID, 'snapshot')).rejects.toMatchObject({ code: 'frigate_auth' })
  expect(client.trouble()).toMatchObject({ code: 'frigate_auth' })
  expect(await client.json('/api/review')).toEqual([])
  expect(client.trouble()).toBeNull()
  fake.misbehave('snapshot', null)
  await client.payload(ID, 'snapshot')
})

test('it asks less when it is told that it asks too much', async () => {
  const [fake, client] = await facing()
  fake.misbehave('review', 429)
  for (let i = 0; i < 5; i++) await expect(client.json('/api/review')).rejects.toMatchObject({ remedy: 'retry' })
  expect(fake.asked).toHaveLength(1)
})

test('a certificate that nobody vouches for is refused, unless its CA is named or that is allowed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-ca-'))
  ends.push(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'ca.pem'), certificate)
  const { user, password } = login
  const [, strict] = await facing({ login }, { user, password, tls: 'verify' })
  await expect(strict.json('/api/review')).rejects.toMatchObject({ code: 'frigate_unreachable' })
  const [, trusting] = await facing({ login }, { user, password, tls: join(folder, 'ca.pem') })
  expect(await trusting.json('/api/review')).toEqual([])
  await expect(facing({ login }, { tls: join(folder, 'none.pem') })).rejects.toMatchObject({ code: 'config_invalid' })
})
