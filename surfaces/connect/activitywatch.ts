// Connects what ActivityWatch's watchers see: looks which of them are here and says what to install. No file of the person
// is changed: watchers know where to send by themselves. Not for: taking what they send (bridges/activitywatch).
import { join } from 'node:path'
import type { Connector, HouseAtDesk, Proof } from './connector.ts'
import type { Desk } from './desk.ts'

/** The only place that the extensions of browsers and of VS Code know. */
const USUAL = 'http://127.0.0.1:5600'
const WATCHERS = [
  'aw-watcher-window',
  'aw-watcher-afk',
  'aw-watcher-input',
  'awatcher',
  'aw-qt',
  'aw-server',
  'aw-server-rust',
]
/** How long a watcher runs to tell the window in front, ms. */
const WATCH_MS = 6_000

/** By the browser's programs: where it keeps its profiles. */
const CHROMIUMS: readonly (readonly [programs: readonly string[], profiles: string])[] = [
  [['google-chrome', 'google-chrome-stable'], 'google-chrome'],
  [['chromium', 'chromium-browser'], 'chromium'],
  [['brave-browser', 'brave'], 'BraveSoftware/Brave-Browser'],
  [['microsoft-edge', 'microsoft-edge-stable'], 'microsoft-edge'],
]
/** The extension in Chrome's store, which the other Chromiums use, too. */
const IN_CHROME = 'nglaklhklhcoonedhgnpgddginnjdadi'
const CHROME_STORE = `https://chromewebstore.google.com/detail/activitywatch-web-watcher/${IN_CHROME}`
const FIREFOX_STORE = 'https://addons.mozilla.org/firefox/addon/aw-watcher-web/'
const EDITORS = ['.vscode', '.vscode-oss', '.cursor']
const IN_VSCODE = 'activitywatch.aw-watcher-vscode'

export const activitywatch: Connector = {
  source: 'activitywatch',
  aliases: ['browser', 'vscode', 'window', 'afk'],
  summary: 'Browser, windows, presence and editors, by the watchers of ActivityWatch',
  async plan(desk, house) {
    const programs = WATCHERS.flatMap((name) => desk.which(name) ?? [])
    const browsers = browsersOn(desk)
    const editors = editorsOn(desk)
    const settings = join(desk.config, 'activitywatch')
    return {
      found: [
        houseLine(house),
        ...programs,
        ...(desk.isFolder(settings) ? [`the settings of ActivityWatch, ${settings}`] : []),
        ...browsers.map(({ name, has }) => `${name}, ${has ? 'with' : 'without'} the extension`),
        ...editors.map(
          ({ folder, has }) => `extensions of an editor, ${folder}, ${has ? 'with' : 'without'} the watcher`,
        ),
      ],
      edits: [],
      settings: null,
      todo: [...portTodo(house), ...browserTodo(browsers), ...editorTodo(editors), ...programTodo(desk)],
    }
  },
  awaits: 'look at a page, a window or a file, and then at another one: each is told when you leave it',
  prove: watchWindow,
}

function houseLine({ source: { on, state, detail, urls } }: HouseAtDesk): string {
  if (!on) return `Daybook, where activitywatch.port is off: connecting turns it on, at ${USUAL}`
  const [url] = urls
  return url !== undefined
    ? `Daybook, which takes watchers at ${url}`
    : `Daybook (${state}): ${detail ?? 'it has no port'}`
}

function portTodo({ source: { on, urls } }: HouseAtDesk): string[] {
  if (!on || urls[0] === USUAL) return []
  const elsewhere = `Browser and VS Code send to ${USUAL} only, where Daybook does not listen: `
  return urls[0] === undefined
    ? [`${elsewhere}quit the program that has the port and keep its watchers, or go on with both; Daybook follows it.`]
    : [`${elsewhere}set activitywatch.port to 5600; other watchers take --host and --port.`]
}

interface Browser {
  name: string
  has: boolean
}

function browsersOn(desk: Desk): Browser[] {
  const chromiums = CHROMIUMS.flatMap(([programs, profiles]) => {
    const name = programs.find((program) => desk.which(program) !== null)
    return name ? [{ name, has: desk.isFolder(join(desk.config, profiles, 'Default/Extensions', IN_CHROME)) }] : []
  })
  return desk.which('firefox') ? [{ name: 'firefox', has: inFirefox(desk) }, ...chromiums] : chromiums
}

/** profiles.ini names the folders of its profiles, each of which lists its extensions. */
function inFirefox(desk: Desk): boolean {
  const home = join(desk.home, '.mozilla/firefox')
  const profiles = desk.read(join(home, 'profiles.ini')) ?? ''
  const folders = [...profiles.matchAll(/^Path=(.+)$/gm)].map(([, path = '']) => path.trim())
  return folders.some((folder) =>
    /ActivityWatch Web Watcher/.test(desk.read(join(home, folder, 'extensions.json')) ?? ''),
  )
}

function editorsOn(desk: Desk): { folder: string; has: boolean }[] {
  return EDITORS.map((name) => join(desk.home, name, 'extensions'))
    .filter((folder) => desk.isFolder(folder))
    .map((folder) => ({ folder, has: (desk.read(join(folder, 'extensions.json')) ?? '').includes(IN_VSCODE) }))
}

function browserTodo(browsers: readonly Browser[]): string[] {
  const without = browsers.filter(({ has }) => !has).map(({ name }) => name)
  if (browsers.length > 0 && without.length === 0) return []
  const chromiums = without.filter((name) => name !== 'firefox')
  const inChromium = `install the extension "ActivityWatch Web Watcher", ${CHROME_STORE}`
  const inFirefox = `install the extension "ActivityWatch Web Watcher", ${FIREFOX_STORE} and agree in the tab it opens`
  if (without.length === 0) return [`Chrome and its kin: ${inChromium}`, `Firefox: ${inFirefox}.`]
  return [
    ...(without.includes('firefox') ? [`firefox: ${inFirefox}.`] : []),
    ...(chromiums.length > 0 ? [`${chromiums.join(', ')}: ${inChromium}`] : []),
  ]
}

function editorTodo(editors: readonly { has: boolean }[]): string[] {
  return editors.some(({ has }) => !has) ? [`VS Code: code --install-extension ${IN_VSCODE}`] : []
}

/** One program sees windows and presence on Wayland, two do on X11. */
function programTodo(desk: Desk): string[] {
  if (desk.which('awatcher') || desk.which('aw-qt')) return []
  const missing = ['aw-watcher-window', 'aw-watcher-afk'].filter((name) => desk.which(name) === null)
  if (missing.length === 0) return ['Start aw-watcher-window and aw-watcher-afk with your desktop.']
  return [
    `Windows and presence: install ${missing.join(' and ')}, or on Wayland awatcher, and start them with your desktop.`,
  ]
}

/** Has the person's own watcher tell the window in front, where there is one and a screen to look at. */
async function watchWindow(desk: Desk, { source }: HouseAtDesk): Promise<Proof | undefined> {
  const program = desk.which('aw-watcher-window')
  const [url] = source.urls
  if (!program || url === undefined || !desk.env.DISPLAY) return undefined
  const { hostname, port } = new URL(url)
  await desk.run(program, ['--host', hostname, '--port', port, '--poll-time', '1'], { timeoutMs: WATCH_MS })
  return { what: 'aw-watcher-window saw the window in front', matches: ({ source: from }) => from === 'window' }
}
