// Whether something is on a person's lists of what is never kept: domains, apps, folders, titles. Pure. Not for: private
// windows (private-windows.ts), or reading the lists (config.ts).
import type { Seen } from '../schemas/privacy.ts'
import { pageOf } from './page-urls.ts'

/** As configured; `*` in an app or a title stands for anything. */
export interface DenyLists {
  denyDomains: readonly string[]
  denyApps: readonly string[]
  denyFolders: readonly string[]
  denyTitles: readonly string[]
}

/** Returns whether any list names it. A domain is denied with all below it, a folder with all in it. */
export function denierOf({ denyDomains, denyApps, denyFolders, denyTitles }: DenyLists): (seen: Seen) => boolean {
  const domains = new Set(denyDomains.map(domainIn))
  const apps = denyApps.map((app) => piecesOf(appIn(app)))
  const folders = denyFolders.map((folder) => pathIn(folder))
  const titles = denyTitles.map((title) => piecesOf(`*${title.toLowerCase()}*`))
  if (domains.size + apps.length + folders.length + titles.length === 0) return () => false

  return ({ url, title, app, path }) =>
    (url !== undefined && domains.size > 0 && isBelow(hostOf(url), domains)) ||
    (title !== undefined && domains.size > 0 && hostsIn(title).some((host) => isBelow(host, domains))) ||
    (app !== undefined && apps.some((pieces) => namesOf(app).some((name) => matches(name, pieces)))) ||
    (title !== undefined && titles.some((pieces) => matches(title.toLowerCase(), pieces))) ||
    (folders.length > 0 && [path, filePathOf(url)].some((one) => one !== undefined && isIn(pathIn(one), folders)))
}

/** `*.Example.NET.`, `https://example.net/x` and `example.net` are one. */
function domainIn(text: string): string {
  return hostOf(text.trim().replace(/^(?:\*?\.)+/, ''))
}

/** Of a name in DNS. */
const LONGEST = 253

/** As a browser would ask for it: lower case, Punycode, no dot at the end; empty for what names none. */
function hostOf(url: string): string {
  const page = pageOf(url).trim()
  const withScheme = /^(?:[a-z][a-z0-9+.-]*:\/\/|(?:https?|wss?|ftp):)/i.test(page) ? page : `http://${page}`
  const host = (URL.parse(withScheme)?.hostname ?? '').replace(/\.$/, '')
  return host.length > LONGEST ? '' : host
}

/** Of the URLs in a title: a page without one is shown by its URL, often without the scheme. */
function hostsIn(title: string): string[] {
  const words = title.split(/[\s"'<>()[\]{}|,;]+/)
  const urls = words.flatMap((word) => word.split('://').slice(1))
  const bare = words.filter((word) => /\../.test(word.slice(0, Math.max(0, word.search(/[/?#]/)))))
  const [whole = ''] = title.split(/ [-–—] /, 1)
  return [...urls, ...bare, ...(/\s/.test(whole.trim()) ? [] : [whole])].map(hostOf)
}

function isBelow(host: string, domains: ReadonlySet<string>): boolean {
  for (let at = 0; at !== -1; ) {
    if (domains.has(host.slice(at))) return host !== ''
    const dot = host.indexOf('.', at)
    at = dot === -1 ? -1 : dot + 1
  }
  return false
}

/** The name of a program: `C:\\Programs\\KeePassXC.exe` and `keepassxc` are one. */
function appIn(app: string): string {
  const name = app.trim().split(/[\\/]/).at(-1) ?? ''
  return name.toLowerCase().replace(/\.(?:exe|app|desktop)$/, '')
}

/** Also the last part of an id such as `org.keepassxc.KeePassXC`. */
function namesOf(app: string): string[] {
  const name = appIn(app)
  const [, last] = /^(?:[\w-]+\.){2,}([\w-]+)$/.exec(name) ?? []
  return last === undefined ? [name] : [name, last]
}

/** With slashes, without `.`, `..` and an end; letter case counts but for drives. */
function pathIn(path: string): string {
  const parts: string[] = []
  for (const part of path.trim().replaceAll('\\', '/').split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  const [drive = ''] = parts
  if (!/^[A-Za-z]:$/.test(drive)) return `/${parts.join('/')}`
  // Windows tells no case apart.
  return `/${parts.join('/').toLowerCase()}`
}

function isIn(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`))
}

function filePathOf(url: string | undefined): string | undefined {
  const [, path] = /^file:\/\/[^/]*(\/[^?#]*)/i.exec(pageOf(url ?? '')) ?? []
  if (path === undefined) return undefined
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/** What stands between the stars. */
function piecesOf(pattern: string): string[] {
  return pattern.trim().split('*')
}

/** The pieces in their order, the first at the beginning and the last at the end: linear, unlike an expression. */
function matches(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  return at <= text.length - last.length
}
