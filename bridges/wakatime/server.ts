// WakaTime's API as its clients use it: wakatime-cli, which every editor plugin calls, VS Code in a browser, and the
// browser extension. Not for: the dashboards of wakatime.com, or what heartbeats mean (stretch.ts).
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Clock, Logger } from '../../component.ts'
import { asDaybookError } from '../../schemas/errors.ts'
import type { Guest } from '../bridge.ts'
import { type Day, dayAt, dayNamed, daysBetween, rangeNamed, zoneOf } from './days.ts'
import { showsKey } from './key.ts'
import type { Reads } from './reads.ts'
import { bodyOf, bulkAnswer, singleAnswer } from './sending.ts'
import { summaryOf, textOf, timeOf } from './summary.ts'
import type { Taking } from './taking.ts'

type Env = { Bindings: { guest: Guest } }

export interface ServerParts {
  taking: Taking
  reads: Reads
  key: string
  timeoutMinutes: number
  /** Web origins that may read answers, besides browser extensions. */
  origins: readonly string[]
  clock: Clock
  log: Logger
}

const EXTENSION = /^(?:chrome|moz|safari-web)-extension:\/\/|^vscode-webview:\/\//

export function createServer(parts: ServerParts): (request: Request, guest: Guest) => Promise<Response> {
  const { taking, reads, key, timeoutMinutes, origins, clock, log } = parts
  const app = new Hono<Env>({ getPath: (request) => pathOf(new URL(request.url).pathname) })
  const may = (origin: string) => (EXTENSION.test(origin) || origins.includes(origin) ? origin : null)
  const headers = ['authorization', 'content-type', 'x-machine-name', 'timezone']
  // A page of another origin is let neither read nor preflight, and without the key nothing is done for it at all.
  app.use(cors({ origin: may, allowMethods: ['GET', 'POST'], allowHeaders: headers, maxAge: 600 }))
  app.use(async (c, next) => {
    if (c.env.guest.trusted || showsKey(c.req.raw, key)) return next()
    return c.json({ error: 'Unauthorized' }, 401)
  })
  app.onError((thrown, c) => {
    const { code, message } = asDaybookError(thrown)
    log.error({ code, path: c.req.path }, `a request of a WakaTime client failed: ${message}`)
    // Clients queue what they sent.
    return c.json({ error: message }, 503)
  })
  app.notFound((c) => c.json({ error: 'Not found.' }, 404))

  const zoneIn = (c: { req: { query(name: string): string | undefined; header(name: string): string | undefined } }) =>
    zoneOf(c.req.query('timezone'), c.req.header('timezone'))

  for (const path of ['/users/:user/heartbeats.bulk', '/users/:user/heartbeats', '/heartbeats', '/heartbeat']) {
    app.post(path, async (c) => {
      const body = await bodyOf(c.req.raw)
      if ('error' in body) return c.json({ error: body.error }, body.status)
      const { value } = body
      const from = { userAgent: c.req.header('user-agent') ?? '', machine: nameIn(c.req.header('x-machine-name')) }
      const inputs = Array.isArray(value) ? value : [value]
      const outcomes = taking.take(inputs, from)
      const single = !Array.isArray(value) && !path.endsWith('.bulk')
      return c.json(single ? singleAnswer(value, outcomes[0]) : bulkAnswer(inputs, outcomes), 201)
    })
  }

  app.get('/users/:user', (c) => {
    const latest = reads.latest()
    const [first, now] = [reads.first() ?? clock.now() * 1000, clock.now()]
    const at = (micros: number) => new Date(micros / 1000).toISOString()
    return c.json({
      data: {
        id: '00000000-0000-4000-8000-000000000000',
        username: 'daybook',
        display_name: 'Daybook',
        full_name: 'Daybook',
        email: '',
        photo: '',
        timezone: zoneIn(c),
        plan: 'free',
        timeout: timeoutMinutes,
        writes_only: false,
        has_premium_features: false,
        last_heartbeat_at: latest ? at(latest.time) : null,
        last_project: latest?.project || null,
        last_plugin_name: latest?.source ?? null,
        created_at: at(first),
        modified_at: new Date(now).toISOString(),
      },
    })
  })

  async function oneDay(day: Day, project?: string) {
    const { sums } = await reads.sumsOf(day, project)
    return { total: sums.total, data: summaryOf(sums, day, day.date === dayAt(clock.now(), day.timezone).date) }
  }

  for (const path of ['/users/:user/statusbar/today', '/users/:user/status_bar/today']) {
    app.get(path, async (c) => {
      const { data } = await oneDay(dayAt(clock.now(), zoneIn(c)))
      return c.json({ cached_at: new Date(clock.now()).toISOString(), data, has_team_features: false })
    })
  }

  app.get('/users/:user/summaries', async (c) => {
    const zone = zoneIn(c)
    const { range, start, end, project } = c.req.query()
    const [first, last] = [start, end ?? start].map((text) => dayNamed(text, clock.now(), zone))
    const days = range ? rangeNamed(range, clock.now(), zone) : first && last && daysBetween(first, last)
    if (!days?.[0]) return c.json({ error: 'start and end are days, as in 2026-11-30, at most 400 of them.' }, 400)
    const each = []
    for (const day of days) each.push(await oneDay(day, project))
    const total = each.reduce((sum, day) => sum + day.total, 0)
    const all = timeOf(total)
    const average = Math.round(total / days.length)
    return c.json({
      data: each.map(({ data }) => data),
      start: new Date(days[0].since / 1000).toISOString(),
      end: new Date((days.at(-1)?.until ?? 0) / 1000 - 1000).toISOString(),
      cumulative_total: { seconds: total, text: all.text, decimal: all.decimal, digital: all.digital },
      daily_average: { seconds: average, text: textOf(average), holidays: 0, days_including_holidays: days.length },
    })
  })

  app.get('/users/:user/durations', async (c) => {
    const day = dayNamed(c.req.query('date') ?? 'today', clock.now(), zoneIn(c))
    if (!day) return c.json({ error: 'date is a day, as in 2026-11-30.' }, 400)
    const { durations } = await reads.sumsOf(day, c.req.query('project'))
    const [start, end] = [day.since, day.until].map((micros) => new Date(micros / 1000).toISOString())
    return c.json({ data: durations, start, end, timezone: day.timezone })
  })

  app.get('/users/:user/heartbeats', async (c) => {
    const day = dayNamed(c.req.query('date') ?? 'today', clock.now(), zoneIn(c))
    if (!day) return c.json({ error: 'date is a day, as in 2026-11-30.' }, 400)
    const data = []
    for await (const { time, write, source, machine, more, ...beat } of reads.beatsOf(day.since, day.until))
      data.push({ ...beat, ...more, time: time / 1e6, is_write: write, editor: source, machine_name_id: machine })
    return c.json({ data, timezone: day.timezone })
  })

  app.get('/users/:user/projects', async (c) => {
    const wanted = c.req.query('q') ?? ''
    const data = (await reads.projects())
      .filter(({ name }) => name.startsWith(wanted))
      .map(({ name, first, last }) => ({
        id: name,
        name,
        urlencoded_name: encodeURIComponent(name),
        created_at: new Date(first / 1000).toISOString(),
        last_heartbeat_at: new Date(last / 1000).toISOString(),
      }))
    return c.json({ data })
  })

  app.get('/users/:user/all_time_since_today', async (c) => {
    const zone = zoneIn(c)
    const seconds = await reads.allTime()
    const first = dayAt((reads.first() ?? clock.now() * 1000) / 1000, zone)
    const last = dayAt(clock.now(), zone)
    const range = { start_date: first.date, end_date: last.date, timezone: zone }
    const [start, end] = [first.since, last.until].map((micros) => new Date(micros / 1000).toISOString())
    return c.json({
      data: { ...timeOf(seconds), is_up_to_date: true, percent_calculated: 100, range: { ...range, start, end } },
    })
  })

  // What is one person's has no team, no goals, and no vendor to send crashes to.
  app.post('/users/:user/file_experts', (c) => c.json({ data: [] }))
  app.get('/users/:user/goals', (c) => c.json({ data: [], total: 0, total_pages: 1 }))
  app.post('/plugins/errors', (c) => c.json({}, 201))

  return async (request, guest) => app.fetch(request, { guest })
}

/** People configure `/wakatime/api`, `/wakatime/api/v1` and Wakapi's `/wakatime/api/compat/wakatime/v1`. */
function pathOf(path: string): string {
  const rest = path.replace(/^\/wakatime\/api(?:\/compat\/wakatime)?(?:\/v1)?(?=\/|$)/, '').replace(/(.)\/+$/, '$1')
  return rest === '' ? '/' : rest
}

function nameIn(header: string | undefined): string {
  try {
    return decodeURIComponent(header ?? '').slice(0, 256)
  } catch {
    return (header ?? '').slice(0, 256)
  }
}
