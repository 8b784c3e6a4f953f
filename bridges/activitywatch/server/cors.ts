// What browsers are told: the answer to a preflight, and the headers that let a page or an extension read an answer. Not
// for: whom we trust (origins.ts).
import type { Asked } from './origins.ts'
import { isPublic, isWatchersCall, trustIn } from './origins.ts'
import type { Site } from './serving.ts'

const METHODS = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT'
/** Names of headers as RFC 9110 has them, nothing else is echoed. */
const HEADER_NAMES = /^[\w!#$%&'*+.^`|~-]+(?:\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/

export interface Verdict {
  allowed: boolean
  /** To be put on the answer; they name the origin if it may read it. */
  headers: Record<string, string>
}

/** Whether what a browser asks may be done, and who may read the answer. Without an Origin no browser asks for a page. */
export function verdictOn(request: Request, asked: Asked, site: Site, corsOrigins: readonly string[]): Verdict {
  const origin = request.headers.get('origin')
  if (origin === null) return { allowed: !isEmbedded(request), headers: {} }
  const vary = { vary: 'Origin' }
  const trust = trustIn(origin, site, corsOrigins)
  const wanted =
    asked.method === 'OPTIONS' ? (request.headers.get('access-control-request-method') ?? '') : asked.method
  const may = trust === 'full' || (trust === 'watcher' && isWatchersCall({ ...asked, method: wanted }))
  if (!may) return { allowed: isPublic(asked) || (trust === 'granted' && isWatchersCall(asked)), headers: vary }
  const allow = { ...vary, 'access-control-allow-origin': origin }
  if (asked.method !== 'OPTIONS') return { allowed: true, headers: allow }
  const headers = request.headers.get('access-control-request-headers') ?? ''
  return {
    allowed: true,
    headers: {
      ...allow,
      'access-control-allow-methods': METHODS,
      ...(HEADER_NAMES.test(headers) && { 'access-control-allow-headers': headers }),
      ...(request.headers.has('access-control-request-private-network') && {
        'access-control-allow-private-network': 'true',
      }),
      'access-control-max-age': '600',
    },
  }
}

/** A picture or script of a page of another site: it sends no Origin, and would only make us work. */
function isEmbedded({ headers }: Request): boolean {
  return headers.get('sec-fetch-mode') === 'no-cors' && headers.get('sec-fetch-site') === 'cross-site'
}
