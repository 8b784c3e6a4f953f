// What is found at a desk and said to be installed, in a HOME of its own; nothing in it changes.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SourceDetails } from '../operations/sources.ts'
import { activitywatch } from './activitywatch.ts'
import { type Desk, deskOf } from './desk.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'daybook-desk-'))
})
afterEach(() => rmSync(home, { recursive: true }))

const desk = (env: Record<string, string> = {}): Desk =>
  deskOf({ env: { PATH: join(home, 'bin'), ...env }, home, product: home })
const house = (source: Partial<SourceDetails>) => ({
  url: 'http://127.0.0.1:1',
  source: { on: true, state: 'ok', urls: ['http://127.0.0.1:5600'], ...source } as SourceDetails,
})
const plan = (source: Partial<SourceDetails> = {}) => activitywatch.plan(desk(), house(source), () => undefined)

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(join(home, path)), { recursive: true })
  writeFileSync(join(home, path), text, { mode })
}

const CHROME =
  'install the extension "ActivityWatch Web Watcher", https://chromewebstore.google.com/detail/activitywatch-web-watcher/nglaklhklhcoonedhgnpgddginnjdadi'
const FIREFOX =
  'install the extension "ActivityWatch Web Watcher", https://addons.mozilla.org/firefox/addon/aw-watcher-web/ and agree in the tab it opens.'

test('at an empty desk it says what to install, and changes nothing', async () => {
  const { found, edits, settings, todo } = await plan()
  expect(found).toEqual(['Daybook, which takes watchers at http://127.0.0.1:5600'])
  expect(edits).toEqual([])
  expect(settings).toBeNull()
  expect(todo).toEqual([
    `Chrome and its kin: ${CHROME}`,
    `Firefox: ${FIREFOX}`,
    'Windows and presence: install aw-watcher-window and aw-watcher-afk, or on Wayland awatcher, and start them with your desktop.',
  ])
  expect(readdirSync(home)).toEqual([])
})

test('what is there is found, and only what is missing is said to be installed', async () => {
  for (const program of ['firefox', 'chromium', 'aw-watcher-afk', 'aw-watcher-window'])
    put(`bin/${program}`, '#!/bin/sh\n', 0o755)
  put('.mozilla/firefox/profiles.ini', '[Profile0]\nName=default\nPath=abc.default\n')
  put('.mozilla/firefox/abc.default/extensions.json', '{"name":"ActivityWatch Web Watcher"}')
  put('.vscode/extensions/extensions.json', '[]')
  put('.config/activitywatch/aw-qt.toml', '')
  const { found, todo } = await plan()
  expect(found.slice(1)).toEqual([
    join(home, 'bin/aw-watcher-window'),
    join(home, 'bin/aw-watcher-afk'),
    `the settings of ActivityWatch, ${join(home, '.config/activitywatch')}`,
    'firefox, with the extension',
    'chromium, without the extension',
    `extensions of an editor, ${join(home, '.vscode/extensions')}, without the watcher`,
  ])
  expect(todo).toEqual([
    `chromium: ${CHROME}`,
    'VS Code: code --install-extension activitywatch.aw-watcher-vscode',
    'Start aw-watcher-window and aw-watcher-afk with your desktop.',
  ])
})

test('the extension of Firefox is said to need an agreement', async () => {
  put('bin/firefox', '#!/bin/sh\n', 0o755)
  expect((await plan()).todo[0]).toBe(`firefox: ${FIREFOX}`)
})

test('it says that the port is off, taken, or one that browsers do not know', async () => {
  expect((await plan({ on: false, urls: [] })).found[0]).toContain('activitywatch.port is off')
  const taken = await plan({ urls: [], state: 'degraded', detail: 'held by aw-server (pid 7)' })
  expect(taken.found[0]).toBe('Daybook (degraded): held by aw-server (pid 7)')
  expect(taken.todo[0]).toContain('quit the program that has the port')
  expect((await plan({ urls: ['http://127.0.0.1:5601'] })).todo[0]).toContain('set activitywatch.port to 5600')
})

test("the person's own watcher is asked where there is one and a screen, else it is waited for", async () => {
  expect(await activitywatch.prove?.(desk(), house({}))).toBeUndefined()
  put('bin/aw-watcher-window', `#!/bin/sh\necho "$@" > ${home}/asked\n`, 0o755)
  expect(await activitywatch.prove?.(desk(), house({}))).toBeUndefined()
  const proof = await activitywatch.prove?.(desk({ DISPLAY: ':7' }), house({}))
  expect(proof?.matches({ source: 'window' } as never)).toBe(true)
  expect(proof?.matches({ source: 'browser' } as never)).toBe(false)
  expect(desk().read(join(home, 'asked'))).toBe('--host 127.0.0.1 --port 5600 --poll-time 1\n')
})
