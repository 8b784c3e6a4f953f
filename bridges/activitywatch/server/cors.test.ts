// Who may ask what: the stock browser extensions may do what they do, and a web page can do nothing.
import { afterEach, describe, expect, test } from 'vitest'
import { ISO, makeWorld, type World } from './app.world.ts'

const CHROME = 'chrome-extension://nglaklhklhcoonedhgnpgddginnjdadi'
const FIREFOX = 'moz-extension://0a1b2c3d-0000-4000-8000-000000000000'
const EVIL = 'http://evil.example'
const OURS = 'http://localhost:5600'
const MINE = 'https://dash.example'
const WEB = '/api/0/buckets/aw-watcher-web-firefox_desk'
const beat = { timestamp: ISO(0), duration: 0, data: { url: 'https://a/', title: 'A' } }
const made = { client: 'aw-client-web', type: 'web.tab.current', hostname: 'desk' }

let world: World
afterEach(() => world.close())

/** As a browser does it: asked first where it must be, then done; whether the page may read the answer. */
async function fromBrowser(origin: string, method: string, path: string, body?: unknown, headers = {}) {
  const asks = method !== 'GET' && method !== 'HEAD'
  const extra = { origin, ...headers }
  if (asks || Object.keys(headers).length > 0) {
    const preflight = await world.call('OPTIONS', path, undefined, {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': ['content-type', ...Object.keys(headers)].join(','),
    })
    const { headers: given } = preflight
    const may =
      preflight.status < 300 &&
      given.get('access-control-allow-origin') === origin &&
      given.get('access-control-allow-methods')?.split(', ').includes(method) &&
      given.get('access-control-allow-headers')?.split(',').includes('content-type')
    if (!may) return 'not asked'
  }
  const answer = await world.call(method, path, body, extra)
  if (answer.headers.get('access-control-allow-origin') !== origin) return `${answer.status} unread`
  return answer.status
}

const calls: [method: string, path: string, body?: unknown][] = [
  ['GET', '/api/0/info'],
  ['POST', WEB, made],
  ['POST', `${WEB}/heartbeat?pulsetime=80`, beat],
  ['GET', WEB],
  ['GET', '/api/0/buckets/'],
  ['GET', '/api/0/export'],
  ['GET', `${WEB}/events`],
  ['POST', `${WEB}/events`, [beat]],
  ['POST', '/api/0/buckets/aw-watcher-window_desk', made],
  ['POST', '/api/0/buckets/%2e%2e%2faw-watcher-web-x', made],
  ['POST', '/api/0/query/', { query: ['RETURN = 1;'], timeperiods: [] }],
  ['POST', '/api/0/settings/k', 1],
  ['DELETE', `${WEB}?force=1`],
]
test.each<[string, (number | string)[]]>([
  [CHROME, [200, 200, 200, 200, 200, 200, 200, 200, 200, 400, 200, 200, 200]],
  [MINE, [200, 200, 200, 200, 200, 200, 200, 200, 200, 400, 200, 200, 200]],
  [OURS, [200, 200, 200, 200, 200, 200, 200, 200, 200, 400, 200, 200, 200]],
  [FIREFOX, [200, 200, 200, ...Array(4).fill('403 unread'), ...Array(6).fill('not asked')]],
  ...[
    EVIL,
    'null',
    'http://localhost:27180',
    'http://127.0.0.1:5601',
    'https://localhost:5600',
    `${CHROME}.evil.example`,
  ].map((origin): [string, (number | string)[]] => [
    origin,
    ['200 unread', 'not asked', 'not asked', ...Array(4).fill('403 unread'), ...Array(6).fill('not asked')],
  ]),
])('%s', async (origin, expected) => {
  world = makeWorld({ corsOrigins: [MINE] })
  const seen = []
  for (const [method, path, body] of calls) seen.push(await fromBrowser(origin, method, path, body))
  expect(seen).toEqual(expected)
  const isTrusted = ![EVIL, 'null'].includes(origin) && expected[1] === 200
  expect(world.buckets.list().length > 0 || expected[12] === 200).toBe(isTrusted)
})

describe('a page that does not ask first', () => {
  test.each([
    ['text/plain', JSON.stringify(beat)],
    ['application/x-www-form-urlencoded', JSON.stringify(beat)],
    ['multipart/form-data; boundary=x', '--x\r\n\r\n--x--\r\n'],
    ['application/json', JSON.stringify(beat)],
  ])('with %s is refused, and nothing is done', async (type, body) => {
    world = makeWorld()
    await world.call('POST', WEB, made)
    const headers = { origin: EVIL, 'content-type': type }
    for (const path of [`${WEB}/heartbeat?pulsetime=80`, `${WEB}/events`, '/api/0/import', '/api/0/buckets/x']) {
      const answer = await world.call('POST', path, body, headers)
      expect(answer.status).toBe(403)
      expect(answer.headers.get('access-control-allow-origin')).toBeNull()
    }
    expect(
      (await world.call('POST', `${WEB}/heartbeat?pulsetime=80`, body, { 'content-type': 'text/plain' })).status,
    ).toBe(415)
    expect(world.buckets.list().map(({ id }) => world.buckets.count(id))).toEqual([0])
  })
  test('and embeds us, which sends no Origin, is refused too', async () => {
    world = makeWorld()
    const embedded = { 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'cross-site' }
    expect((await world.call('GET', '/api/0/export', undefined, embedded)).status).toBe(403)
    expect((await world.call('GET', '/api/0/export')).status).toBe(200)
  })
  test('is named in the log once', async () => {
    world = makeWorld()
    for (let n = 0; n < 3; n++) await world.call('POST', WEB, made, { origin: EVIL })
    expect(world.logged.filter((line) => line.includes(EVIL))).toHaveLength(1)
    expect((await world.call('GET', '/api/0/log')).json).toHaveLength(3)
  })
})

describe('the web watcher built from its source', () => {
  test.each(['chrome-extension://anphaonccceohejfppemfgokmekemiko', 'safari-web-extension://0A1B-2c3d'])(
    'as %s does what it does where its user let it, and nothing else; any other extension does nothing',
    async (origin) => {
      world = makeWorld()
      const granted = (method: string, path: string, body?: unknown, headers = {}) =>
        world.call(method, path, body, { origin, ...headers })
      expect((await granted('GET', '/api/0/info')).status).toBe(200)
      expect((await granted('POST', WEB, made)).status).toBe(200)
      const answer = await granted('POST', `${WEB}/heartbeat?pulsetime=80`, beat)
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, null])
      for (const [method, path, body] of calls.slice(3, 9)) {
        expect((await granted(method, path, body)).status, `${method} ${path}`).toBe(403)
      }
      // Without that permission a browser asks first, or sends what is no JSON.
      expect(await fromBrowser(origin, 'POST', WEB, made)).toBe('not asked')
      const text = JSON.stringify(beat)
      const plain = await granted('POST', `${WEB}/heartbeat?pulsetime=80`, text, { 'content-type': 'text/plain' })
      expect(plain.status).toBe(415)
    },
  )
})

describe('an extension of Firefox', () => {
  test('fails closed when it does not say what it wants to do', async () => {
    world = makeWorld()
    const answer = await world.call('OPTIONS', `${WEB}/heartbeat`, undefined, { origin: FIREFOX })
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })
  test('that is configured may do everything', async () => {
    world = makeWorld({ corsOrigins: [FIREFOX] })
    expect(await fromBrowser(FIREFOX, 'GET', '/api/0/buckets/')).toBe(200)
  })
  test('is answered a preflight with the headers it named, a private network, and no strange ones', async () => {
    world = makeWorld()
    const asked = { origin: FIREFOX, 'access-control-request-method': 'POST' }
    const headers = { ...asked, 'access-control-request-headers': 'authorization, content-type' }
    const answer = await world.call('OPTIONS', WEB, undefined, {
      ...headers,
      'access-control-request-private-network': 'true',
    })
    expect(answer.headers.get('access-control-allow-headers')).toBe('authorization, content-type')
    expect(answer.headers.get('access-control-allow-private-network')).toBe('true')
    expect(answer.headers.get('vary')).toBe('Origin')
    const strange = await world.call('OPTIONS', WEB, undefined, {
      ...asked,
      'access-control-request-headers': 'a; b="c"',
    })
    expect(strange.headers.get('access-control-allow-headers')).toBeNull()
  })
})

describe('the Host header', () => {
  const on = (host: string, allowedHosts: string[] = []) =>
    makeWorld({ site: () => ({ host, port: 5600, allowedHosts }) })
  test.each([
    ['127.0.0.1', '127.0.0.1:5600', 200],
    ['127.0.0.1', 'localhost:5600', 200],
    ['127.0.0.1', 'LOCALHOST', 200],
    ['127.0.0.1', '127.0.0.1', 200],
    ['127.0.0.1', '[::1]:5600', 200],
    ['127.0.0.1', 'evil.example', 400],
    ['127.0.0.1', 'localhost.evil.example', 400],
    ['127.0.0.1', '127.0.0.1.evil.example:5600', 400],
    ['127.0.0.1', '192.168.0.1:1234', 400],
    ['127.0.0.1', 'desk', 400],
    ['127.0.0.1', 'localhost@evil.example', 400],
    ['127.0.0.1', '', 400],
    ['0.0.0.0', '192.168.0.7:5600', 200],
    ['0.0.0.0', '[fe80::1]:5600', 200],
    ['0.0.0.0', 'desk.local:5600', 200],
    ['0.0.0.0', 'home.example:5600', 200],
    ['0.0.0.0', 'evil.example:5600', 400],
    ['192.168.0.7', '192.168.0.7:5600', 200],
  ])('on %s: %j is answered %d', async (host, header, status) => {
    world = on(host, ['home.example'])
    expect((await world.call('GET', '/api/0/info', undefined, { host: header })).status).toBe(status)
  })
  test('is looked at before everything else', async () => {
    world = on('127.0.0.1')
    const headers = { host: 'evil.example', origin: 'http://evil.example' }
    for (const [method, path] of [
      ['OPTIONS', WEB],
      ['POST', WEB],
      ['GET', '/'],
      ['GET', '/nothing'],
    ] as const) {
      expect((await world.call(method, path, undefined, headers)).status).toBe(400)
    }
  })
})

describe('with a key', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
  test('all but who we are asks for it', async () => {
    world = makeWorld({ apiKey: 'secret' })
    expect((await world.call('GET', '/api/0/info')).status).toBe(200)
    expect((await world.call('GET', '/')).status).toBe(200)
    for (const path of ['/api/0/buckets/', '//api/0/buckets/', '/%61pi/0/buckets/', '/api/0/info/', '/nothing', '//']) {
      expect((await world.call('GET', path)).status, path).toBe(401)
    }
    expect((await world.call('POST', WEB, made)).status).toBe(401)
    expect((await world.call('POST', WEB, made, bearer('wrong'))).status).toBe(401)
    expect((await world.call('POST', WEB, made, { authorization: 'Basic secret' })).status).toBe(401)
    expect((await world.call('POST', WEB, made, bearer('secret'))).status).toBe(200)
  })
  test('an extension may ask first without it, and reads why it is refused', async () => {
    world = makeWorld({ apiKey: 'secret' })
    expect(await fromBrowser(FIREFOX, 'POST', WEB, made)).toBe(401)
    expect(await fromBrowser(FIREFOX, 'POST', WEB, made, bearer('secret'))).toBe(200)
    expect(await fromBrowser(EVIL, 'POST', WEB, made, bearer('secret'))).toBe('not asked')
  })
})
