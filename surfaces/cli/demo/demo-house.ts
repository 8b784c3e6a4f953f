// A house for the demo alone: in a folder of its own, on free ports, with none of the user's settings; it goes as it
// came. Not for: what is played in it (../demo.ts).
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { DaybookError } from '../../../schemas/errors.ts'
import { type Client, createClient, findRunning } from '../client.ts'
import type { Io } from '../verb.ts'
import { makeTemporary, removeFolder, removeLeft } from './folder.ts'

export interface DemoHouse {
  client: Client
  data: string
  mqtt: string | null
  http: string
  /** From the call until everything served. */
  startMs: number
  /** Resolves when it ends, whoever ended it. */
  ended: Promise<void>
  /** Stops it, and removes its folder unless it is the user's; safe twice. What keeps it from that, the next demo removes. */
  stop(): Promise<void>
}

export interface DemoHouseOptions {
  /** The user's own folder, new or empty; default: a temporary one. */
  data: string | undefined
  timeZone: string
}

/** What of its log is shown when it does not start, characters. */
const LOG_MOST = 2_000

/** Throws `usage` for a folder with something in it, and what kept it from starting. */
export async function startDemoHouse(
  io: Pick<Io, 'spawn'>,
  { data: given, timeZone }: DemoHouseOptions,
): Promise<DemoHouse> {
  const begin = performance.now()
  await removeLeft()
  const data = await makeFolder(given)
  const child = io.spawn(data, {
    DAYBOOK__DATA: data,
    DAYBOOK__TIMEZONE: timeZone,
    DAYBOOK__LOG__LEVEL: 'warn',
    DAYBOOK__MQTT__PORT: '0',
    DAYBOOK__HTTP__PORT: '0',
    DAYBOOK__DATABASE__PORT: '0',
    DAYBOOK__ACTIVITYWATCH__PORT: 'off',
  })
  const ended = once(child, 'exit').then(() => {})
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
    await ended
    if (given === undefined) await removeFolder(data)
  }
  try {
    await untilReady(child)
    const running = findRunning(data)
    const startMs = performance.now() - begin
    return { client: createClient(running), data, mqtt: running.mqtt, http: running.url, startMs, ended, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function makeFolder(given: string | undefined): Promise<string> {
  if (given === undefined) return makeTemporary()
  const folder = resolve(given)
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new DaybookError('usage', `--data ${given}: there is something in it; the demo wants a folder of its own.`)
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}

async function untilReady(child: ChildProcess): Promise<void> {
  let log = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    log = (log + text).slice(-LOG_MOST)
  })
  if (!child.stdout) throw new DaybookError('internal', 'The house of the demo has no output.')
  const lines = createInterface({ input: child.stdout })
  const ready = once(lines, 'line')
  const exit = once(child, 'exit').then(([code]) => {
    throw new DaybookError('internal', `The house of the demo ended with ${code}:\n${log.trim()}`)
  })
  await Promise.race([ready, exit])
  exit.catch(() => {})
}
