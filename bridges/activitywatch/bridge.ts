// Puts the ActivityWatch bridge together: the bucket store, the server over it, what is told of it, the port, and servers
// that are followed. Not for: what any of them does.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Health } from '../../component.ts'
import { asDaybookError, DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost, ForgetRequest, OpenBridge } from '../bridge.ts'
import { createGate } from './admit.ts'
import { createAwServer } from './aw-server.ts'
import type { ActivitywatchConfig } from './config.ts'
import { openDoor, RETRY_MS } from './door.ts'
import { createFollow, type Follow, POLL_MS } from './follow.ts'
import { importBuckets } from './import.ts'
import { createLive } from './live.ts'
import { sourceIn, type Watched } from './meanings.ts'
import { runQuery } from './query/run.ts'
import { createAwApp } from './server/app.ts'
import type { Buckets, NewBucket } from './store/buckets.ts'
import { openBuckets } from './store/open.ts'

/** The release of aw-server whose behaviour ours has. */
const VERSION = 'v0.14.0 (daybook)'
const USUAL = 'http://127.0.0.1:5600'
/** No heartbeat is that close to anything, µs. */
const NEVER = -100 * 366 * 86_400 * 1e6
const MOST_UNMADE = 1000

export interface Pace {
  retryMs: number
  pollMs: number
}

/** Rejects with `data_unwritable` or `already_running`. That the port is taken is said in health. */
export async function openActivitywatch(
  host: BridgeHost<ActivitywatchConfig>,
  { retryMs, pollMs }: Pace = { retryMs: RETRY_MS, pollMs: POLL_MS },
): Promise<OpenBridge> {
  const { config, clock, log, state, privacy } = host
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, host.signal])
  const buckets = openBuckets(join(host.folder(), 'buckets.sqlite'), { clock, log, keepDays: config.keepDays })
  if (buckets.setAside) log.error({ file: buckets.setAside }, 'the buckets were damaged; they were set aside')
  const gate = createGate({ privacy, state, clock, log })
  const live = createLive(host, buckets)
  /** Buckets of others that cannot be made here, said once each. */
  const unmade = new Set<string>()
  const app = createAwApp({
    buckets: withoutPauses(buckets),
    info: { hostname: hostname(), version: VERSION, deviceId: deviceId(), testing: false },
    site: () => ({ host: config.host, port: door?.port() ?? 0, allowedHosts: config.allowedHosts }),
    query: (lines, periods, name) => runQuery(lines, periods, buckets, { name }),
    admit: (_bucket, event) => gate.admit(event),
    clock,
    log,
    corsOrigins: config.corsOrigins,
    apiKey: config.apiKey,
  })
  const follow = (base: string, ends: AbortSignal, found?: (bucket: NewBucket) => Promise<void>) =>
    createFollow({
      host,
      server: createAwServer(base, config.followKey),
      gate,
      signal: ends,
      pollMs,
      ...(found && { found }),
    })
  const inherit = (base: string, ends: AbortSignal) => follow(base, ends, makeHere)
  let door: Awaited<ReturnType<typeof openDoor>> | undefined
  door = await openDoor({ host, app, follow: inherit, signal, retryMs })
  const named = config.follow === undefined ? undefined : follow(config.follow, signal)
  const follows = () => [named, door?.following()].filter((one): one is Follow => one !== undefined)

  /** Watchers make their bucket once, as they start: what they run on with when the port is taken over must be here. */
  async function makeHere(bucket: NewBucket): Promise<void> {
    if (buckets.get(bucket.id) || unmade.has(bucket.id)) return
    try {
      await buckets.create(bucket)
    } catch (thrown) {
      const { code, message } = asDaybookError(thrown)
      if (code === 'shutting_down') return
      if (unmade.size < MOST_UNMADE) unmade.add(bucket.id)
      log.warn({ code }, `a bucket of the server that is followed cannot be here: ${message}`)
    }
  }

  /** Heartbeats before and after a pause are no one event, however alike they are. */
  function withoutPauses(store: Buckets): Buckets {
    return {
      ...store,
      heartbeat(id, event, pulsetime) {
        const last = () => (store.get(id) ? store.events(id, { limit: 1 })[0] : undefined)
        return store.heartbeat(id, event, gate.isApart(id, event.start, last) ? NEVER : pulsetime)
      },
    }
  }

  function deviceId(): string {
    const id = state.get<string>('device') ?? randomUUID()
    state.set('device', id)
    return id
  }

  function health(): Health {
    const failure = live.failure() ?? named?.failure()
    const own: Health = failure
      ? { state: 'degraded', code: failure.code, detail: failure.message }
      : (door?.health() ?? { state: 'ok' })
    const following = follows().map(({ base }) => base)
    const figures = {
      buckets: buckets.list().length,
      open: live.open(),
      told: live.told(),
      notKept: gate.notKept(),
      ...gate.odd(),
      following: following.join(', ') || null,
    }
    return { ...own, figures }
  }

  function forget({ since, until, source, entity }: ForgetRequest): number {
    if (entity !== undefined) return 0
    const isOurs = (bucket: Watched) =>
      source === undefined || source === 'activitywatch' || sourceIn(bucket) === source
    const [from, to] = [since === undefined ? undefined : since * 1000, until === undefined ? undefined : until * 1000]
    live.forget(
      (bucket, { start }, duration) =>
        isOurs(bucket) && start + duration >= (from ?? -Infinity) && start < (to ?? Infinity),
    )
    const range = { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to - 1 }) }
    let forgotten = 0
    for (const { id } of buckets.list().filter(isOurs)) {
      const count = buckets.count(id, range)
      if (count === 0) continue
      forgotten += count
      const gone = { ...(from !== undefined && { since: from }), ...(to !== undefined && { until: to }), bucket: id }
      buckets.forget(gone).catch((error) => log.error({ reason: error.message }, 'a bucket could not forget'))
    }
    return forgotten
  }

  function placeOfPast(): string {
    const [followed] = follows()
    if (followed) return followed.base
    if (door?.port() !== 5600) return USUAL
    throw new DaybookError(
      'invalid',
      'from: ActivityWatch is served here itself; name an export, as in --from aw-buckets-export.json, or a URL.',
    )
  }

  return {
    health,
    forget,
    pause(paused) {
      gate.pause(paused)
      live.pause(paused)
      for (const one of follows()) one.pause(paused)
    },
    import: (range, progress, stopped) =>
      importBuckets({
        ...{ host, buckets, gate, live, range, progress },
        from: range.from ?? placeOfPast(),
        apiKey: config.followKey,
        signal: AbortSignal.any([signal, stopped]),
      }),
    reach() {
      const url = door?.url()
      return url ? { url, ...(config.apiKey !== '' && { key: config.apiKey }) } : null
    },
    async close() {
      closing.abort()
      await door?.close()
      await named?.ended
      await buckets.close()
      await live.close()
    },
  }
}
