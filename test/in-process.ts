// The whole product in this process, on ports and a database of its own: for tests of what people and programs see. Not
// for: journeys that start and kill it (house.ts).
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { createApp } from '../app.ts'
import { randomIds, wallClock } from '../component.ts'
import { type Config, loadConfig } from '../config.ts'
import { type Credentials, loadCredentials } from '../credentials.ts'
import { loadEnrolment, saveEnrolment } from '../enrolment.ts'
import type { App, Ready } from '../lifecycle.ts'
import { testPostgres } from './postgres.ts'

export interface InProcess {
  app: App
  config: Config
  /** With both listening. */
  ready: Ready & { mqtt: { url: string }; http: { url: string } }
  credentials: Credentials
  /** As the CLI is handed them. */
  enrolments: { load: typeof loadEnrolment; save: typeof saveEnrolment }
  /** A request with the token; the path starts with a slash. */
  api(path: string, init?: RequestInit): Promise<Response>
  /** Its database is gone from now on. */
  loseDatabase(): Promise<void>
  /** Stops it and removes its folder and database. */
  stop(): Promise<void>
}

export async function startInProcess(env: Record<string, string> = {}): Promise<InProcess> {
  const data = await mkdtemp(join(tmpdir(), 'daybook-'))
  const database = await testPostgres()
  const config = loadConfig({
    env: {
      DAYBOOK__DATA: data,
      DAYBOOK__TIMEZONE: 'Europe/Berlin',
      DAYBOOK__MQTT__PORT: '0',
      DAYBOOK__HTTP__PORT: '0',
      DAYBOOK__ACTIVITYWATCH__PORT: 'off',
      DAYBOOK__DATABASE__URL: database.url,
      ...env,
    },
  })
  const app = createApp({ config, version: '0.0.0', log: pino({ level: 'silent' }), clock: wallClock, ids: randomIds })
  const clean = async () => {
    await database.stop()
    await rm(data, { recursive: true, force: true })
  }
  const ready = (await app.start().catch(async (error) => {
    await clean()
    throw error
  })) as InProcess['ready']
  const credentials = loadCredentials(data, randomIds)
  return {
    app,
    config,
    ready,
    credentials,
    enrolments: { load: loadEnrolment, save: saveEnrolment },
    api: (path, init = {}) =>
      fetch(ready.http.url + path, {
        ...init,
        headers: { authorization: `Bearer ${credentials.http.token}`, ...(init.headers as Record<string, string>) },
      }),
    loseDatabase: () => database.stop(),
    async stop() {
      await app.stop()
      await clean()
    },
  }
}

/** A function that makes activities for POST, each another one, a millisecond apart. */
export function activityMaker(): (fields?: Record<string, unknown>) => Record<string, unknown> & { id: string } {
  const now = Date.now()
  let count = 0
  return (fields = {}) => ({
    id: `native/${++count}`,
    source: 'terminal',
    type: 'command',
    summary: `ls ${count}`,
    timestamp: now + count,
    ...fields,
  })
}
