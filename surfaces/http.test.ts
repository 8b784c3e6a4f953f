// HTTP as programs see it: the whole product in this process, asked over real sockets.
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { activityMaker, type InProcess, startInProcess } from '../test/in-process.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

const now = Date.now()
const activity = activityMaker()
const post = (body: unknown, path = '/api/v1/activities') =>
  house.api(path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) })
const json = async <T = Record<string, unknown>>(response: Response | Promise<Response>) =>
  (await (await response).json()) as T

interface Posted {
  ids: string[]
  rejected: object[]
}
const bare = (path: string, headers: Record<string, string> = {}) => fetch(house.ready.http.url + path, { headers })

/** Bytes as they are, for what fetch would not send; resolves with all that came back. */
function raw(text: string): Promise<string> {
  const { port } = new URL(house.ready.http.url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(text))
    let answer = ''
    socket.setEncoding('utf8').on('data', (chunk) => {
      answer += chunk
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

describe('who may come in', () => {
  test('the probes need no token, everything else does', async () => {
    expect((await bare('/livez')).status).toBe(200)
    expect(await json(bare('/readyz'))).toEqual({ status: 'ok' })
    for (const path of ['/metrics', '/openapi.json', '/stream', '/api/v1/status', '/nothing']) {
      const response = await bare(path)
      expect([path, response.status]).toEqual([path, 401])
      expect(response.headers.get('www-authenticate')).toContain('Bearer')
      expect(await json(response)).toMatchObject({ code: 'unauthorized', status: 401 })
    }
    expect((await bare('/api/v1/status', { authorization: 'Bearer wrong' })).status).toBe(401)
  })

  test('a Host header that is not ours is refused: no DNS rebinding', async () => {
    const answer = await raw('GET /livez HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')
    expect(answer).toContain('403')
    expect(answer).toContain('"code":"host_refused"')
    const { port } = new URL(house.ready.http.url)
    expect(await raw(`GET /livez HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`)).toContain('200 OK')
    expect(await raw(`GET /livez HTTP/1.1\r\nHost: localhost:1\r\nConnection: close\r\n\r\n`)).toContain('403')
  })

  test('a page of another site is refused, even with the token', async () => {
    const response = await house.api('/api/v1/status', { headers: { origin: 'http://evil.example' } })
    expect(await json(response)).toMatchObject({ code: 'host_refused', status: 403 })
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect((await house.api('/api/v1/status', { headers: { origin: house.ready.http.url } })).status).toBe(200)
  })
})

describe('answers', () => {
  test('an unknown path is a problem with a code', async () => {
    const response = await house.api('/api/v1/activites')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await json(response)).toEqual({
      type: 'urn:daybook:error:not_found',
      title: 'There is nothing under this name.',
      status: 404,
      detail: expect.stringContaining('/api/v1/activites'),
      code: 'not_found',
    })
  })

  test('a wrong method is told which ones there are', async () => {
    const response = await house.api('/api/v1/activities', { method: 'DELETE' })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, POST, HEAD')
    expect(await json(response)).toMatchObject({ code: 'method_refused' })
  })

  test('every answer forbids sniffing, caching and framing', async () => {
    for (const path of ['/livez', '/api/v1/status', '/nothing']) {
      const { headers } = await house.api(path)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    }
  })

  test('HEAD answers as GET, without a body', async () => {
    const response = await house.api('/api/v1/activities', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
    expect((await house.api('/stream', { method: 'HEAD' })).status).toBe(200)
  })

  test('what is no HTTP gets an answer and the process lives', async () => {
    const [head = '', body = ''] = (await raw('\0\x01\x02 nonsense\r\n\r\n')).split('\r\n\r\n')
    expect(head).toMatch(/^HTTP\/1\.1 400 .*content-type: application\/problem\+json/s)
    expect(JSON.parse(body)).toMatchObject({ code: 'invalid', status: 400 })
    expect((await bare('/livez')).status).toBe(200)
  })
})

describe('taking in', () => {
  test('one activity is stored under an id of its time, and found by that id and by its own', async () => {
    const one = activity({ id: 'foreign/with slash?' })
    const answer = await json<Posted>(post(one))
    expect(answer).toMatchObject({ stored: 1, duplicates: 0, suppressed: 0, rejected: [] })
    const stored = await json(house.api(`/api/v1/activities/${answer.ids[0]}`))
    expect(stored).toMatchObject({ nativeId: one.id, producer: 'http', eventType: 'command', summary: one.summary })
    expect(await json(house.api(`/api/v1/activities/${encodeURIComponent(one.id)}`))).toEqual(stored)
  })

  test('an array is answered in its order, duplicates with the id they have', async () => {
    const [a, b] = [activity(), activity({ producer: 'laptop' })]
    const first = await json<Posted>(post([a, b]))
    const second = await json<Posted>(post([b, a, b]))
    expect(first).toMatchObject({ stored: 2, duplicates: 0 })
    expect(second).toMatchObject({ stored: 0, duplicates: 3 })
    const [idA, idB] = first.ids
    expect(second.ids).toEqual([idB, idA, idB])
  })

  test('what is wrong is rejected by record, with the field and the reason, and kept', async () => {
    const good = activity()
    const wrong = [
      activity({ timestamp: 1_700_000_000 }),
      activity({ summary: '' }),
      activity({ source: 'Not A Word' }),
      activity({ producer: 'a/b' }),
      { id: 'no source', type: 'command', summary: 'x', timestamp: now },
      42,
      null,
    ]
    const response = await post([...wrong, good])
    expect(response.status).toBe(200)
    const answer = await json<Posted>(response)
    expect(answer).toMatchObject({ stored: 1, ids: [expect.any(String)] })
    expect(answer.rejected).toEqual([
      { id: expect.any(String), code: 'clock', message: expect.stringContaining('timestamp') },
      { id: expect.any(String), code: 'invalid', message: expect.stringContaining('summary') },
      { id: expect.any(String), code: 'topic_mismatch', message: expect.stringContaining('source: "Not A Word"') },
      { id: expect.any(String), code: 'topic_mismatch', message: expect.stringContaining('producer: "a/b"') },
      { id: 'no source', code: 'invalid', message: expect.stringContaining('source') },
      { id: null, code: 'invalid', message: expect.stringContaining('JSON object') },
      { id: null, code: 'invalid', message: expect.stringContaining('JSON object') },
    ])
    const { items } = await json<{ items: { id?: string }[] }>(house.api('/api/v1/rejected?limit=100'))
    expect(items.map(({ id }) => id)).toContain('no source')
  })

  test('an activity above 256 KB is rejected by record, its neighbours are stored', async () => {
    const answer = await json(post([activity({ id: 'heavy', data: { text: 'x'.repeat(300_000) } }), activity()]))
    expect(answer).toMatchObject({ stored: 1, rejected: [{ id: 'heavy', code: 'too_large' }] })
  })

  test('what is nested beyond reason harms nobody', async () => {
    const deep = `{"id":"deep","source":"a","type":"b","summary":"c","timestamp":${now},"data":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
    const answer = await json(post(`[${deep},${JSON.stringify(activity())}]`))
    expect(answer).toMatchObject({ stored: 1, rejected: [{ code: 'invalid' }] })
  })

  test('1,000 fit into a request, 1,001 do not', async () => {
    const many = Array.from({ length: 1_000 }, () => activity())
    expect(await json(post(many))).toMatchObject({ stored: 1_000, rejected: [] })
    const response = await post([...many, activity()])
    expect(response.status).toBe(413)
    expect(await json(response)).toMatchObject({ code: 'too_large', detail: expect.stringContaining('1001') })
  })

  test('a body above 4 MiB is refused, declared or not', async () => {
    // More than fits into the buffers of a connection: the answer is seen all the same.
    for (const bytes of [4 * 1024 * 1024 + 1, 32 * 1024 * 1024])
      expect((await post('x'.repeat(bytes))).status).toBe(413)
    const { port } = new URL(house.ready.http.url)
    const { token } = house.credentials.http
    const chunk = `100000\r\n${'x'.repeat(0x100000)}\r\n`
    const head = `POST /api/v1/activities HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${token}\r\nTransfer-Encoding: chunked\r\n\r\n`
    expect(await raw(head + chunk.repeat(5))).toContain('"code":"too_large"')
  })

  test.each([
    ['{nope', 'position'],
    ['', 'empty'],
    ['\ud800'.repeat(2), 'JSON'],
  ])('a body that is not JSON is told so: %j', async (body, detail) => {
    const response = await post(body)
    expect(response.status).toBe(400)
    expect(await json(response)).toMatchObject({ code: 'not_json', detail: expect.stringContaining(detail) })
  })

  test('bytes that are not UTF-8 are not guessed at', async () => {
    const response = await house.api('/api/v1/activities', { method: 'POST', body: Buffer.from([0x22, 0xff, 0x22]) })
    expect(await json(response)).toMatchObject({ code: 'not_json', status: 400 })
  })
})

describe('notes', () => {
  test('a note is an activity of the producer manual; the same id again is the same note', async () => {
    const note = { text: 'slept badly', tags: ['sleep'], at: now, id: 'note-1' }
    const first = await json(post(note, '/api/v1/notes'))
    expect(first).toMatchObject({ status: 'stored' })
    expect(await json(post(note, '/api/v1/notes'))).toEqual({ ...first, status: 'duplicate' })
    expect(await json(house.api(`/api/v1/activities/${first.id}`))).toMatchObject({
      source: 'manual',
      eventType: 'note',
      producer: 'manual',
      details: { text: 'slept badly', tags: ['sleep'] },
    })
  })

  test('a wrong field is named, with the right one', async () => {
    const answer = await json(post({ txt: 'x', at: 'noon' }, '/api/v1/notes'))
    expect(answer).toMatchObject({ code: 'invalid', status: 422 })
    expect(answer.detail).toMatch(/text: .*at: .*txt: .*did you mean "text"/)
  })

  test('a note from the far future is refused', async () => {
    const answer = await json(post({ text: 'x', at: now + 48 * 3_600_000 }, '/api/v1/notes'))
    expect(answer).toMatchObject({ code: 'clock', status: 422 })
  })
})

describe('asking', () => {
  test('pages follow each other without overlap', async () => {
    await post(Array.from({ length: 5 }, () => activity({ source: 'paging' })))
    const seen: string[] = []
    let path = '/api/v1/activities?source=paging&limit=2&order=asc'
    for (let pages = 1; ; pages++) {
      const { items, next } = await json<{ items: { summary: string }[]; next: string | null }>(house.api(path))
      seen.push(...items.map(({ summary }) => summary))
      if (next === null) {
        expect(pages).toBe(3)
        break
      }
      path = `/api/v1/activities?source=paging&limit=2&order=asc&cursor=${next}`
    }
    expect(new Set(seen).size).toBe(5)
  })

  test.each([
    ['sorce=a', 'sorce: there is no such field (did you mean "source"?)'],
    ['limit=5000', 'limit: '],
    ['limit=', 'limit: is empty'],
    ['since=yesterday', 'since: '],
    ['since=1&since=2', 'since: is given twice'],
    ['order=up', 'order: '],
    ['cursor=nonsense', 'cursor'],
    ['fold=perhaps', 'fold: '],
  ])('?%s is refused by name', async (query, detail) => {
    const answer = await json(house.api(`/api/v1/activities?${query}`))
    expect(answer).toMatchObject({ code: 'invalid', status: 422, detail: expect.stringContaining(detail) })
  })

  test('an id that nothing has is not found', async () => {
    expect(await json(house.api('/api/v1/activities/nothing'))).toMatchObject({ code: 'not_found', status: 404 })
    expect((await house.api('/api/v1/activities/%ff%00')).status).toBe(404)
  })

  test('status says what each producer sent and lost', async () => {
    await post([activity({ producer: 'gappy', seq: 1 }), activity({ producer: 'gappy', seq: 4 })])
    const status = await json<{ producers: { producer: string }[] }>(house.api('/api/v1/status'))
    expect(status).toMatchObject({ version: '0.0.0', ready: true, queue: { pending: expect.any(Number), error: 0 } })
    expect(status).toMatchObject({ parts: { storage: { state: 'ok' }, http: { state: 'ok' } } })
    expect(status.producers.find(({ producer }) => producer === 'gappy')).toMatchObject({
      sent: 4,
      lost: 2,
      summary: '2 lost of 4',
      sources: ['terminal'],
    })
  })

  test('status says how bridges are, those inside the house too', async () => {
    const manual = async () => {
      const { bridges } = await json<{ bridges: { producer: string; online: boolean }[] }>(house.api('/api/v1/status'))
      return bridges.find(({ producer }) => producer.startsWith('manual-'))
    }
    await expect.poll(manual).toMatchObject({ online: true, outboxDepth: 0, waitingSince: null, health: 'ok' })
    expect(await manual()).toMatchObject({ since: expect.any(Number), clockOffsetMs: null })
  })

  test('accounting adds up', async () => {
    const { totals } = await json<{ totals: Record<string, number> }>(house.api('/api/v1/accounting'))
    const { received, stored = 0, duplicates = 0, rejected = 0, suppressed = 0 } = totals
    expect(received).toBe(stored + duplicates + rejected + suppressed)
  })

  test('metrics are the same books', async () => {
    const text = await (await house.api('/metrics')).text()
    expect(text).toContain('daybook_activities_total{producer="gappy",source="terminal",outcome="stored"} 2')
    expect(text).toContain('daybook_activities_missing{producer="gappy"} 2')
    expect(text).toContain('daybook_part_up{part="storage"} 1')
    expect(text).toMatch(/^daybook_queue_pending \d+$/m)
  })

  test('the description lists every route', async () => {
    const document = await json<{ openapi: string; paths: object }>(house.api('/openapi.json'))
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toContain('/api/v1/activities/{id}')
  })
})

test('a port that is taken is an error that names it', async () => {
  const { port } = new URL(house.ready.http.url)
  await expect(startInProcess({ DAYBOOK__HTTP__PORT: port })).rejects.toMatchObject({
    code: 'port_taken',
    detail: expect.stringContaining(port),
  })
})

test('stopping ends streams and answers what is under way', async () => {
  const second = await startInProcess()
  const stream = await second.api('/stream')
  const ended = stream.text()
  await second.stop()
  expect(await ended).toContain(': live')
  await expect(second.api('/livez')).rejects.toThrow()
})

test('without its database it lives, says what is missing, and asks to try again', async () => {
  const second = await startInProcess()
  await second.loseDatabase()
  expect((await second.api('/livez')).status).toBe(200)
  const ready = await second.api('/readyz')
  expect(ready.status).toBe(503)
  expect(await json(ready)).toMatchObject({ status: 'unready', missing: { storage: 'database_unavailable' } })
  expect(await json(second.api('/api/v1/status'))).toMatchObject({
    ready: false,
    queue: { pending: null, error: null },
    watermark: null,
    producers: null,
  })
  const answer = await second.api('/api/v1/activities')
  expect(answer.headers.get('retry-after')).toBe('5')
  expect(await json(answer)).toMatchObject({ code: 'database_unavailable', status: 503 })
  expect(await (await second.api('/metrics')).text()).toContain('daybook_part_up')
  await second.stop()
})
