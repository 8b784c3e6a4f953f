// Starts the load generator as the process of its own that it must be. Not for: what it does (load.ts).
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { House } from '../test/house.ts'
import type { LoadResult } from './load.ts'

export interface LoadOptions {
  count?: number
  connections?: number
  window?: number
  /** Events a second, until `finish`; else everything at once. */
  rate?: number
  latency?: boolean
  /** A file that each acknowledged id is appended to. */
  acked?: string
  /** A file for when each event was sent. */
  times?: string
  /** When to give up. */
  seconds?: number
  /** The epoch; default random. */
  run?: string
}

export interface Load {
  /** Rejects with what it said when it fails. */
  result: Promise<LoadResult>
  /** No new events: the result comes when all that were sent are acknowledged. */
  finish(): Promise<LoadResult>
  kill(): void
}

/** The broker of a house with its first user, as a URL. */
export function brokerUrl({ ready, credentials }: House): string {
  const url = new URL(ready.mqtt.url)
  url.username = credentials.mqtt.username
  url.password = credentials.mqtt.password
  return url.href
}

export function startLoad(url: string, options: LoadOptions): Load {
  const words = Object.entries(options).flatMap(([name, value]) => {
    if (typeof value === 'boolean') return value ? [`--${name}`] : []
    return [`--${name}`, String(value)]
  })
  const child = spawn(process.execPath, [join(import.meta.dirname, 'load.ts'), '--url', url, ...words], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const result = (async () => {
    const [said, complaint] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (said === '') throw new Error(`the load generator failed: ${complaint || 'killed'}`)
    return JSON.parse(said) as LoadResult
  })()
  // Whoever waits for it later still gets the rejection.
  result.catch(() => {})
  return {
    result,
    finish() {
      child.stdin.end()
      return result
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
