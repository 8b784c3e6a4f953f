// A server on a store of its own, without a port, for its tests. Not for: the product.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { wallClock } from '../../../component.ts'
import { runQuery } from '../query/run.ts'
import type { Buckets } from '../store/buckets.ts'
import { openBuckets } from '../store/open.ts'
import { createAwApp } from './app.ts'
import type { AwApp, AwAppOptions } from './serving.ts'

export interface World {
  app: AwApp
  buckets: Buckets
  /** What was logged, lines of JSON. */
  logged: string[]
  /** A request as a program sends it; `body` goes as JSON unless it is a text or bytes. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: what tests look into
  json: any
}

export function makeWorld(options: Partial<AwAppOptions> = {}): World {
  const folder = mkdtempSync(join(tmpdir(), 'activitywatch-'))
  const logged: string[] = []
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) })
  const clock = options.clock ?? wallClock
  const buckets = openBuckets(join(folder, 'buckets.db'), { clock, log })
  const app = createAwApp({
    buckets,
    clock,
    log,
    info: { hostname: 'desk', version: 'v0.14.0 (daybook 0)', deviceId: 'd-1', testing: false },
    site: () => ({ host: '127.0.0.1', port: 5600, allowedHosts: [] }),
    query: (lines, periods, name) => runQuery(lines, periods, buckets, { name }),
    admit: (_bucket, event) => event,
    ...options,
  })
  return {
    app,
    buckets,
    logged,
    async call(method, path, body, headers = {}) {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array
      const sent = body === undefined ? undefined : isRaw ? (body as string) : JSON.stringify(body)
      const type = body === undefined ? {} : { 'content-type': 'application/json' }
      const answer = await app.fetch(
        new Request(`http://127.0.0.1:5600${path}`, {
          method,
          headers: { host: '127.0.0.1:5600', ...type, ...headers },
          ...(sent !== undefined && { body: sent }),
        }),
      )
      const text = await answer.text()
      const isJson = answer.headers.get('content-type') === 'application/json'
      return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined }
    },
    async close() {
      await buckets.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export const ISO = (seconds: number) => new Date(Date.UTC(2024, 2, 1, 12) + seconds * 1000).toISOString()
