// Heartbeats of a server that speaks WakaTime's API (wakatime.com, Wakapi, another Daybook), day by day. Not for: what a
// heartbeat holds (heartbeat.ts).
import type { Clock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'

export interface RemoteParts {
  /** Epoch ms, `until` exclusive. */
  since: number
  until: number
  clock: Clock
  signal: AbortSignal
}

/** WakaTime takes ten requests a second. */
const PAUSE_MS = 110
const TIMEOUT_MS = 30_000
const TRIES = 4
const DAY_MS = 86_400_000
const BASES = ['', '/compat/wakatime/v1', '/v1', '/api/compat/wakatime/v1', '/api/v1']

interface Named {
  id: string
  value: string
}

/** The key stands before the host: `https://KEY@wakapi.example/api`. Rejects with `invalid` or `source_unreachable`. */
export async function* heartbeatsOf(from: string, parts: RemoteParts): AsyncGenerator<unknown[]> {
  const { since, until, clock, signal } = parts
  const url = new URL(from)
  const key = decodeURIComponent(url.password || url.username)
  if (!key) throw new DaybookError('invalid', 'from: the key stands before the host: https://KEY@host/api/v1.')
  const root = `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`
  const authorization = `Basic ${Buffer.from(key).toString('base64')}`

  async function ask<T>(path: string): Promise<T | undefined> {
    for (let tries = 1; ; tries++) {
      const answer = await fetch(root + path, {
        headers: { authorization, accept: 'application/json' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      }).catch((error: Error) => error)
      const status = answer instanceof Error ? 0 : answer.status
      if (!(answer instanceof Error) && answer.ok) return readJson<T>(answer)
      if (status === 404) return undefined
      if (status === 401 || status === 403) throw new DaybookError('invalid', `from: ${url.host} refuses the key.`)
      if (tries === TRIES || signal.aborted)
        throw new DaybookError(
          'source_unreachable',
          `${url.host}: ${answer instanceof Error ? answer.message : status}`,
        )
      await clock.sleep(1000 * 2 ** tries, signal)
    }
  }

  const { base, first, last } = await rangeOf(ask, url.host)
  const names = async (what: string) =>
    new Map((await listOf(ask, `${base}/users/current/${what}`)).map((n) => [n.id, n.value]))
  const [agents, machines] = [await names('user_agents'), await names('machine_names')]
  // A day more at both ends: its days are those of its own time zone.
  const start = Math.max(since - DAY_MS, first)
  for (let at = start; at <= Math.min(until, last) + DAY_MS && !signal.aborted; at += DAY_MS) {
    const date = new Date(at).toISOString().slice(0, 10)
    const answer = await ask<{ data?: unknown[] }>(`${base}/users/current/heartbeats?date=${date}`)
    yield (answer?.data ?? []).map((beat) => {
      const sent = Object(beat) as { user_agent_id?: string; machine_name_id?: string }
      const agent = agents.get(sent.user_agent_id ?? '')
      const machine = machines.get(sent.machine_name_id ?? '')
      return { ...sent, ...(agent && { user_agent: agent }), ...(machine && { machine }) }
    })
    await clock.sleep(PAUSE_MS, signal)
  }
}

/** Undefined for a page where an API should be: another base may have it. */
async function readJson<T>(answer: Response): Promise<T | undefined> {
  return (await answer.json().catch(() => undefined)) as T | undefined
}

type Ask = <T>(path: string) => Promise<T | undefined>

/** Where its API is, and its first and last day, epoch ms. */
async function rangeOf(ask: Ask, host: string): Promise<{ base: string; first: number; last: number }> {
  for (const base of BASES) {
    const answer = await ask<{ data?: { range?: { start_date?: string; end_date?: string } } }>(
      `${base}/users/current/all_time_since_today`,
    )
    const range = answer?.data?.range
    const [first, last] = [range?.start_date, range?.end_date].map((date) => Date.parse(`${date}T00:00:00Z`))
    if (first !== undefined && last !== undefined && first <= last) return { base, first, last }
  }
  throw new DaybookError('source_unreachable', `${host} does not speak WakaTime's API at this address.`)
}

/** All pages; empty where there is no such list. */
async function listOf(ask: Ask, path: string): Promise<Named[]> {
  const all: Named[] = []
  for (let page = 1; page <= 100; page++) {
    const answer = await ask<{ data?: Named[]; total_pages?: number }>(`${path}?page=${page}`)
    all.push(...(answer?.data ?? []))
    if (!answer || page >= (answer.total_pages ?? 1)) break
  }
  return all
}
