// Stock watchers at a started Daybook: on a screen of their own, aw-watcher-window and aw-watcher-afk (AW_WATCHERS names the
// folder of both programs) and aw-watcher-vim in a real vim (AW_WATCHER_VIM names a checkout); and, needing none of them,
// the requests of the watchers for Vim and VS Code as their sources send them. Not for: browsers (desk-browser.test.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { House } from '../house.ts'
import { type Journey, journey, missing } from '../journey.ts'

const noScreen = missing(
  ['Xvfb', 'xvfb'],
  ['openbox', 'openbox'],
  ['xterm', 'xterm'],
  ['xdotool', 'xdotool'],
  ['vim', 'vim'],
)
/** Where pip has put ActivityWatch/aw-watcher-window and aw-watcher-afk; no registry carries them. */
const programs = process.env.AW_WATCHERS ?? ''
const hasBoth = ['aw-watcher-window', 'aw-watcher-afk'].every((name) => existsSync(join(programs, name)))
const noWatchers =
  noScreen ?? (hasBoth ? null : 'AW_WATCHERS names no folder with aw-watcher-window and aw-watcher-afk')
const plugin = join(process.env.AW_WATCHER_VIM ?? '', 'plugin/activitywatch.vim')
const noVim =
  noScreen ??
  missing(['curl', 'curl']) ??
  (existsSync(plugin) ? null : 'AW_WATCHER_VIM names no checkout of aw-watcher-vim')
for (const reason of new Set([noWatchers, noVim])) if (reason) console.warn(`skipped: stock watchers: ${reason}`)

const SETTLE_MS = 60_000
const soon = { timeout: SETTLE_MS, interval: 200 }

let travels: Journey
let house: House
let url: string
const running: ChildProcess[] = []
beforeAll(async () => {
  travels = await journey()
  house = await travels.start({ env: { DAYBOOK__ACTIVITYWATCH__PORT: '0' } })
  url = house.ready.activitywatch.url ?? ''
})
afterAll(async () => {
  for (const child of running.reverse()) if (child.exitCode === null) child.kill()
  await travels?.[Symbol.asyncDispose]()
})

describe.skipIf(noWatchers && noVim)('on a screen', () => {
  let env: NodeJS.ProcessEnv
  beforeAll(async () => {
    const home = join(travels.folder, 'home')
    await mkdir(home)
    // Any display that is free; the server says which once it is up.
    const screen = start('Xvfb', ['-displayfd', '1', '-screen', '0', '800x600x24'], {}, 'pipe')
    const number = await new Promise<string>((resolve) => screen.stdout?.once('data', (data) => resolve(`${data}`)))
    env = { PATH: process.env.PATH, HOME: home, LC_ALL: 'C.UTF-8', DISPLAY: `:${number.trim()}` }
    start('openbox', [], env)
  })

  test.skipIf(noWatchers)('the windows in front and the person before them are told', async () => {
    const { hostname: address, port } = new URL(url)
    const where = ['--host', address, '--port', port]
    const first = start('xterm', ['-T', 'first', '-e', 'sleep', '600'], env)
    const window = start(join(programs, 'aw-watcher-window'), [...where, '--poll-time', '0.5'], env)
    const focus = async () => (await rows('window')).map(({ details }) => `${details?.app} ${details?.title}`)
    const inFront = async (title: string) => {
      // Whoever is quicker, window or window manager.
      await exit(start('xdotool', ['search', '--sync', '--name', title, 'windowactivate'], env))
      return latest(`aw-watcher-window_${hostname()}`)
    }
    await expect.poll(() => inFront('first'), soon).toMatchObject({ app: 'XTerm', title: 'first' })
    const second = start('xterm', ['-T', 'second', '-e', 'sleep', '600'], env)
    await expect.poll(() => inFront('second'), soon).toMatchObject({ title: 'second' })
    second.kill()
    await expect.poll(focus, soon).toEqual(expect.arrayContaining(['XTerm first', 'XTerm second']))
    const [told] = (await rows('window')).filter(({ details }) => details?.title === 'first')
    expect(told).toMatchObject({ eventType: 'focus', details: { host: hostname() } })
    expect(told?.duration).toBeGreaterThan(0)
    window.kill()
    first.kill()

    start(join(programs, 'aw-watcher-afk'), [...where, '--timeout', '2', '--poll-time', '0.5'], env)
    const presence = async () => (await rows('afk')).map(({ details }) => details?.state)
    const now = () => latest(`aw-watcher-afk_${hostname()}`)
    await expect.poll(now, soon).toEqual({ status: 'afk' })
    start('xdotool', ['mousemove', '100', '100', 'key', 'a'], env)
    await expect.poll(now, soon).toEqual({ status: 'not-afk' })
    await expect.poll(presence, soon).toEqual(expect.arrayContaining(['away', 'active']))
    const away = (await rows('afk')).filter(({ details }) => details?.state === 'away')
    expect(Math.max(...away.map(({ duration = 0 }) => duration))).toBeGreaterThan(1500)
  })

  test.skipIf(noVim)('a real vim tells the file that is edited', async () => {
    const file = join(travels.folder, 'notes.md')
    await writeFile(file, 'one\ntwo\n')
    const port = `let g:aw_apiurl_port = '${new URL(url).port}'`
    const named = "let g:aw_hostname = 'screen'"
    const words = ['--cmd', port, '--cmd', named, '--cmd', `source ${plugin}`, '--cmd', 'filetype on', file]
    start('xterm', ['-T', 'vim', '-e', 'vim', '-N', '-u', 'NONE', ...words], env)
    const bucket = 'aw-watcher-vim_screen'
    await expect.poll(() => latest(bucket), soon).toBeNull()
    for (let key = 0; key < 4; key++) {
      await exit(start('xdotool', ['search', '--sync', '--name', '^vim$', 'windowfocus', 'key', 'j'], env))
      await new Promise((resolve) => setTimeout(resolve, 1100))
    }
    await expect.poll(() => latest(bucket), soon).toEqual({ file, language: 'markdown', project: process.cwd() })
    // The bucket's end closes what is open in it.
    await fetch(`${url}/api/0/buckets/${bucket}?force=1`, { method: 'DELETE' })
    await expect.poll(() => rows('vim'), soon).toMatchObject([{ eventType: 'edit', details: { file, host: 'screen' } }])
  })
})

describe('the requests of the watcher for', () => {
  const heartbeat = (name: string, pulse: number, timestamp: string, data: object) =>
    sent(`${name}/heartbeat?pulsetime=${pulse}`, { timestamp, duration: 0, data })

  // aw-watcher-vim 4ba86d0: curl, no fraction of a second, an offset without a colon, a name in what makes the bucket.
  test('Vim become edits', async () => {
    const name = 'aw-watcher-vim_replayed'
    const about = { name, hostname: 'replayed', client: 'aw-watcher-vim', type: 'app.editor.activity' }
    expect([await sent(name, about), await sent(name, about)]).toEqual([200, 304])
    const began = Math.floor(Date.now() / 1000) * 1000 - 60_000
    const at = (seconds: number) => `${new Date(began + (seconds + 3600) * 1000).toISOString().slice(0, 19)}+0100`
    const data = (file: string) => ({ file, language: 'typescript', project: '/home/user/daybook' })
    for (const seconds of [0, 2, 31]) {
      expect(await heartbeat(name, 30, at(seconds), data('/home/user/daybook/app.ts'))).toBe(200)
    }
    expect(await heartbeat(name, 30, at(33), data('/home/user/daybook/main.ts'))).toBe(200)
    await expect
      .poll(() => of('vim', 'replayed'), soon)
      .toMatchObject([
        {
          eventType: 'edit',
          timestamp: began,
          duration: 31_000,
          details: { file: '/home/user/daybook/app.ts', project: 'daybook', language: 'typescript' },
        },
      ])
  })

  // aw-watcher-vscode 36093d4, over aw-client-js: the bucket by POST alone, `unknown` for what it does not know.
  test('VS Code become edits', async () => {
    const name = 'aw-watcher-vscode_replayed'
    const about = { client: 'aw-watcher-vscode', type: 'app.editor.activity', hostname: 'replayed' }
    expect([await sent(name, about), await sent(name, about)]).toEqual([200, 304])
    const began = Date.now() - 60_000
    const at = (seconds: number) => new Date(began + seconds * 1000).toISOString()
    const project = '/home/user/daybook'
    const data = { language: 'typescript', project, file: `${project}/app.ts`, branch: 'main' }
    const unknown = { language: 'unknown', project: 'unknown', file: 'unknown', branch: 'unknown' }
    expect(await heartbeat(name, 20, at(0), data)).toBe(200)
    expect(await heartbeat(name, 20, at(19), data)).toBe(200)
    expect(await heartbeat(name, 20, at(20), unknown)).toBe(200)
    expect(await heartbeat(name, 20, at(25), data)).toBe(200)
    await expect
      .poll(() => of('vscode', 'replayed'), soon)
      .toMatchObject([
        {
          eventType: 'edit',
          duration: 19_000,
          details: { file: `${project}/app.ts`, project: 'daybook', branch: 'main' },
        },
        { eventType: 'edit' },
      ])
  })
})

function start(program: string, words: string[], env: NodeJS.ProcessEnv, stdout: 'ignore' | 'pipe' = 'ignore') {
  const child = spawn(program, words, { env: { ...process.env, ...env }, stdio: ['ignore', stdout, 'ignore'] })
  running.push(child)
  return child
}

function exit(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', resolve))
}

async function sent(path: string, body: unknown): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return (await fetch(`${url}/api/0/buckets/${path}`, init)).status
}

/** What the bucket holds last; null: nothing yet, undefined: no such bucket. */
async function latest(bucket: string): Promise<unknown> {
  const answer = await fetch(`${url}/api/0/buckets/${bucket}/events?limit=1`)
  if (!answer.ok) return undefined
  return ((await answer.json()) as { data: unknown }[])[0]?.data ?? null
}

async function rows(source: string): Promise<ActivityEvent[]> {
  const answer = await house.api(`/api/v1/activities?source=${source}&order=asc&limit=1000`)
  return ((await answer.json()) as { items: ActivityEvent[] }).items
}

async function of(source: string, host: string): Promise<ActivityEvent[]> {
  return (await rows(source)).filter(({ details }) => details?.host === host)
}
