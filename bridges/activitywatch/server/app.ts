// The ActivityWatch-compatible server without its port: who may ask, then what is answered. Never rejects. Not for: what
// stands under which path (routes.ts), or listening (listener.ts).
import { asDaybookError } from '../../../schemas/errors.ts'
import { QueryCrash, QueryError } from '../query/failures.ts'
import { type Answer, empty, isAnswer, message, page, plain, queryRefused } from './answers.ts'
import { verdictOn } from './cors.ts'
import { hasKey, isOurHost, isPublic } from './origins.ts'
import { answerOf, routesOf } from './routes.ts'
import { toResponse } from './sending.ts'
import type { AwApp, AwAppOptions } from './serving.ts'

/** Refusals and failures that GET /api/0/log still shows. */
const MOST_RECENT = 100
const WELCOME = 'Daybook takes what ActivityWatch watchers send here. The API is under /api/0/.\n'

export function createAwApp(options: AwAppOptions): AwApp {
  const { info, site, clock, log, corsOrigins = [], apiKey = '' } = options
  const recent: { timestamp: string; level: string; message: string }[] = []
  const routes = routesOf(options, () => recent.toReversed())
  /** Logged once, and no more than that many: who is refused asks again every second, under any name. */
  const said = new Set<string>()

  function note(level: 'warn' | 'error', text: string): void {
    recent.push({ timestamp: new Date(clock.now()).toISOString(), level, message: text })
    if (recent.length > MOST_RECENT) recent.shift()
    if (said.has(text) || said.size >= MOST_RECENT) return
    said.add(text)
    log[level](text)
  }

  async function answer(request: Request): Promise<Answer> {
    const { pathname, searchParams } = new URL(request.url)
    const segments = decoded(pathname)
    const asked = { method: request.method, segments: segments ?? [] }
    const host = request.headers.get('host')
    if (!isOurHost(host, site(), info.hostname)) {
      note('warn', `A request for the host ${JSON.stringify(host?.slice(0, 100))} was refused (allowedHosts).`)
      return message(400, `host header is invalid (was ${host})`)
    }
    const verdict = verdictOn(request, asked, site(), corsOrigins)
    if (!verdict.allowed) {
      const origin = JSON.stringify(request.headers.get('origin')?.slice(0, 100) ?? 'a page')
      note('warn', `A request of ${origin} was refused (corsOrigins).`)
      return withHeaders(
        message(403, `${origin} may not ask this; allow it in corsOrigins if it is yours.`),
        verdict.headers,
      )
    }
    const isOpen = request.method === 'OPTIONS' || isPublic(asked) || isRoot(segments)
    if (!isOpen && !hasKey(request.headers.get('authorization'), apiKey)) {
      return withHeaders(
        message(401, 'Missing or invalid API key. Set the header Authorization: Bearer <key>.', {
          'www-authenticate': 'Bearer',
        }),
        verdict.headers,
      )
    }
    return withHeaders(await routed(request, segments, searchParams), verdict.headers)
  }

  async function routed(request: Request, segments: string[] | null, query: URLSearchParams): Promise<Answer> {
    if (segments === null) return page(404, 'The requested URL was not found on the server.')
    if (isRoot(segments)) return plain(WELCOME)
    if (segments[0] !== 'api' || segments[1] !== '0') return page(404, 'The requested URL was not found on the server.')
    try {
      const given = await answerOf(routes, segments.slice(2), { request, query })
      return request.method === 'HEAD' ? empty(given.status, given.headers) : given
    } catch (error) {
      return failed(error)
    }
  }

  function failed(error: unknown): Answer {
    if (isAnswer(error)) return error
    if (error instanceof QueryError) return queryRefused(error)
    if (error instanceof QueryCrash) return page(500, error.message)
    const failure = asDaybookError(error)
    switch (failure.code) {
      case 'not_found':
        return message(404, failure.detail)
      case 'invalid':
        return message(400, failure.message)
      case 'too_large':
        return message(413, failure.message)
      case 'internal':
        note('error', `A request failed: ${failure.detail}`)
        return page(500, failure.detail)
      default:
        note('error', failure.message)
        return message(503, failure.message)
    }
  }

  async function answered(request: Request): Promise<Answer> {
    try {
      return await answer(request)
    } catch (error) {
      return failed(error)
    }
  }

  return {
    answer: answered,
    fetch: async (request) => toResponse(await answered(request)),
  }
}

function withHeaders(answer: Answer, headers: Answer['headers']): Answer {
  return { ...answer, headers: { ...answer.headers, ...headers } }
}

function isRoot(segments: readonly string[] | null): boolean {
  return segments?.length === 1 && segments[0] === ''
}

/** Null for a path that is no UTF-8. */
function decoded(pathname: string): string[] | null {
  try {
    const segments = pathname.slice(1).split('/')
    return pathname.includes('%') ? segments.map(decodeURIComponent) : segments
  } catch {
    return null
  }
}
