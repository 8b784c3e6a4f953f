// What stands under which path, and what it answers (aw-server: rest.py). Not for: who may ask (app.ts), or the forms of
// bodies and answers (wire.ts, answers.ts).
import type { Json, Range } from '../store/buckets.ts'
import { type Answer, download, empty, flowing, json, message, page } from './answers.ts'
import { readJson } from './bodies.ts'
import { eventList, exportOf } from './exporting.ts'
import { importBody } from './importing.ts'
import type { AwAppOptions } from './serving.ts'
import * as wire from './wire.ts'

/** Answers in one piece up to here; most watchers ask for less. */
const SMALL = 1000

export interface Call {
  request: Request
  /** What stood at the `:` of the pattern, in order, decoded. */
  names: readonly string[]
  query: URLSearchParams
}

type Handler = (call: Call) => Answer | Promise<Answer>
export type Methods = Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler>>

/** By pattern: segments behind /api/0, `:` stands for any text, `#` for digits, a last empty one for a closing slash. */
export type Routes = readonly (readonly [pattern: string, methods: Methods])[]

export function routesOf(options: AwAppOptions, recent: () => unknown[]): Routes {
  const { buckets, info, admit, clock, query: runQuery } = options
  const now = () => clock.now() * 1000

  /** The bucket of the path. Throws 404. */
  function bucketOf({ names: [id = ''] }: Call) {
    const bucket = buckets.get(id)
    if (!bucket) throw message(404, `There's no bucket named ${id}`)
    return bucket
  }

  function rangeOf({ query }: Call): Range {
    return {
      limit: wire.limitOf(query.get('limit')),
      since: wire.momentOf('start', query.get('start')),
      until: wire.momentOf('end', query.get('end')),
    }
  }

  async function createBucket({ request, names: [id = ''] }: Call) {
    const given = wire.createdOf(id, await readJson(request))
    const isHere = given.hostname === '!local'
    const here = { hostname: info.hostname, data: { device_id: info.deviceId } }
    const made = await buckets.create({ ...given, ...(isHere && here) })
    return made ? json({}) : empty(304)
  }

  async function deleteBucket(call: Call) {
    if (!info.testing && call.query.get('force') !== '1') {
      throw message(401, 'Buckets are deleted with ?force=1 only, or in testing mode.')
    }
    await buckets.delete(bucketOf(call).id)
    return json({})
  }

  function events(call: Call) {
    const range = rangeOf(call)
    const { id } = bucketOf(call)
    const pieces = eventList(buckets, id, range)
    if ((range.limit ?? Number.POSITIVE_INFINITY) > SMALL) return flowing(pieces)
    return { ...json(null), body: [...pieces].join('') }
  }

  async function insert(call: Call) {
    const body = await readJson(call.request)
    if (!Array.isArray(body) && !wire.isRecord(body)) throw message(400, 'The body is neither an event nor a list.')
    const drafts = [body].flat().map((event) => wire.insertedOf(event, now()))
    const bucket = bucketOf(call)
    const admitted = drafts.flatMap((draft) => admit(bucket, draft) ?? [])
    if (admitted.length > 0) await buckets.insert(bucket.id, admitted)
    return json(null)
  }

  async function heartbeat(call: Call) {
    const draft = wire.heartbeatOf(await readJson(call.request))
    const pulsetime = call.query.get('pulsetime')
    if (pulsetime === null) throw message(400, 'Missing required parameter pulsetime')
    const us = wire.pulsetimeOf(pulsetime)
    const bucket = bucketOf(call)
    const admitted = admit(bucket, draft)
    if (!admitted) return json({ id: null, ...wire.exportedEvent(draft) })
    return json(wire.eventJson(await buckets.heartbeat(bucket.id, admitted, us)))
  }

  async function query({ request, query }: Call) {
    const body = await readJson(request)
    const { query: lines, timeperiods } = wire.queryOf(body)
    return json(await runQuery(lines, timeperiods, query.get('name') ?? ''))
  }

  async function setSetting({ request, names: [key = ''] }: Call) {
    if (key === '') throw message(400, 'Missing required parameter key')
    const value = (await readJson(request)) as Json
    await buckets.setSetting(key, value)
    return json(value)
  }

  const settings: Methods = {
    GET: ({ names: [key = ''] }) => json(key === '' ? buckets.settings() : buckets.setting(key)),
    POST: setSetting,
  }

  return [
    ['info', { GET: () => json(wire.infoJson(info)) }],
    ['buckets/', { GET: () => json(wire.bucketsJson(buckets)) }],
    [
      'buckets/:',
      {
        GET: (call) => json(wire.bucketJson(bucketOf(call))),
        POST: createBucket,
        async PUT(call) {
          const changed = wire.changedOf(await readJson(call.request))
          await buckets.update(bucketOf(call).id, changed)
          return json({})
        },
        DELETE: deleteBucket,
      },
    ],
    ['buckets/:/events', { GET: events, POST: insert }],
    ['buckets/:/events/count', { GET: (call) => json(buckets.count(bucketOf(call).id, rangeOf(call))) }],
    [
      'buckets/:/events/#',
      {
        GET(call) {
          const event = buckets.event(bucketOf(call).id, Number(call.names[1]))
          return event ? json(wire.eventJson(event)) : json(null, 404)
        },
        async DELETE(call) {
          const gone = await buckets.deleteEvent(bucketOf(call).id, Number(call.names[1]))
          return json({ success: gone ? 1 : 0 })
        },
      },
    ],
    ['buckets/:/heartbeat', { POST: heartbeat }],
    [
      'buckets/:/export',
      { GET: (call) => download(`aw-bucket-export_${bucketOf(call).id}.json`, exportOf(buckets, [bucketOf(call)])) },
    ],
    ['export', { GET: () => download('aw-buckets-export.json', exportOf(buckets, buckets.list())) }],
    ['import', { POST: ({ request }) => importBody(request, options) }],
    ['query/', { POST: query }],
    ['settings', settings],
    ['settings/', settings],
    ['settings/:', settings],
    ['log', { GET: () => json(recent()) }],
  ]
}

/** The answer of a path: its handler's, or why there is none. `segments` are those behind /api/0. */
export function answerOf(
  routes: Routes,
  segments: readonly string[],
  call: Omit<Call, 'names'>,
): Answer | Promise<Answer> {
  const { request } = call
  for (const [pattern, methods] of routes) {
    const names = matched(pattern.split('/'), segments)
    if (!names) continue
    const allow = allowed(methods)
    if (request.method === 'OPTIONS') return empty(200, { allow, 'content-type': 'text/html; charset=utf-8' })
    const handler = methods[(request.method === 'HEAD' ? 'GET' : request.method) as keyof Methods]
    if (handler) return handler({ ...call, names })
    return message(405, 'The method is not allowed for the requested URL.', { allow })
  }
  const slashed = routes.find(([pattern]) => pattern.endsWith('/') && matched(pattern.split('/'), [...segments, '']))
  if (slashed) {
    const { search } = new URL(request.url)
    return page(308, 'It has a slash at its end.', { location: `/api/0/${slashed[0]}${search}` })
  }
  return page(404, 'The requested URL was not found on the server.')
}

function allowed(methods: Methods): string {
  const names = Object.keys(methods)
  return [...names, ...(names.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].sort().join(', ')
}

function matched(pattern: readonly string[], segments: readonly string[]): string[] | null {
  if (pattern.length !== segments.length) return null
  const names: string[] = []
  for (const [at, part] of pattern.entries()) {
    const segment = segments[at] as string
    if (part === ':' ? segment !== '' : part === '#' ? /^\d{1,15}$/.test(segment) : part === segment) {
      if (part === ':' || part === '#') names.push(segment)
    } else return null
  }
  return names
}
