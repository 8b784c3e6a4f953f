// The few metrics that no event tells: lines written, commits, pull requests and time at work, summed per session and told
// at most once a minute. Not for: tokens and costs, which come request by request (events.ts).
import { hash } from 'node:crypto'
import { eventId } from '../../../schemas/ids.ts'
import type { BridgeState, Notification } from '../../bridge.ts'
import type { TelemetryContext } from './events.ts'
import type { OtlpPoint } from './otlp.ts'

interface Sums {
  /** By what is summed. */
  values: Record<string, number>
  /** The last point of each series, with its time, epoch ms: what is sent again counts once. */
  last: Record<string, { at: number; value: number }>
  toldAt?: number
}

const PREFIX = 'telemetry/'
const EACH_MS = 60_000
const SESSIONS_MOST = 500
const SERIES_MOST = 64

/** Undefined: it is not kept. */
function nameOf({ name, attributes }: OtlpPoint): string | undefined {
  const metric = name.replace(/^claude_code\./, '')
  if (metric === 'lines_of_code.count') return attributes.type === 'removed' ? 'lines_removed' : 'lines_added'
  if (metric === 'commit.count') return 'commits'
  if (metric === 'pull_request.count') return 'pull_requests'
  return metric === 'active_time.total' ? 'active_s' : undefined
}

export function createSums(state: BridgeState, { space, source }: TelemetryContext) {
  return {
    /** What is told of these points, and how many were kept. */
    take(points: readonly OtlpPoint[]): { notifications: Notification[]; kept: number } {
      const touched = new Map<string, { sums: Sums; at: number }>()
      let kept = 0
      for (const point of points) {
        const session = point.attributes['session.id']
        const name = nameOf(point)
        if (typeof session !== 'string' || session.length > 200 || name === undefined || !isCount(point)) continue
        const entry = touched.get(session) ?? {
          sums: state.get<Sums>(PREFIX + session) ?? { values: {}, last: {} },
          at: 0,
        }
        touched.set(session, entry)
        if (add(entry.sums, name, point)) kept++
        entry.at = Math.max(entry.at, point.at)
      }
      const notifications: Notification[] = []
      for (const [session, { sums, at }] of touched) {
        if (Object.values(sums.values).some((value) => value > 0) && at - (sums.toldAt ?? 0) >= EACH_MS) {
          notifications.push(told(session, sums, at))
          sums.toldAt = at
        }
        state.set(PREFIX + session, sums)
      }
      if (touched.size > 0) tidy()
      return { notifications, kept }
    },
    /** Forgets the sums of sessions that told something in this stretch; how many. */
    forget(since: number, until: number): number {
      const gone = state.keys(PREFIX).filter((key) => {
        const at = lastIn(state.get<Sums>(key))
        return at >= since && at < until
      })
      for (const key of gone) state.delete(key)
      return gone.length
    },
  }

  function told(session: string, { values }: Sums, at: number): Notification {
    const activityId = `metrics/${session}`.slice(0, 200)
    const { lines_added: added = 0, lines_removed: removed = 0, active_s: active = 0 } = values
    const lines = `${added} lines added and ${removed} removed so far`
    const data = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Math.round(value * 10) / 10]))
    return {
      id: eventId({ space, source, key: activityId, phase: 'update', timestamp: at }),
      source,
      type: 'usage',
      summary: added + removed > 0 ? lines : `At work for ${Math.round(active)} s so far`,
      timestamp: at,
      data,
      sessionId: session,
      activityId,
      phase: 'update',
    }
  }

  function tidy(): void {
    const all = state.keys(PREFIX)
    if (all.length <= SESSIONS_MOST) return
    const byAge = all.map((key) => ({ key, at: lastIn(state.get<Sums>(key)) })).sort((a, b) => a.at - b.at)
    for (const { key } of byAge.slice(0, all.length - SESSIONS_MOST)) state.delete(key)
  }
}

/** False if it was known. */
function add(sums: Sums, name: string, { attributes, at, since, value, cumulative }: OtlpPoint): boolean {
  const series = hash('sha256', JSON.stringify([name, cumulative && since, attributes]), 'hex').slice(0, 12)
  const before = sums.last[series]
  if (at <= (before?.at ?? 0) || (!before && Object.keys(sums.last).length >= SERIES_MOST)) return false
  sums.values[name] = (sums.values[name] ?? 0) + value - (cumulative ? (before?.value ?? 0) : 0)
  sums.last[series] = { at, value }
  return true
}

const lastIn = (sums: Sums | undefined) => Math.max(0, ...Object.values(sums?.last ?? {}).map(({ at }) => at))

const isCount = ({ value, at }: OtlpPoint) => Number.isFinite(value) && value >= 0 && Number.isFinite(at)
