// The API as its clients use it: what aw-server's own tests, the recorded exchanges and the reference say of it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ISO, makeWorld, type World } from './app.world.ts'

const api = '/api/0/buckets/b'
const made = { client: 'test', type: 'test.type', hostname: 'h' }
const event = (at: number, duration = 0, data: object = { i: at }) => ({ timestamp: ISO(at), duration, data })
let world: World
let call: World['call']

beforeEach(async () => {
  world = makeWorld()
  call = world.call
  await call('POST', api, made)
})
afterEach(() => world.close())

describe('buckets', () => {
  test('are made once: the second time is answered 304 without a body or a type', async () => {
    expect(await call('POST', '/api/0/buckets/c', made)).toMatchObject({ status: 200, json: {} })
    const again = await call('POST', '/api/0/buckets/c', { ...made, type: 'other' })
    expect([again.status, again.text, again.headers.get('content-type')]).toEqual([304, '', null])
    expect((await call('GET', '/api/0/buckets/c')).json).toEqual({
      id: 'c',
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?\+00:00$/),
      name: null,
      ...made,
      data: {},
    })
  })
  test('of a watcher that does not know its host name get ours', async () => {
    await call('POST', '/api/0/buckets/c', { ...made, hostname: '!local' })
    expect((await call('GET', '/api/0/buckets/c')).json).toMatchObject({ hostname: 'desk', data: { device_id: 'd-1' } })
  })
  test('are listed by id with the end of the newest event', async () => {
    await call('POST', `${api}/events`, [event(0, 10), event(60, 5.5)])
    const { json } = await call('GET', '/api/0/buckets/')
    expect(Object.keys(json)).toEqual(['b'])
    expect(json.b.last_updated).toBe('2024-03-01T12:01:05.500000+00:00')
  })
  test('are changed by PUT, field by field', async () => {
    expect(await call('PUT', api, { type: 'new', data: { k: 'v' } })).toMatchObject({ status: 200, json: {} })
    expect((await call('GET', api)).json).toMatchObject({ type: 'new', client: 'test', data: { k: 'v' } })
    expect((await call('PUT', '/api/0/buckets/none', {})).status).toBe(404)
  })
  test('are deleted with force only, but in testing mode', async () => {
    expect(await call('DELETE', api)).toMatchObject({
      status: 401,
      json: { message: expect.stringContaining('force=1') },
    })
    expect(await call('DELETE', `${api}?force=1`)).toMatchObject({ status: 200, json: {} })
    expect((await call('DELETE', `${api}?force=1`)).status).toBe(404)
    const testing = makeWorld({ info: { hostname: 'desk', version: 'v0', deviceId: 'd', testing: true } })
    await testing.call('POST', api, made)
    expect((await testing.call('DELETE', api)).status).toBe(200)
    await testing.close()
  })
  test('with a strange id are kept and exported under it', async () => {
    const path = `/api/0/buckets/${encodeURIComponent('é "x"; y')}`
    expect((await call('POST', path, made)).status).toBe(200)
    const { headers, text } = await call('GET', `${path}/export`)
    expect(Object.keys(JSON.parse(text).buckets)).toEqual(['é "x"; y'])
    expect(headers.get('content-disposition')).toBe(
      "attachment; filename*=UTF-8''aw-bucket-export_%C3%A9%20%22x%22%3B%20y.json",
    )
    expect((await call('POST', '/api/0/buckets/a%2Fb', made)).status).toBe(400)
  })
  test('without what a bucket needs are refused', async () => {
    expect((await call('POST', '/api/0/buckets/c', { client: 'c', type: 't' })).status).toBe(500)
    expect((await call('POST', '/api/0/buckets/c', '{"x":')).status).toBe(400)
  })
})

describe('events', () => {
  test('are answered null when inserted, one or many or none', async () => {
    for (const body of [event(0), [event(1)], [event(2), event(3)], []]) {
      expect(await call('POST', `${api}/events`, body)).toMatchObject({ status: 200, json: null })
    }
    expect((await call('GET', `${api}/events/count`)).text).toBe('4')
  })
  test('without a timestamp are of now, in milliseconds', async () => {
    const before = Date.now()
    await call('POST', `${api}/events`, { data: null })
    const [stored] = (await call('GET', `${api}/events`)).json
    expect(Date.parse(stored.timestamp)).toBeGreaterThanOrEqual(before)
    expect(stored).toMatchObject({ duration: 0, data: {} })
  })
  test.each([
    ['2024-03-01T12:00:00Z', '2024-03-01T12:00:00+00:00'],
    ['2024-03-01T13:00:00+01:00', '2024-03-01T12:00:00+00:00'],
    ['2024-03-01T13:00:00+0100', '2024-03-01T12:00:00+00:00'],
    ['2024-03-01T12:00:00', '2024-03-01T12:00:00+00:00'],
    ['2024-03-01 12:00:00.5', '2024-03-01T12:00:00.500000+00:00'],
    ['2024-03-01T12:00:00.123456789Z', '2024-03-01T12:00:00.123000+00:00'],
    ['1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999000+00:00'],
  ])('at %s are kept as %s', async (timestamp, kept) => {
    await call('POST', `${api}/events`, { timestamp })
    expect((await call('GET', `${api}/events`)).json[0].timestamp).toBe(kept)
  })
  test('come by id, are replaced by id, and go by id', async () => {
    await call('POST', `${api}/events`, event(0, 10))
    const [{ id }] = (await call('GET', `${api}/events`)).json
    expect((await call('GET', `${api}/events/${id}`)).json).toMatchObject({ id, duration: 10, data: { i: 0 } })
    await call('POST', `${api}/events`, { id, ...event(0, 5, { i: 'new' }) })
    expect((await call('GET', `${api}/events`)).json).toMatchObject([{ id, duration: 5, data: { i: 'new' } }])
    expect((await call('DELETE', `${api}/events/${id}`)).json).toEqual({ success: 1 })
    expect((await call('DELETE', `${api}/events/${id}`)).json).toEqual({ success: 0 })
    expect(await call('GET', `${api}/events/${id}`)).toMatchObject({ status: 404, json: null })
  })
  test('of many are answered whole, piece by piece', async () => {
    const many = Array.from({ length: 3_500 }, (_, i) => event(i, 1))
    await call('POST', `${api}/events`, many)
    const { json } = await call('GET', `${api}/events`)
    expect(json.map(({ data }: { data: { i: number } }) => data.i)).toEqual(
      many.map(({ data }) => (data as { i: number }).i).reverse(),
    )
    expect((await call('GET', `${api}/events?limit=2000`)).json).toHaveLength(2_000)
  })
  test.each([
    ['a list of texts', ['x'], 500],
    ['a text', 'str', 400],
    ['an unknown field', { ...event(0), foo: 1 }, 500],
    ['a bad timestamp', { timestamp: 'yesterday' }, 500],
    ['a timestamp of no calendar', { timestamp: '2024-02-30T00:00:00Z' }, 500],
    ['a duration of text', { ...event(0), duration: '5' }, 500],
    ['a duration of an age', { ...event(0), duration: 1e12 }, 400],
    ['data of text', { ...event(0), data: 'x' }, 500],
    ['an id of text', { ...event(0), id: 'x' }, 500],
    ['a far future', { timestamp: '9999-01-01T00:00:00Z' }, 400],
  ])('with %s are refused, and nothing beside them is stored', async (_, body, status) => {
    const sent = Array.isArray(body) || typeof body === 'string' ? body : [event(1), body]
    const answer = await call('POST', `${api}/events`, typeof sent === 'string' ? JSON.stringify(sent) : sent)
    expect(answer.status).toBe(status)
    expect((await call('GET', `${api}/events/count`)).text).toBe('0')
  })
  test.each([
    ['limit=x', 500],
    ['limit=1.5', 500],
    ['start=nope', 500],
    ['end=', 500],
    ['limit=-1&start=2024-03-01', 200],
  ])('asked for with %s: %d', async (query, status) => {
    expect((await call('GET', `${api}/events?${query}`)).status).toBe(status)
  })
})

describe('heartbeats', () => {
  const beat = (body: unknown, query = '?pulsetime=10', headers = {}) =>
    call('POST', `${api}/heartbeat${query}`, body, headers)
  test('are answered with the event as it is now', async () => {
    expect((await beat(event(0, 0, { a: 1 }))).json).toEqual({
      id: 1,
      timestamp: '2024-03-01T12:00:00+00:00',
      duration: 0,
      data: { a: 1 },
    })
    expect((await beat(event(10, 0.125, { a: 1 }))).json).toMatchObject({ id: 1, duration: 10.125 })
    expect((await beat(event(30, 0, { a: 1 }))).json).toMatchObject({ id: 2, duration: 0 })
  })
  test('with fields that we do not know are taken', async () => {
    expect((await beat({ ...event(0), id: 99, foo: 1 })).json).toEqual({
      id: 1,
      timestamp: '2024-03-01T12:00:00+00:00',
      duration: 0,
      data: { i: 0 },
    })
  })
  test.each([
    [{ duration: 0 }, '?pulsetime=1', 400],
    [{ timestamp: 5 }, '?pulsetime=1', 400],
    [[event(0)], '?pulsetime=1', 400],
    [{ ...event(0), data: 'x' }, '?pulsetime=1', 400],
    [{ ...event(0), data: null }, '?pulsetime=1', 400],
    [{ ...event(0), duration: '5' }, '?pulsetime=1', 400],
    [event(0), '', 400],
    [event(0), '?pulsetime=x', 500],
    [event(0), '?pulsetime=', 500],
    [event(0), '?pulsetime=1e300', 500],
    [{ timestamp: 'yesterday' }, '?pulsetime=1', 500],
    ['{', '?pulsetime=1', 400],
    ['', '?pulsetime=1', 400],
  ])('%j with %j: %d', async (body, query, status) => {
    expect((await beat(body, query)).status).toBe(status)
    expect(world.buckets.count('b')).toBe(0)
  })
  test('in a bucket that is not there are refused at once, so that the watcher makes it', async () => {
    const answer = await call('POST', '/api/0/buckets/none/heartbeat?pulsetime=1', event(0))
    expect(answer).toMatchObject({ status: 404, json: { message: "There's no bucket named none" } })
  })
})

describe('what may not be stored', () => {
  const admit = (...[, draft]: Parameters<NonNullable<Parameters<typeof makeWorld>[0]>['admit'] & {}>) => {
    if (draft.data.incognito) return null
    return 'url' in draft.data ? { ...draft, data: { url: 'cut' } } : draft
  }
  beforeEach(async () => {
    await world.close()
    world = makeWorld({ admit })
    call = world.call
    await call('POST', api, made)
  })
  const secret = event(0, 1, { incognito: true, title: 'x' })
  test('is answered as if it were, whichever way it comes', async () => {
    const beaten = await call('POST', `${api}/heartbeat?pulsetime=1`, secret)
    expect(beaten).toMatchObject({ status: 200, json: { ...secret, timestamp: '2024-03-01T12:00:00+00:00' } })
    expect(await call('POST', `${api}/events`, [secret])).toMatchObject({ status: 200, json: null })
    const file = { buckets: { b: { id: 'b', ...made, events: [secret] } } }
    expect(await call('POST', '/api/0/import', file)).toMatchObject({ status: 200, json: null })
    expect(world.buckets.count('b')).toBe(0)
  })
  test('as it is, is stored changed, and merges as that', async () => {
    await call('POST', `${api}/heartbeat?pulsetime=10`, event(0, 0, { url: 'https://a/?token=1' }))
    const answer = await call('POST', `${api}/heartbeat?pulsetime=10`, event(5, 0, { url: 'https://a/?token=2' }))
    expect(answer.json).toMatchObject({ id: 1, duration: 5, data: { url: 'cut' } })
  })
})

describe('queries', () => {
  const period = `${ISO(0)}/${ISO(100)}`
  test('are run, one result a period', async () => {
    await call('POST', `${api}/events`, [event(0, 10), event(50, 10)])
    const body = { query: ['e = query_bucket("b");', 'RETURN = sum_durations(e);'], timeperiods: [period, period] }
    expect((await call('POST', '/api/0/query/', body)).json).toEqual([20, 20])
  })
  test.each([
    [{ query: ['RETURN = nope();'], timeperiods: [period] }, 400, ['message', 'type']],
    [{ query: 'RETURN = 1;', timeperiods: [period] }, 400, ['errors', 'message']],
    [{ timeperiods: [period] }, 400, ['errors', 'message']],
    [{ query: [1], timeperiods: [period] }, 400, ['errors', 'message']],
    [{ query: ['RETURN = 1;'], timeperiods: ['zzz'] }, 500, []],
    [{ query: ['RETURN = 1;'], timeperiods: [] }, 200, []],
  ])('%j: %d', async (body, status, keys) => {
    const answer = await call('POST', '/api/0/query/', body)
    expect(answer.status).toBe(status)
    expect(Object.keys(answer.json ?? {}).sort()).toEqual(keys)
  })
})

describe('settings', () => {
  test('are set, listed and, by null, unset', async () => {
    expect((await call('GET', '/api/0/settings/k')).text).toBe('null')
    expect((await call('POST', '/api/0/settings/k', { a: [1] })).json).toEqual({ a: [1] })
    expect((await call('GET', '/api/0/settings')).json).toEqual({ k: { a: [1] } })
    await call('POST', '/api/0/settings/k', 'null')
    expect((await call('GET', '/api/0/settings/')).json).toEqual({})
    expect((await call('POST', '/api/0/settings', {})).status).toBe(400)
    expect((await call('POST', `/api/0/settings/${'x'.repeat(128)}`, 1)).status).toBe(400)
    expect((await call('DELETE', '/api/0/settings/k')).status).toBe(405)
  })
})

describe('paths', () => {
  test('tell who we are', async () => {
    const { status, json } = await call('GET', '/api/0/info')
    expect([status, json]).toEqual([
      200,
      { hostname: 'desk', version: 'v0.14.0 (daybook 0)', testing: false, device_id: 'd-1' },
    ])
  })
  test.each([
    ['GET', '/api/0/buckets', 308, '/api/0/buckets/'],
    ['POST', '/api/0/query?name=x', 308, '/api/0/query/?name=x'],
  ])('%s %s is sent on', async (method, path, status, location) => {
    const answer = await call(method, path)
    expect([answer.status, answer.headers.get('location')]).toEqual([status, location])
  })
  test.each([
    ['GET', '/api/0/nothing', 404],
    ['GET', '/api/0/info/', 404],
    ['GET', '/api/1/info', 404],
    ['GET', '/favicon.ico', 404],
    ['GET', '/api/0/buckets/%ff', 404],
    ['GET', `${api}/events/abc`, 404],
    ['GET', `${api}/events/-1`, 404],
    ['POST', '/api/0/info', 405],
    ['PATCH', api, 405],
    ['GET', '/', 200],
    ['GET', '/api/0/log', 200],
  ])('%s %s: %d', async (method, path, status) => {
    expect((await call(method, path)).status).toBe(status)
  })
  test('answer HEAD as GET without the body, and OPTIONS with what they take', async () => {
    const head = await call('HEAD', '/api/0/export')
    expect([head.status, head.text, head.headers.get('content-disposition')]).toEqual([
      200,
      '',
      'attachment; filename=aw-buckets-export.json',
    ])
    const options = await call('OPTIONS', api)
    expect([options.status, options.headers.get('allow')]).toEqual([200, 'DELETE, GET, HEAD, OPTIONS, POST, PUT'])
  })
  test('are answered 503 while nothing can be kept, and the log says why once', async () => {
    await world.buckets.close()
    for (let n = 0; n < 3; n++) {
      expect((await call('POST', `${api}/heartbeat?pulsetime=1`, event(n))).status).toBe(503)
    }
    expect(world.logged).toHaveLength(1)
    world = makeWorld()
  })
})
