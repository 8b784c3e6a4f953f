// The routes, as a Hono application: guards, probes, and one route for each operation. Portless: http.ts listens.
// Not for: what an operation does.
import type { HttpBindings } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import type { Logger } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import { openApi } from '../openapi.ts'
import { whatIsMissing } from '../operations/get-status.ts'
import type { House, Operation } from '../operations/operation.ts'
import { BODY_MOST, readJson } from './body.ts'
import { type Caller, checkHost, checkOrigin, checkToken, type Site } from './guard.ts'
import { addGuests, isGuestPath } from './guests.ts'
import { createInTime } from './in-time.ts'
import { checkInput, parameters } from './input.ts'
import type { Metrics } from './metrics.ts'
import { createObjectKeeper } from './objects/keep.ts'
import { createObjectServer } from './objects/serve.ts'
import { problemResponse } from './problem.ts'
import type { Streams } from './stream.ts'

/** `linked`: the media type that a valid signed link names; `caller`: who came with a token. */
type Bindings = { Bindings: HttpBindings; Variables: { linked?: string; caller?: Caller } }

export interface RouteOptions {
  house: House
  operations: readonly Operation[]
  /** Called for each request: the port is known only once we listen. */
  site: () => Site
  token: string
  /** Null: switched off. */
  metrics: Metrics | null
  streams: Streams
  log: Logger
  /** After this many ms without an answer a request is told to try again. Default 30,000. */
  answerMs?: number
}

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** What anyone may ask: it says nothing but that we live. */
const probes = ['/livez', '/readyz']

/** The most that a request without a token may carry, bytes. */
const STRANGER_MOST = 4096

/** Bodies whose operation has not ended, bytes: beyond this we ask to wait, so that a database away costs no memory. */
const WAITING_MOST = 64 * 1024 * 1024

export function createRoutes(options: RouteOptions): Hono<Bindings> {
  const { house, operations, site, token, metrics, streams, log, answerMs = 30_000 } = options
  const app = new Hono<Bindings>()
  const inTime = createInTime(house.clock, answerMs, 'database_unavailable')
  const ofObjects = createInTime(house.clock, answerMs, 'objects_unavailable')
  const server = createObjectServer({ objects: house.objects, inTime: ofObjects, log })
  const { objects, redactText, clock } = house
  const keeper = createObjectKeeper({ objects, redactText, clock, inTime: ofObjects })
  const open = new Set([...probes, ...operations.filter(({ access }) => access === 'anyone').map(({ path }) => path)])
  const documented = JSON.stringify(openApi(operations, house.version))
  const isGuest = (path: string) =>
    isGuestPath(
      house.sources.all().map(({ bridge }) => bridge),
      path,
    )
  let waiting = 0

  app.onError((thrown) => {
    const error = asDaybookError(thrown)
    if (error.code === 'internal') log.error({ error: error.cause ?? error }, 'a request failed')
    // After a refused body the rest of it would be read as the next request.
    return problemResponse(error, error.code === 'too_large' ? { connection: 'close' } : {})
  })
  app.notFound((c) =>
    problemResponse(new DaybookError('not_found', `Nothing is at ${c.req.path}; GET /openapi.json lists all.`)),
  )

  app.use(async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(headers)) if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  })
  app.use(async (c, next) => {
    checkHost(c.req.header('host'), site(), c.env?.incoming?.socket.localAddress)
    if (!isGuest(c.req.path)) checkOrigin(c.req.header('origin'), c.req.header('host'))
    await next()
  })
  app.use('/objects/:storage/:id', async (c, next) => {
    const { searchParams } = new URL(c.req.url)
    const reads = c.req.method === 'GET' || c.req.method === 'HEAD'
    if (reads && searchParams.has('signature')) c.set('linked', house.links.check(c.req.param(), searchParams))
    await next()
  })
  app.use(async (c, next) => {
    if (!open.has(c.req.path) && !isGuest(c.req.path) && c.get('linked') === undefined)
      c.set('caller', checkToken(c.req.header('authorization'), token, house.users))
    await next()
  })

  app.get('/livez', (c) => c.json({ status: 'ok' }))
  app.get('/readyz', async (c) => {
    const missing = await whatIsMissing(house)
    return Object.keys(missing).length === 0 ? c.json({ status: 'ok' }) : c.json({ status: 'unready', missing }, 503)
  })
  app.get('/openapi.json', () => new Response(documented, { headers: { 'content-type': 'application/json' } }))
  if (metrics) {
    app.get('/metrics', async () => {
      return new Response(await metrics.scrape(), { headers: { 'content-type': metrics.contentType } })
    })
  }
  app.get('/stream', async (c) =>
    c.req.method === 'HEAD'
      ? new Response(null)
      : streams.open(parametersOf(c), c.req.header('last-event-id'), c.get('caller')?.name ?? null),
  )
  app.get('/objects/:storage/:id', (c) => {
    const { method } = c.req
    const header = (name: string) => c.req.header(name)
    return server.serve({ ...c.req.param(), method, type: c.get('linked'), header, outgoing: c.env.outgoing })
  })
  app.put('/api/v1/objects', async (c) => {
    const query = parameters(new URL(c.req.url).searchParams, {})
    const header = (name: string) => c.req.header(name)
    return c.json(await keeper.keep({ query, header, incoming: c.env.incoming }), 201)
  })

  for (const operation of operations) {
    const answered = operation.errors?.includes('objects_unavailable') ? ofObjects : inTime
    app.on(operation.method, operation.path.replace(/\{(\w+)\}/g, ':$1'), async (c: Context<Bindings>) => {
      if (operation.access === 'owner' && !c.get('caller')?.owner)
        throw new DaybookError('forbidden', 'Only the first user may do this.')
      const { input, bytes } = await inputOf(c, operation)
      if (waiting + bytes > WAITING_MOST) throw new DaybookError('bus_unavailable', 'Too much is waiting to be stored.')
      waiting += bytes
      const work = operation.run(house, input, new URL(c.req.url).origin).finally(() => {
        waiting -= bytes
      })
      return c.json((await answered(work)) as object)
    })
  }

  addGuests(app, house, token)

  const allowed = Map.groupBy(app.routes, (route) => route.path)
  for (const [path, routes] of allowed) {
    const methods = routes.map(({ method }) => method).filter((method) => method !== 'ALL')
    if (methods.length === 0) continue
    if (methods.includes('GET')) methods.push('HEAD')
    const allow = methods.join(', ')
    app.all(path, (c) =>
      problemResponse(new DaybookError('method_refused', `${c.req.path} takes ${allow}.`), { allow }),
    )
  }
  return app
}

async function inputOf(c: Context, operation: Operation): Promise<{ input: unknown; bytes: number }> {
  if (operation.method !== 'POST') return { input: checkInput(operation, parametersOf(c)), bytes: 0 }
  parameters(new URL(c.req.url).searchParams, {})
  const { value, bytes } = await readJson(c.req.raw, operation.access === 'anyone' ? STRANGER_MOST : BODY_MOST)
  return { input: operation.judgedLater ? value : checkInput(operation, value), bytes }
}

function parametersOf(c: Context): Record<string, string> {
  return parameters(new URL(c.req.url).searchParams, c.req.param())
}
