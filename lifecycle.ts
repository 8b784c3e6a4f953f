// The life of a house in its data folder: locked while it runs, credentials made at the first start, its parts started in
// order and stopped in the reverse one. Not for: which parts there are (app.ts).
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Component, type Ids, type Logger, stopAll } from './component.ts'
import type { Config } from './config.ts'
import { type Credentials, loadCredentials, saveCredentials } from './credentials.ts'
import { writePrivately } from './private-file.ts'
import { lockDataFolder } from './storage/postgres/server/lock.ts'

/** What a start says, as JSON the first line on stdout. */
export interface Ready {
  ready: true
  version: string
  /** From the start of the process until everything serves. */
  startMs: number
  data: string
  pid: number
  /** Null where the port is off. */
  mqtt: { url: string | null }
  http: { url: string | null }
  activitywatch: { url: string | null }
  database: { url: string }
  objects: { driver: string }
}

export interface App {
  /** Starts every part in order; on a failure those that had started are stopped again. */
  start(): Promise<Ready>
  /** Stops in reverse order, each part flushing what it accepted. Safe twice. */
  stop(): Promise<void>
  /** At the very first start the credentials just made, else null; for showing them once. */
  firstStart(): Credentials | null
}

/** A house that is put together. */
export interface Built {
  /** In the order in which they start. */
  parts: readonly Component[]
  /** Where it serves; asked once all have started. */
  urls(): { mqtt: string | null; http: string | null; activitywatch: string | null; database: Credentials['database'] }
}

/** What the parts may ask of the life that they are part of. */
export interface Life {
  /** Aborts when the house stops. */
  readonly signal: AbortSignal
  /** Those that have been started, in that order. */
  started(): readonly Component[]
}

export interface LifecycleOptions {
  config: Config
  version: string
  log: Logger
  ids: Ids
  build(credentials: Credentials, life: Life): Built
}

export function createLifecycle({ config, version, log, ids, build }: LifecycleOptions): App {
  const runningFile = join(config.data, 'running.json')
  const stopping = new AbortController()
  let release: (() => void) | null = null
  let made: Credentials | null = null
  let started: Component[] = []

  async function start(): Promise<Ready> {
    const lock = lockDataFolder(config.data)
    release = () => lock.release()
    const credentials = loadCredentials(config.data, ids)
    // Until a start has gone through, nobody has been shown them.
    if (credentials.database.url === '') made = credentials
    const { parts, urls } = build(credentials, { signal: stopping.signal, started: () => started })
    for (const part of parts) {
      const since = performance.now()
      started.push(part)
      await part.start()
      log.debug({ part: part.name, ms: Math.round(performance.now() - since) }, 'started')
    }
    const { mqtt, http, activitywatch, database } = urls()
    saveCredentials(config.data, { ...credentials, database })
    const ready: Ready = {
      ready: true,
      version,
      startMs: Math.round(process.uptime() * 1000),
      data: config.data,
      pid: process.pid,
      mqtt: { url: mqtt },
      http: { url: http },
      activitywatch: { url: activitywatch },
      database: { url: database.url },
      objects: { driver: config.objects.driver },
    }
    writePrivately(runningFile, { ...ready, database: undefined })
    return ready
  }

  async function stop(): Promise<void> {
    stopping.abort()
    const parts = started.reverse()
    started = []
    await stopAll(parts, log)
    if (release) rmSync(runningFile, { force: true })
    release?.()
    release = null
  }

  return {
    async start() {
      try {
        return await start()
      } catch (error) {
        await stop()
        throw error
      }
    },
    stop,
    firstStart: () => made,
  }
}
