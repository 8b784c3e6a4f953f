// The ActivityWatch-compatible server by itself, in this process, on a free port and a store of its own: for clients of
// ActivityWatch that are tried on it. Not for: what the bridge makes of their events.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { runQuery } from '../../bridges/activitywatch/query/run.ts'
import { createAwApp } from '../../bridges/activitywatch/server/app.ts'
import { listen } from '../../bridges/activitywatch/server/listener.ts'
import type { Buckets } from '../../bridges/activitywatch/store/buckets.ts'
import { openBuckets } from '../../bridges/activitywatch/store/open.ts'
import { wallClock } from '../../component.ts'

export interface TestServer extends AsyncDisposable {
  url: string
  port: number
  buckets: Buckets
}

/** In testing mode, as clients' own tests want it. */
export async function startServer(wanted = 0): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'activitywatch-'))
  const log = pino({ level: 'silent' })
  const buckets = openBuckets(join(folder, 'buckets.db'), { clock: wallClock, log, keepDays: 400 })
  const host = '127.0.0.1'
  let port = 0
  const app = createAwApp({
    buckets,
    clock: wallClock,
    log,
    info: { hostname: 'desk', version: 'v0.14.0 (daybook)', deviceId: crypto.randomUUID(), testing: true },
    site: () => ({ host, port, allowedHosts: [] }),
    query: (lines, periods, name) => runQuery(lines, periods, buckets, { name }),
    admit: (_bucket, event) => event,
  })
  const listener = await listen({ host, port: wanted, app })
  port = listener.port
  return {
    url: listener.url,
    port,
    buckets,
    async [Symbol.asyncDispose]() {
      await listener.stop()
      await buckets.close()
      await rm(folder, { recursive: true })
    },
  }
}
