// Payloads over HTTP as programs see them: the whole product in this process, asked over real sockets.
import { createHash } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { activityMaker, type InProcess, startInProcess } from '../../../test/in-process.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess({ DAYBOOK__OBJECTS__MAX_MEGABYTES: '8' })
})
afterAll(() => house.stop())

interface Ref {
  storage: string
  id: string
  size: number
  mediaType?: string
  name?: string
}
const activity = activityMaker()
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const json = async <T>(response: Response | Promise<Response>) => (await (await response).json()) as T
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer())

/** Any bytes, the same for the same length and seed. */
function noise(length: number, seed = 7): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(length)
  for (let at = 0, state = seed; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    bytes[at] = state >>> 16
  }
  return bytes
}

type Body = NonNullable<RequestInit['body']>
const put = (body: Body, headers: Record<string, string> = {}, query = '') =>
  house.api(`/api/v1/objects${query}`, { method: 'PUT', body, headers, duplex: 'half' } as RequestInit)
const pathOf = ({ storage, id }: { storage: string; id: string }) => `/objects/${storage}/${encodeURIComponent(id)}`

async function refer(contentRef: Partial<Ref>): Promise<void> {
  const posted = house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify(activity({ contentRef })) })
  expect(await json(posted)).toMatchObject({ stored: 1 })
}
/** Kept and referred to. */
async function kept(body: Body, mediaType = 'application/octet-stream', name?: string): Promise<Ref> {
  const ref = await json<Ref>(put(body, { 'content-type': mediaType }, name ? `?name=${encodeURIComponent(name)}` : ''))
  await refer(ref)
  return ref
}
const link = async ({ storage, id }: Ref, seconds?: number) => {
  const body = JSON.stringify({ storage, id, seconds })
  return json<{ url: string; path: string; expiresAt: number }>(
    house.api('/api/v1/objects/link', { method: 'POST', body }),
  )
}

describe('PUT /api/v1/objects', () => {
  test('answers with the reference, the same one each time', async () => {
    const bytes = noise(300_000)
    const first = await put(bytes, { 'content-type': 'image/png' }, '?name=T%C3%BCr.png')
    expect(first.status).toBe(201)
    const ref = await json<Ref>(first)
    expect(ref).toEqual({
      storage: 'fs',
      id: sha256(bytes),
      size: 300_000,
      mediaType: 'image/png',
      name: 'Tür.png',
    })
    expect(await json(put(bytes, { 'content-type': 'image/png' }, '?name=T%C3%BCr.png'))).toEqual(ref)
  })

  test('takes a body of unknown length, and none at all', async () => {
    const parts = [noise(70_000, 1), noise(1, 2), noise(200_000, 3)]
    const ref = await json<Ref>(put(Readable.toWeb(Readable.from(parts)) as Body))
    expect(ref).toMatchObject({
      id: sha256(Buffer.concat(parts)),
      size: 270_001,
      mediaType: 'application/octet-stream',
    })
    expect(await json<Ref>(put(''))).toMatchObject({ id: sha256(''), size: 0 })
  })

  test('takes the name from Content-Disposition too', async () => {
    const ref = await json<Ref>(put(noise(10), { 'content-disposition': 'attachment; filename="a b.bin"' }))
    expect(ref.name).toBe('a b.bin')
  })

  test('bytes that are not those that were promised are refused', async () => {
    const bytes = noise(1_000)
    const digest = (text: string) => `sha-256=:${Buffer.from(sha256(text), 'hex').toString('base64')}:`
    expect((await put(bytes, {}, `?id=${sha256(bytes)}`)).status).toBe(201)
    for (const wrong of [
      await put(bytes, {}, `?id=${sha256('other')}`),
      await put(bytes, { 'repr-digest': digest('other') }),
      await put('text', { 'content-type': 'text/plain', 'content-digest': digest('other') }),
    ]) {
      expect(await json(wrong)).toMatchObject({ code: 'object_damaged', status: 422 })
    }
  })

  test('text is kept without its secrets; a promise is about what was sent', async () => {
    const text = 'before\nexport API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee\nafter ä\n'
    const ref = await json<Ref>(put(text, { 'content-type': 'text/plain' }, `?id=${sha256(text)}`))
    await refer(ref)
    const stored = await (await house.api(pathOf(ref))).text()
    expect(stored).toMatch(/^before\nexport API_TOKEN=\[redacted:[a-z-]+\]\nafter ä\n$/)
    expect(ref).toMatchObject({ id: sha256(stored), size: Buffer.byteLength(stored) })
    expect(ref.id).not.toBe(sha256(text))
    const clean = 'nothing to hide\n'.repeat(10_000)
    expect((await json<Ref>(put(clean, { 'content-type': 'application/x-ndjson' }))).id).toBe(sha256(clean))
  })

  test.each([
    ['no type', undefined],
    ['a type of any bytes', 'application/octet-stream'],
    ['the type that curl gives', 'application/x-www-form-urlencoded'],
  ])('text with %s is kept without its secrets too', async (_, mediaType) => {
    const text = 'before\nexport API_TOKEN=9f8e7d6c5b4a39281706f5e4d3c2b1a0ffee\nafter ä\n'
    const headers: Record<string, string> = mediaType ? { 'content-type': mediaType } : {}
    const ref = await json<Ref>(put(Buffer.from(text), headers, `?id=${sha256(text)}`))
    await refer(ref)
    const stored = await (await house.api(pathOf(ref))).text()
    expect(stored).toMatch(/^before\nexport API_TOKEN=\[redacted:[a-z-]+\]\nafter ä\n$/)
    const clean = 'nothing to hide\n'.repeat(10_000)
    expect((await json<Ref>(put(Buffer.from(clean), headers))).id).toBe(sha256(clean))
  })

  test.each([
    ['text in a charset that hides secrets', { 'content-type': 'text/plain; charset=UTF-16LE' }, '', 'as UTF-8'],
    ['an id of another form', {}, '?id=abc', 'id: '],
    ['a media type that is none', { 'content-type': 'nonsense' }, '', 'content-type: '],
    ['a content coding', { 'content-encoding': 'gzip' }, '', 'content-encoding: gzip'],
    ['a part of an object', { 'content-range': 'bytes 0-9/100' }, '', 'content-range: '],
    ['a name that is too long', {}, `?name=${'x'.repeat(256)}`, 'name: '],
    ['a digest of another form', { 'repr-digest': 'sha-256=:AAAA:' }, '', 'repr-digest: '],
    ['a parameter given twice', {}, '?name=a&name=b', 'name: '],
    ['a parameter that there is not', {}, '?nam=a', 'nam: '],
  ])('%s is refused by name', async (_, headers, query, detail) => {
    const answer = await json<{ code: string; detail: string }>(put(noise(10), headers as never, query))
    expect(answer).toMatchObject({ code: 'invalid', status: 422 })
    expect(answer.detail).toContain(detail)
  })

  test('no other method does it, and nobody without the token', async () => {
    expect((await house.api('/api/v1/objects', { method: 'POST', body: 'x' })).status).toBe(405)
    const bare = await fetch(`${house.ready.http.url}/api/v1/objects`, { method: 'PUT', body: noise(10) })
    expect(bare.status).toBe(401)
  })

  test('what is too large is told so, whether it says its size or not', async () => {
    const parts = Array.from({ length: 20 }, () => noise(1_000_000))
    for (const body of [noise(9_000_000), Readable.toWeb(Readable.from(parts)) as Body]) {
      expect(await json(put(body))).toMatchObject({ code: 'too_large', status: 413 })
    }
  })

  test('a sender that goes away in the middle leaves nothing, and the next one is served', async () => {
    const socket = await send('PUT', '/api/v1/objects', { 'content-length': '1000000' })
    socket.write(noise(100_000))
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    expect((await put(noise(10))).status).toBe(201)
  })
})

/** The head of a request as it is, on a socket of its own. */
async function send(method: string, path: string, headers: Record<string, string>): Promise<Socket> {
  const { port, host } = new URL(house.ready.http.url)
  const socket = connect(Number(port), '127.0.0.1')
  await new Promise((resolve) => socket.once('connect', resolve))
  const all = { host, authorization: `Bearer ${house.credentials.http.token}`, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
  return socket
}

describe('GET /objects/<storage>/<id>', () => {
  const bytes = noise(200_000, 9)
  let ref: Ref
  beforeAll(async () => {
    ref = await kept(bytes, 'image/png', 'a "b".png')
  })
  const get = (headers: Record<string, string> = {}, method = 'GET') => house.api(pathOf(ref), { method, headers })

  test('gives the bytes, and says how they may be used', async () => {
    const response = await get()
    expect(response.status).toBe(200)
    expect((await bytesOf(response)).equals(bytes)).toBe(true)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '200000',
      'content-disposition': `inline; filename="a _b_.png"; filename*=UTF-8''a%20%22b%22.png`,
      etag: `"${ref.id}"`,
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-security-policy': "default-src 'none'; sandbox",
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  test('HEAD says the same without the bytes, and knows no ranges', async () => {
    const [whole, head] = [await get(), await get({ range: 'bytes=0-9' }, 'HEAD')]
    await whole.arrayBuffer()
    const without = (headers: Headers) =>
      [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name))
    expect(head.status).toBe(200)
    expect(without(head.headers)).toEqual(without(whole.headers))
    expect(await head.text()).toBe('')
  })

  test.each([
    ['bytes=0-9', 0, 9],
    ['bytes=199990-', 199_990, 199_999],
    ['bytes=-10', 199_990, 199_999],
    ['bytes=100-1000000', 100, 199_999],
  ])('%s gives that part', async (range, start, end) => {
    const response = await get({ range })
    expect(response.status).toBe(206)
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/200000`)
    expect(response.headers.get('content-length')).toBe(String(end - start + 1))
    expect((await bytesOf(response)).equals(bytes.subarray(start, end + 1))).toBe(true)
  })

  test('a part that is not there is told how much is', async () => {
    const response = await get({ range: 'bytes=200000-' })
    expect(response.headers.get('content-range')).toBe('bytes */200000')
    expect(await json(response)).toMatchObject({ code: 'range_refused', status: 416 })
  })

  test('several parts, and parts of another version, give all of it', async () => {
    for (const headers of [{ range: 'bytes=0-1,5-6' }, { range: 'bytes=0-1', 'if-range': '"other"' }]) {
      const response = await get(headers as never)
      expect(response.status).toBe(200)
      expect((await bytesOf(response)).length).toBe(200_000)
    }
    expect((await get({ range: 'bytes=0-1', 'if-range': `"${ref.id}"` })).status).toBe(206)
  })

  test.each(['', 'W/', '"x", '])('who has it already (%s) is told so', async (before) => {
    for (const method of ['GET', 'HEAD']) {
      const response = await get({ 'if-none-match': `${before}"${ref.id}"`, range: 'bytes=0-1' }, method)
      expect(response.status).toBe(304)
      expect(response.headers.get('etag')).toBe(`"${ref.id}"`)
      expect(response.headers.get('cache-control')).toBe('private, no-cache')
      expect(await response.text()).toBe('')
    }
  })

  test('who wants another version is refused, before anything else is looked at', async () => {
    for (const method of ['GET', 'HEAD']) {
      const other = { 'if-match': '"other"', 'if-none-match': `"${ref.id}"`, range: 'bytes=0-1' }
      expect((await get(other, method)).status).toBe(412)
      expect((await get({ 'if-match': `"other", "${ref.id}"` }, method)).status).toBe(200)
    }
    expect(await json(get({ 'if-match': `W/"${ref.id}"` }))).toMatchObject({ code: 'version_refused', status: 412 })
  })

  test('an empty object is served', async () => {
    const response = await house.api(pathOf(await kept('')))
    expect([response.status, response.headers.get('content-length')]).toEqual([200, '0'])
    expect(await response.text()).toBe('')
  })

  test.each([
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
    ['text/html;charset=utf-8', '<script>alert(1)</script>'],
    ['application/pdf', '%PDF-1.4'],
  ])('%s is only saved', async (mediaType, text) => {
    const { headers } = await house.api(pathOf(await kept(text, mediaType)))
    expect(headers.get('content-type')).toBe('application/octet-stream')
    expect(headers.get('content-disposition')).toMatch(/^attachment/)
  })

  test('what nobody refers to is as if it were not there', async () => {
    const alone = await json<Ref>(put(noise(50, 11)))
    const [there, nowhere] = [pathOf(alone), pathOf({ storage: 'fs', id: sha256('never kept') })]
    for (const path of [there, nowhere]) {
      const problem = await json<{ detail: string }>(house.api(path))
      expect(problem).toMatchObject({ code: 'not_found', status: 404 })
      expect(`/objects/${problem.detail.replace(':', '/')}`).toBe(path)
    }
    await refer(alone)
    expect((await house.api(there)).status).toBe(200)
  })

  test('what is referred to and was never put is missing', async () => {
    const absent = { storage: 'fs', id: sha256('promised'), size: 8 }
    await refer(absent)
    expect(await json(house.api(pathOf(absent)))).toMatchObject({ code: 'object_missing', status: 404 })
  })

  test.each([
    ['/objects/ftp/abc', 'storage: '],
    ['/objects/fs/abc', 'id: '],
    [`/objects/fs/${'A'.repeat(64)}`, '64 lower-case hex digits'],
    ['/objects/frigate/1.2-abc%3Adoor', 'snapshot|thumbnail|clip'],
    ['/objects/fs/..%2F..%2Fcredentials.json', 'id: '],
    ['/objects/fs/%00', 'id: '],
  ])('%s is no object', async (path, detail) => {
    const problem = await json<{ detail: string }>(house.api(path))
    expect(problem).toMatchObject({ code: 'invalid', status: 422 })
    expect(problem.detail).toContain(detail)
  })

  test('a reader that goes away in the middle costs nothing', async () => {
    const large = await kept(noise(5_000_000, 13))
    for (let n = 0; n < 70; n++) {
      const socket = await send('GET', pathOf(large), {})
      await new Promise((resolve) => socket.once('data', resolve))
      socket.destroy()
    }
    await expect.poll(async () => (await bytesOf(await house.api(pathOf(large)))).length).toBe(5_000_000)
  })
})

describe('signed links', () => {
  const bare = (path: string, init?: RequestInit) => fetch(house.ready.http.url + path, init)

  test('open one object without a token, until they end', async () => {
    const ref = await kept(noise(100, 21), 'image/png')
    const { url, path, expiresAt } = await link(ref)
    expect(url).toBe(house.ready.http.url + path)
    expect(Math.abs(expiresAt - Date.now() - 600_000)).toBeLessThan(60_000)
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('referrer-policy')).toBe('no-referrer')
    expect((await bytesOf(response)).equals(noise(100, 21))).toBe(true)
    expect((await fetch(url, { method: 'HEAD' })).status).toBe(200)
    expect((await fetch(url, { headers: { range: 'bytes=0-9' } })).status).toBe(206)
  })

  test('end', async () => {
    const { url } = await link(await kept(noise(100, 22)), 1)
    expect((await fetch(url)).status).toBe(200)
    await expect.poll(async () => (await fetch(url)).status, { timeout: 5_000 }).toBe(403)
    expect(await json(fetch(url))).toMatchObject({ code: 'forbidden', detail: expect.stringContaining('ended at') })
  })

  test('that were changed are refused, and say nothing about what is there', async () => {
    const [one, two] = [await kept(noise(100, 23)), await kept(noise(100, 24))]
    const { path } = await link(one)
    const [, query] = path.split('?')
    for (const changed of [
      path.replace('application%2Foctet-stream', 'text%2Fhtml'),
      path.replace(/expires=\d/, 'expires=9'),
      `${pathOf(two)}?${query}`,
      `${pathOf({ storage: 'fs', id: sha256('never kept') })}?${query}`,
      `${pathOf(one)}?signature=x`,
      `${pathOf(one)}?signature=`,
    ]) {
      expect(changed).not.toBe(path)
      expect(await json(bare(changed))).toMatchObject({ code: 'forbidden', status: 403 })
    }
    expect((await bare(pathOf(one))).status).toBe(401)
  })

  test('give nothing else', async () => {
    const { path } = await link(await kept(noise(100, 25)))
    const [, query] = path.split('?')
    for (const other of ['/api/v1/status', '/api/v1/activities', '/stream', '/objects', '/objects/fs']) {
      expect([other, (await bare(`${other}?${query}`)).status]).toEqual([other, 401])
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) expect((await bare(path, { method })).status).toBe(401)
    const foreign = { headers: { origin: 'http://evil.example' } }
    expect(await json(bare(path, foreign))).toMatchObject({ code: 'host_refused' })
  })

  test('are made only for what may be seen, and for an hour at most', async () => {
    const alone = await json<Ref>(put(noise(50, 26)))
    expect(await link(alone)).toMatchObject({ code: 'not_found' })
    await refer(alone)
    expect(await link(alone, 3_601)).toMatchObject({ code: 'invalid', detail: expect.stringContaining('seconds: ') })
    expect(await link({ ...alone, id: 'abc' })).toMatchObject({
      code: 'invalid',
      detail: expect.stringContaining('id: '),
    })
    expect((await bare('/api/v1/objects/link', { method: 'POST', body: '{}' })).status).toBe(401)
  })
})
