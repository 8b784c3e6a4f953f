// Who may ask: Host against DNS rebinding, Origin against pages of other sites, the key against other people. Pure. Not
// for: reading a request (app.ts).
import { createHash, timingSafeEqual } from 'node:crypto'
import { isIP } from 'node:net'
import type { Site } from './serving.ts'

/** The one that is installed from Chrome's store. */
const CHROME_EXTENSION = 'chrome-extension://nglaklhklhcoonedhgnpgddginnjdadi'
const FIREFOX_EXTENSION = /^moz-extension:\/\/[\w-]+$/
/** The web watcher as it is built from its source, in a Chromium or Safari: its id is made there. */
const OTHER_EXTENSION = /^(?:chrome|safari-web)-extension:\/\/[\w-]+$/i
const WEB_BUCKET = 'aw-watcher-web-'
const LOOPBACK = ['127.0.0.1', 'localhost', '::1']

export interface Asked {
  method: string
  /** Of its path, decoded: `['api', '0', 'info']`. */
  segments: readonly string[]
}

/** Whether the Host header is one of ours: another name that leads here was made to by its owner. */
export function isOurHost(header: string | null, { host, allowedHosts }: Site, hostname: string): boolean {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]/@\s]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? []
  const name = (bracketed ?? plain)?.toLowerCase()
  if (name === undefined) return false
  const names = [...LOOPBACK, host, ...allowedHosts].map((each) => each.toLowerCase())
  if (names.includes(name)) return true
  if (isLoopback(host)) return false
  // An address leads where it says, and nobody else can own the name of this machine.
  return isIP(name) > 0 || [hostname, `${hostname}.local`].some((own) => own.toLowerCase() === name)
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

/**
 * `full`: anything. `watcher`: what the web watcher does, as any extension of Firefox may call itself by any id
 * (aw-server-rust: extension origins). `granted`: the same without being told that it may, so that only an extension does
 * it whose user has let it ask this address. `none`: nothing that matters.
 */
export type Trust = 'full' | 'watcher' | 'granted' | 'none'

/** What a browser may do for this origin. */
export function trustIn(origin: string, { port }: Site, corsOrigins: readonly string[]): Trust {
  const own = ['127.0.0.1', 'localhost', '[::1]'].map((name) => `http://${name}:${port}`)
  if (origin === CHROME_EXTENSION || own.includes(origin) || corsOrigins.includes(origin)) return 'full'
  if (FIREFOX_EXTENSION.test(origin)) return 'watcher'
  return OTHER_EXTENSION.test(origin) ? 'granted' : 'none'
}

/** What the web watcher asks for: who we are, a bucket of its own, heartbeats in it. */
export function isWatchersCall({ method, segments }: Asked): boolean {
  const [api, version, what, bucket, call] = segments
  if (api !== 'api' || version !== '0') return false
  if (what === 'info') return segments.length === 3 && (method === 'GET' || method === 'HEAD')
  const isOwn = what === 'buckets' && method === 'POST' && bucket?.startsWith(WEB_BUCKET)
  return isOwn === true && (segments.length === 4 || (segments.length === 5 && call === 'heartbeat'))
}

/** Whether anyone may know the answer, whatever asks: who we are, which every client asks first. */
export function isPublic({ method, segments }: Asked): boolean {
  return segments.join('/') === 'api/0/info' && ['GET', 'HEAD', 'OPTIONS'].includes(method)
}

/** Takes as long for a wrong key as for a right one. No key: all may. */
export function hasKey(header: string | null, key: string): boolean {
  if (key === '') return true
  const [, given = ''] = /^Bearer +(\S+)$/i.exec(header ?? '') ?? []
  return timingSafeEqual(digest(given), digest(key))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
