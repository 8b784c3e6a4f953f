// Who may come in: Host and Origin against DNS rebinding and foreign pages, the bearer token against everyone else.
// Pure. Not for: what a credential may do (routes.ts).
import { createHash, timingSafeEqual } from 'node:crypto'
import { DaybookError } from '../../schemas/errors.ts'
import type { Users } from '../users.ts'

/** Where we listen, and under which further names people reach us. */
export interface Site {
  host: string
  port: number
  /** `name` (any port) or `name:port`, for a reverse proxy. */
  allowedHosts: readonly string[]
}

const HOST = /^(\[[0-9a-f:.]+\]|[^:[\]/@\s]+)(?::(\d{1,5}))?$/

/** Throws `host_refused` unless the Host header is ours. `reached`: the address that the connection came in on. */
export function checkHost(header: string | undefined, site: Site, reached?: string): void {
  const given = (header ?? '').toLowerCase()
  const [, name, port = '80'] = HOST.exec(given) ?? []
  const allowed = site.allowedHosts.map((host) => host.toLowerCase())
  if (name !== undefined && (allowed.includes(given) || allowed.includes(name))) return
  // A name can be made to point here by anyone who owns it, an address cannot.
  const ours = ['localhost', '127.0.0.1', '[::1]', bracketed(site.host), bracketed(reached ?? 'localhost')]
  if (name !== undefined && Number(port) === site.port && ours.includes(name)) return
  const fix = 'add it to http.allowedHosts if it is yours'
  throw new DaybookError(
    'host_refused',
    given === '' ? 'There is no Host header.' : `Host "${given.slice(0, 100)}": ${fix}.`,
  )
}

/** Throws `host_refused` for a page of another site. Programs send no Origin. */
export function checkOrigin(origin: string | undefined, host: string | undefined): void {
  if (origin === undefined) return
  const same = ['http:', 'https:'].some((scheme) => sameOrigin(origin, `${scheme}//${host ?? ''}`))
  if (!same) throw new DaybookError('host_refused', `Origin "${origin.slice(0, 100)}" is another site.`)
}

/** Who asks. */
export interface Caller {
  /** The first user; others have a name. */
  owner: boolean
  name: string | null
}

/**
 * Throws `unauthorized` unless the header holds the owner's token or a secret of a user (RFC 6750); takes as long for a
 * wrong one as for a right one.
 */
export function checkToken(header: string | undefined, token: string, users: Pick<Users, 'who'>): Caller {
  if (header === undefined) throw new DaybookError('unauthorized', 'There is no Authorization header.')
  const [, given] = /^Bearer +(\S+)$/i.exec(header) ?? []
  if (given === undefined) throw new DaybookError('unauthorized', 'The Authorization header must be "Bearer <token>".')
  if (timingSafeEqual(digest(given), digest(token))) return { owner: true, name: null }
  const name = users.who(given)
  if (name === null) throw new DaybookError('unauthorized', 'The token is not ours.')
  return { owner: false, name }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function sameOrigin(a: string, b: string): boolean {
  return URL.canParse(a) && URL.canParse(b) && new URL(a).origin === new URL(b).origin
}

/** An address as it stands in a Host header: IPv6 in brackets, IPv4 without its IPv6 clothes. */
function bracketed(address: string): string {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '')
  return plain.includes(':') ? `[${plain}]` : plain
}
