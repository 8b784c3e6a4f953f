// Installs npm's aw-client, which JavaScript watchers use, into a folder of its own, once. Not for: using it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

/** The newest that npm has; 0.4.1 exists in git only. */
const VERSION = '0.3.7'
const INSTALL_MS = 300_000

export interface AwEvent {
  id?: number
  timestamp: Date
  duration?: number
  data: Record<string, unknown>
}

/** What its AWClient can do, as far as it is used here. */
export interface AwClient {
  getInfo(): Promise<{ hostname: string; version: string }>
  ensureBucket(id: string, type: string, hostname: string): Promise<{ alreadyExist: boolean }>
  getBuckets(): Promise<Record<string, { type: string }>>
  getBucketInfo(id: string): Promise<{ type: string; created: Date }>
  heartbeat(bucket: string, pulsetime: number, event: AwEvent): Promise<void>
  insertEvents(bucket: string, events: AwEvent[]): Promise<void>
  replaceEvent(bucket: string, event: AwEvent): Promise<void>
  getEvents(bucket: string, params?: { limit?: number; start?: Date; end?: Date }): Promise<AwEvent[]>
  getEvent(bucket: string, id: number): Promise<AwEvent>
  deleteEvent(bucket: string, id: number): Promise<void>
  countEvents(bucket: string): Promise<number>
  query(periods: { start: Date; end: Date }[], lines: string[]): Promise<unknown[]>
  deleteBucket(id: string): Promise<void>
}

type MakeClient = new (name: string, options: { testing: boolean; baseURL: string }) => AwClient

/** Its class, or why there is none. */
export async function npmClient(): Promise<{ AWClient: MakeClient } | { missing: string }> {
  const folder = resolve(import.meta.dirname, '../../node_modules/.cache', `npm-aw-client-${VERSION}`)
  try {
    if (!existsSync(join(folder, 'node_modules/aw-client'))) {
      await mkdir(folder, { recursive: true })
      await writeFile(join(folder, 'package.json'), '{"private":true}')
      const words = ['install', '--no-audit', '--no-fund', '--ignore-scripts', `aw-client@${VERSION}`]
      await promisify(execFile)('npm', words, { cwd: folder, timeout: INSTALL_MS })
    }
    return createRequire(join(folder, 'package.json'))('aw-client')
  } catch (error) {
    return { missing: `npm aw-client ${VERSION} could not be installed: ${(error as Error).message.slice(0, 500)}` }
  }
}
