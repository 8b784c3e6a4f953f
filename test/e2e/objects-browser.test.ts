// Payloads that want to run, opened in a real browser in every way a page can: nothing of them does, and a picture still
// shows. The same payloads run when a plain server serves them, so the journey can fail. Not for: headers one by one
// (surfaces/http/objects/).
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { delimiter, join } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { House } from '../house.ts'
import { activityMaker } from '../in-process.ts'
import { type Journey, journey, missing } from '../journey.ts'

const absent = missing(['chromium', 'chromium'])
if (absent) console.warn(`objects-browser: skipped, ${absent}`)
const executablePath = (process.env.PATH ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'chromium'))
  .find((file) => existsSync(file))

/** Shows in three ways that it ran: the title, the console, a request to `plain`. */
const script = (plain: string) =>
  `document.title = 'ran'; console.log('ran'); new Image().src = '${plain}/ran'; fetch('${plain}/ran').catch(() => {})`

/** [media type it claims, bytes] */
const hostile = (plain: string): Record<string, [mediaType: string, text: string]> => {
  const page = `<!doctype html><title>page</title><script>${script(plain)}</script><img src="${plain}/ran">`
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" onload="${script(plain)}"><script>${script(plain)}</script></svg>`
  return {
    'an SVG': ['image/svg+xml', svg],
    'an HTML page': ['text/html', page],
    'an HTML page with a charset': ['text/html;charset=utf-8', page],
    XHTML: [
      'application/xhtml+xml',
      `<html xmlns="http://www.w3.org/1999/xhtml"><script>${script(plain)}</script></html>`,
    ],
    'a page that says it is text': ['text/plain', page],
    'a page that says it is JSON': ['application/json', page],
    'a page that says it is a picture': ['image/png', page],
    'an SVG that says it is a picture': ['image/png', svg],
    'a picture that is a script too': ['image/gif', `GIF89a=1;${script(plain)}`],
    'a script': ['text/javascript', script(plain)],
    'a script that says it is text': ['text/plain', script(plain)],
    'a page without a media type': ['application/octet-stream', page],
  }
}

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** Every way in which a page takes in what is at a URL. */
const embeddings: Record<string, (url: string) => string> = {
  img: (url) => `<img src="${url}">`,
  iframe: (url) => `<iframe src="${url}"></iframe>`,
  object: (url) => `<object data="${url}"></object>`,
  'object that says it is a page': (url) => `<object type="text/html" data="${url}"></object>`,
  embed: (url) => `<embed src="${url}">`,
  script: (url) => `<script src="${url}"></script>`,
  module: (url) => `<script type="module" src="${url}"></script>`,
  'SVG use': (url) => `<svg><use href="${url}#x"/></svg>`,
  video: (url) => `<video src="${url}"></video>`,
}
const escaped = (url: string) => url.replaceAll('&', '&amp;')

let server: Server
let plain: string
/** What was asked of the plain server besides pages. */
let asked: string[] = []
/** What the plain server serves, without one of our headers. */
let served: [mediaType: string, body: string] = ['text/plain', '']

let travels: Journey
let house: House
let browser: Browser
let context: BrowserContext
let page: Page
let said: string[] = []
const activity = activityMaker()

beforeAll(async () => {
  if (absent) return
  server = createServer(({ url = '' }, response) => {
    if (url !== '/payload') asked.push(url)
    response.writeHead(200, { 'content-type': served[0] }).end(served[1])
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  plain = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  travels = await journey()
  house = await travels.start()
  browser = await chromium.launch({
    ...(executablePath && { executablePath }),
    args: ['--no-sandbox', '--disable-features=LocalNetworkAccessChecks'],
  })
})
afterAll(async () => {
  await browser?.close()
  await travels?.[Symbol.asyncDispose]()
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(null)))
})
beforeEach(async () => {
  context = await browser.newContext({ acceptDownloads: true })
  page = await context.newPage()
  said = []
  asked = []
  page.on('console', (message) => said.push(message.text()))
})
afterEach(() => context.close())

/** Kept, referred to by an activity, and linked: the link as a browser gets it. */
async function linked(bytes: string | Buffer<ArrayBuffer>, mediaType: string, seconds = 600): Promise<string> {
  const headers = { 'content-type': mediaType }
  const ref = (await (
    await house.api('/api/v1/objects?name=payload', { method: 'PUT', body: bytes, headers })
  ).json()) as ContentRef
  const body = JSON.stringify(activity({ contentRef: ref }))
  expect(await (await house.api('/api/v1/activities', { method: 'POST', body })).json()).toMatchObject({ rejected: [] })
  const { storage, id } = ref
  const asks = { method: 'POST', body: JSON.stringify({ storage, id, seconds }) }
  const { url } = (await (await house.api('/api/v1/objects/link', asks)).json()) as { url: string }
  return url
}

/** A page of the same origin as the payloads, which is what an attack from inside would have. */
async function openPage(html: string): Promise<void> {
  const url = `${house.ready.http.url}/page`
  const body = `<!doctype html><title>quiet</title>${html}`
  await page.route(url, (route) => route.fulfill({ contentType: 'text/html', body }))
  await page.goto(url)
  await settle()
}
/** Long enough for whatever would run: the controls run within it. */
const settle = () => page.waitForTimeout(300)

/** What of a payload has run. */
async function ran(): Promise<string[]> {
  const titles = await Promise.all(page.frames().map((frame) => frame.title().catch(() => '')))
  return [...titles, ...said, ...asked].filter((text) => /^\/?ran$/.test(text))
}

describe.skipIf(absent)('a payload in a browser', () => {
  describe.each(Object.keys(hostile('')))('%s', (name) => {
    const payload = () => hostile(plain)[name] as [string, string]

    test('does not run when it is opened, and what is not shown is saved as it is', async () => {
      const [mediaType, text] = payload()
      const url = await linked(text, mediaType)
      const shown = ['text/plain', 'application/json', 'image/png', 'image/gif'].includes(mediaType)
      const saved = shown ? null : page.waitForEvent('download')
      await page.goto(url).catch((error: Error) => expect(error.message).toContain('Download is starting'))
      await settle()
      expect(await ran()).toEqual([])
      const download = await saved
      if (!download) return expect(page.url()).toBe(url)
      expect(download.suggestedFilename()).toMatch(/^payload/)
      expect(await readFile((await download.path()) as string, 'utf8')).toBe(text)
      expect(page.url()).toBe('about:blank')
    })

    test('does not run in a page, however it is taken in', async () => {
      const [mediaType, text] = payload()
      const url = escaped(await linked(text, mediaType))
      await openPage(
        Object.values(embeddings)
          .map((embed) => embed(url))
          .join('\n'),
      )
      expect(await ran()).toEqual([])
    })
  })

  test.each([
    ['an SVG', 'iframe'],
    ['an HTML page', 'iframe'],
    ['XHTML', 'object'],
    ['a script', 'script'],
    ['a script that says it is text', 'script'],
  ])('%s does run as %s when a plain server serves it', async (name, way) => {
    served = hostile(plain)[name] as [string, string]
    await openPage((embeddings[way] as (url: string) => string)(`${plain}/payload`))
    await expect.poll(ran).toContain('ran')
    await expect.poll(() => asked).toContain('/ran')
  })

  test('an SVG does run when it is opened from a plain server', async () => {
    served = hostile(plain)['an SVG'] as [string, string]
    await page.goto(`${plain}/payload`)
    await expect.poll(ran).toContain('ran')
  })

  test('a picture shows, in a page and alone', async () => {
    const url = await linked(PNG, 'image/png')
    const width = () => page.evaluate(() => document.querySelector('img')?.naturalWidth)
    await openPage(`<img src="${escaped(url)}">`)
    expect(await width()).toBe(1)
    await page.goto(url)
    expect(await width()).toBe(1)
  })

  test('text shows as text', async () => {
    await page.goto(await linked('<b>grün</b>', 'text/plain'))
    expect(await page.evaluate(() => document.body.textContent)).toBe('<b>grün</b>')
  })

  test('no other site can take it in', async () => {
    served = ['text/html', `<!doctype html><title>other</title><img src="${escaped(await linked(PNG, 'image/png'))}">`]
    await page.goto(`${plain}/payload`)
    expect(await page.evaluate(() => document.querySelector('img')?.naturalWidth)).toBe(0)
  })

  test('a link ends', async () => {
    const url = await linked(PNG, 'image/png', 2)
    expect((await page.goto(url))?.status()).toBe(200)
    await expect.poll(async () => (await page.goto(url))?.status(), { timeout: 10_000, interval: 500 }).toBe(403)
    expect(await page.evaluate(() => document.body.textContent)).toContain('This link ended at')
    expect(house.log()).not.toContain(new URL(url).searchParams.get('signature'))
  })
})
