// The parts of an event's `url` as fields beside it. Not for: what the web calls a URL: addresses are cut as Python's
// urlparse cuts them, which never normalises.
import type { Scope } from '../function.ts'
import { events, type Value } from '../values.ts'

/** Changes the events it is given. A `url` that cannot be cut is left alone (aw-core fails on it). */
export function splitUrlEvents({ budget }: Scope, list: Value[]): Value {
  for (const { data } of events(list, budget)) {
    const parts = typeof data.url === 'string' ? cutUrl(data.url) : undefined
    budget.spend(8)
    if (parts) Object.assign(data, parts)
  }
  return list
}

/** Schemes whose last path segment may end in `;parameters`. */
const withParameters = new Set([
  '',
  'ftp',
  'hdl',
  'prospero',
  'http',
  'https',
  'imap',
  'shttp',
  'rtsp',
  'rtsps',
  'rtspu',
  'sip',
  'sips',
  'mms',
  'sftp',
  'tel',
])

function cutUrl(url: string): Record<string, string> | undefined {
  let rest = url.replace(/^[\0-\x20]+/, '').replace(/[\t\r\n]/g, '')
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(rest)?.[1]?.toLowerCase() ?? ''
  if (scheme) rest = rest.slice(scheme.length + 1)
  const host = /^\/\/([^/?#]*)/.exec(rest)?.[1] ?? ''
  if (rest.startsWith('//')) rest = rest.slice(2 + host.length)
  if (host.includes('[') !== host.includes(']')) return undefined
  const [beforeHash, $identifier] = cutAt(rest, rest.indexOf('#'))
  const [whole, $options] = cutAt(beforeHash, beforeHash.indexOf('?'))
  const slash = Math.max(whole.lastIndexOf('/'), 0)
  const [$path, $params] = withParameters.has(scheme) ? cutAt(whole, whole.indexOf(';', slash)) : [whole, '']
  const $domain = host ? host.replace(/^www\./, '') : scheme
  return { $protocol: scheme, $domain, $path, $params, $options, $identifier }
}

const cutAt = (text: string, at: number): [string, string] =>
  at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
