// Reads Home Assistant's past over REST (docs/api/rest.md of its developer pages): history in windows of time and groups
// of entities, so that a long absence of a large house is never in memory at once; and the logbook. Not for: meaning.
import { DaybookError } from '../../schemas/errors.ts'
import { type HomeState, type LogbookEntry, logbookEntry, micros, millis, state } from './wire.ts'

const TIMEOUT_MS = 60_000

export interface RestOptions {
  /** Without a slash at the end. */
  url: string
  token: string
  signal: AbortSignal
}

/** Both reject with `home_assistant_unreachable`. Times are epoch microseconds. `now` is Home Assistant's clock as of the answer, to the second. */
export interface Past<T> {
  items: T[]
  now: number
  /** The HTTP status, if it would not say: without its recorder Home Assistant has no past. */
  refused?: number
}

/**
 * All states of these entities within (since, until], in order of time; attributes as far as the recorder keeps them,
 * and no context: what stands there is made up. Entities that it does not record have none.
 */
export async function readHistory(
  ids: readonly string[],
  since: number,
  until: number,
  options: RestOptions,
): Promise<Past<HomeState>> {
  const query = new URLSearchParams({
    filter_entity_id: ids.join(','),
    end_time: iso(until),
    significant_changes_only: '0',
    skip_initial_state: '1',
  })
  const { body, ...rest } = await get(`history/period/${iso(since)}?${query}`, options)
  const rows = Array.isArray(body) ? body.flat() : []
  const items = rows.flatMap((row) => {
    const parsed = state.safeParse(row)
    return parsed.success ? [{ ...parsed.data, context: null }] : []
  })
  return { items: items.sort((a, b) => micros(a.last_updated) - micros(b.last_updated)), ...rest }
}

/** The oldest that it holds of these entities from before `until`, epoch microseconds; Infinity if it holds none. */
export async function readHorizon(ids: readonly string[], until: number, options: RestOptions): Promise<number> {
  const query = new URLSearchParams({ filter_entity_id: ids.join(','), end_time: iso(until) })
  for (const flag of ['minimal_response', 'no_attributes', 'skip_initial_state']) query.set(flag, '1')
  const { body } = await get(`history/period/${iso(0)}?${query}`, options)
  const rows: unknown[] = Array.isArray(body) ? body.flat() : []
  // Of all but the first and the last row of an entity only the state and last_changed are said.
  const times = rows.map((row) => micros((row as { last_changed?: string } | null)?.last_changed ?? ''))
  const known = times.filter((at) => !Number.isNaN(at))
  return known.reduce((oldest, at) => Math.min(oldest, at), Number.POSITIVE_INFINITY)
}

export async function readLogbook(since: number, until: number, options: RestOptions): Promise<Past<LogbookEntry>> {
  const query = new URLSearchParams({ end_time: iso(until) })
  const { body, ...rest } = await get(`logbook/${iso(since)}?${query}`, options)
  const items = (Array.isArray(body) ? body : []).flatMap((row) => {
    const parsed = logbookEntry.safeParse(row)
    return parsed.success ? [parsed.data] : []
  })
  return { items, ...rest }
}

async function get(
  path: string,
  { url, token, signal }: RestOptions,
): Promise<Omit<Past<never>, 'items'> & { body: unknown }> {
  try {
    const response = await fetch(`${url}/${path}`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    })
    const now = Date.parse(response.headers.get('date') ?? '') * 1000
    if (response.ok) return { body: await response.json(), now }
    await response.body?.cancel()
    return { body: [], now, refused: response.status }
  } catch (error) {
    const [what] = path.split('/')
    throw new DaybookError('home_assistant_unreachable', `${what}: ${(error as Error).message}`, { cause: error })
  }
}

function iso(us: number): string {
  const seconds = new Date(millis(us)).toISOString().slice(0, 19)
  return `${seconds}.${String(us % 1_000_000).padStart(6, '0')}+00:00`
}
