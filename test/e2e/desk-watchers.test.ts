// The real aw-watcher-window and aw-watcher-afk on a screen of their own, unmodified, beside a started Daybook. No registry
// has them: AW_WATCHER_WINDOW and AW_WATCHER_AFK name checkouts of ActivityWatch/aw-watcher-window and aw-watcher-afk.
// Not for: what becomes of every kind of event (bridges/activitywatch).
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { House } from '../house.ts'
import { journey, missing } from '../journey.ts'

const run = promisify(execFile)
const INSTALL_MS = 300_000
const SETTLE_MS = 60_000
const { AW_WATCHER_WINDOW, AW_WATCHER_AFK } = process.env
const packages: [string, string][] = [
  'Xvfb:xvfb',
  'openbox:openbox',
  'xterm:xterm',
  'xdotool:xdotool',
  'xprop:x11-utils',
].map((pair) => pair.split(':') as [string, string])
const reason =
  AW_WATCHER_WINDOW && AW_WATCHER_AFK
    ? missing(...packages)
    : 'AW_WATCHER_WINDOW and AW_WATCHER_AFK name no checkouts of the watchers'
if (reason) console.warn(`skipped: the real watchers: ${reason}`)

test.skipIf(reason !== null)('windows and presence of a real screen are told by the real watchers', async () => {
  const programs = await installed(AW_WATCHER_WINDOW ?? '', AW_WATCHER_AFK ?? '')
  await using here = await journey()
  const house = await here.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  const { port } = new URL(house.ready.activitywatch.url ?? '')
  await using screen = await screenIn(here.folder)
  const to = ['--host', '127.0.0.1', '--port', port]
  await screen.window('daybook first')
  screen.start(programs.window, [...to, '--poll-time', '0.5'])
  screen.start(programs.afk, [...to, '--timeout', '3', '--poll-time', '1'])
  const buckets = `${house.ready.activitywatch.url}/api/0/export`
  const watched = async () => (await fetch(buckets)).text()
  await expect.poll(watched, { timeout: SETTLE_MS }).toContain('daybook first')
  await screen.use()
  await screen.window('daybook second')
  // Nobody is there for longer than the timeout, and then somebody comes back.
  await expect.poll(() => states(house, 'afk'), { timeout: SETTLE_MS }).toContain('active')
  await screen.use()
  await screen.window('daybook third')
  await expect.poll(() => states(house, 'afk'), { timeout: SETTLE_MS }).toContain('away')
  await expect
    .poll(() => states(house, 'window'), { timeout: SETTLE_MS })
    .toEqual(expect.arrayContaining(['daybook first', 'daybook second']))
  expect(await house.stop()).toBe(0)
})

async function states(house: House, source: string): Promise<unknown[]> {
  const answer = await house.api(`/api/v1/activities?source=${source}&limit=1000`)
  const { items } = (await answer.json()) as { items: ActivityEvent[] }
  return items.map(({ details }) => details?.state ?? details?.title)
}

/** In an environment of their own, once. */
async function installed(window: string, afk: string): Promise<{ window: string; afk: string }> {
  const folder = resolve(import.meta.dirname, '../../node_modules/.cache/aw-watchers')
  const done = join(folder, 'installed')
  if (!existsSync(done)) {
    await mkdir(folder, { recursive: true })
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_MS })
    const pip = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', resolve(window), resolve(afk)]
    await run(join(folder, 'bin/python'), pip, { timeout: INSTALL_MS })
    await writeFile(done, '')
  }
  return { window: join(folder, 'bin/aw-watcher-window'), afk: join(folder, 'bin/aw-watcher-afk') }
}

interface Screen extends AsyncDisposable {
  start(program: string, words: string[]): ChildProcess
  /** Opens a window with this title, in front. */
  window(title: string): Promise<void>
  /** Somebody moves the pointer and presses a key. */
  use(): Promise<void>
}

async function screenIn(folder: string): Promise<Screen> {
  const children: ChildProcess[] = []
  const home = join(folder, 'home')
  await mkdir(home)
  const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '800x600x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  children.push(server)
  const number = await new Promise<string>((got) =>
    server.stdio[3]?.once('data', (text: Buffer) => got(`${text}`.trim())),
  )
  const env = { PATH: process.env.PATH ?? '', HOME: home, LANG: 'C.UTF-8', DISPLAY: `:${number}` }
  const start: Screen['start'] = (program, words) => {
    const child = spawn(program, words, { env, stdio: 'ignore' })
    children.push(child)
    return child
  }
  start('openbox', [])
  // A window that is there before its manager is never in front.
  const manager = async () => (await run('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK'], { env })).stdout
  await expect.poll(() => manager().catch(() => ''), { timeout: SETTLE_MS }).toMatch(/0x[1-9a-f]/)
  const active = async () => (await run('xdotool', ['getactivewindow', 'getwindowname'], { env })).stdout.trim()
  return {
    start,
    async window(title) {
      start('xterm', ['-T', title, '-e', 'sleep', '300'])
      await expect.poll(() => active().catch(() => ''), { timeout: SETTLE_MS }).toBe(title)
      // The watcher looks every half second, and shows nobody that it did.
      await sleep(2000)
    },
    async use() {
      for (const x of ['50', '90', '130']) await run('xdotool', ['mousemove', x, '100', 'key', 'a'], { env })
    },
    async [Symbol.asyncDispose]() {
      for (const child of children.reverse()) {
        const gone = new Promise((resolve) => child.once('exit', resolve))
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await gone
        }
      }
    },
  }
}
