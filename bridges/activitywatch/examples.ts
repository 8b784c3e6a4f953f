// What the bridge makes of what watchers send: documentation, contract test and dry run. Buckets and events are in the form
// of ActivityWatch's API; the desk is made up. Not for: every watcher (meanings.ts).
import type { BridgeExample, TranslateContext } from '../bridge.ts'

/** Any free port of the loopback. */
export const exampleConfig = { port: 0 }

export const exampleContext: TranslateContext = { space: 'home', now: Date.parse('2026-03-14T12:00:00Z') }

const at = (time: string) => `2026-03-14T${time}+00:00`
const bucketOf = (id: string, type: string, client = id) => ({ id: `${id}_desk`, type, client, hostname: 'desk' })
const window = bucketOf('aw-watcher-window', 'currentwindow')
const web = bucketOf('aw-watcher-web-firefox', 'web.tab.current', 'aw-client-web')
const afk = bucketOf('aw-watcher-afk', 'afkstatus')
const page = {
  url: 'https://github.com/ada/daybook/issues',
  title: 'Issues · ada/daybook',
  audible: false,
  incognito: false,
  tabCount: 12,
}
const visit = {
  url: page.url,
  title: page.title,
  domain: 'github.com',
  audible: false,
  browser: 'firefox',
  tab_count: 12,
  host: 'desk',
}

export const examples: readonly BridgeExample<unknown>[] = [
  {
    title: 'A page that was looked at for a moment',
    input: { bucket: web, event: { timestamp: at('09:00:00.123'), duration: 12.5, data: page } },
    output: [
      {
        source: 'browser',
        type: 'visit',
        summary: 'Issues · ada/daybook (github.com), 13 s',
        timestamp: Date.parse(at('09:00:00.123')),
        duration: 12_500,
        data: visit,
      },
    ],
  },
  {
    title: 'A page that has been open for a minute',
    input: { bucket: web, event: { timestamp: at('09:10:00'), duration: 60, data: page }, phase: 'start' },
    output: [
      { source: 'browser', type: 'visit', summary: 'Issues · ada/daybook (github.com)', phase: 'start', data: visit },
    ],
  },
  {
    title: 'It was left',
    input: { bucket: web, event: { timestamp: at('09:10:00'), duration: 187.2, data: page }, phase: 'end' },
    output: [
      {
        source: 'browser',
        type: 'visit',
        summary: 'Issues · ada/daybook (github.com), 3 min',
        phase: 'end',
        duration: 187_200,
        data: visit,
      },
    ],
  },
  {
    title: 'A window',
    input: {
      bucket: window,
      event: { timestamp: at('09:20:00'), duration: 40, data: { app: 'Alacritty', title: 'vim notes.md' } },
    },
    output: [
      {
        source: 'window',
        type: 'focus',
        summary: 'vim notes.md (Alacritty), 40 s',
        data: { app: 'Alacritty', title: 'vim notes.md', host: 'desk' },
      },
    ],
  },
  {
    title: 'Nobody touches the keyboard',
    input: { bucket: afk, event: { timestamp: at('09:30:00'), duration: 1260, data: { status: 'afk' } } },
    output: [
      {
        source: 'afk',
        type: 'presence',
        summary: 'Away from the computer, 21 min',
        data: { state: 'away', host: 'desk' },
      },
    ],
  },
  {
    title: 'A file in VS Code',
    input: {
      bucket: bucketOf('aw-watcher-vscode', 'app.editor.activity'),
      event: {
        timestamp: at('09:40:00'),
        duration: 300,
        data: {
          file: '/home/ada/daybook/app.ts',
          project: '/home/ada/daybook',
          language: 'typescript',
          branch: 'main',
        },
      },
    },
    output: [
      {
        source: 'vscode',
        type: 'edit',
        summary: 'app.ts (daybook, main), 5 min',
        data: {
          file: '/home/ada/daybook/app.ts',
          project: 'daybook',
          language: 'typescript',
          branch: 'main',
          project_path: '/home/ada/daybook',
          host: 'desk',
        },
      },
    ],
  },
  {
    title: 'A file in Vim, which knows no branch and writes its offset without a colon',
    input: {
      bucket: bucketOf('aw-watcher-vim', 'app.editor.activity'),
      event: {
        timestamp: '2026-03-14T10:50:00+0100',
        duration: 31,
        data: { file: '/home/ada/notes.md', project: 'unknown', language: 'markdown' },
      },
    },
    output: [
      {
        source: 'vim',
        type: 'edit',
        summary: 'notes.md, 31 s',
        timestamp: Date.parse(at('09:50:00')),
        data: { file: '/home/ada/notes.md', language: 'markdown', host: 'desk' },
      },
    ],
  },
  {
    title: 'Music',
    input: {
      bucket: bucketOf('aw-watcher-spotify', 'currently-playing'),
      event: {
        timestamp: at('10:00:00'),
        duration: 200,
        data: { title: 'Cello Suite', artist: 'Bach', popularity: 60 },
      },
    },
    output: [
      {
        source: 'media',
        type: 'playback',
        summary: 'Cello Suite by Bach, 3 min',
        data: { title: 'Cello Suite', artist: 'Bach', popularity: 60, host: 'desk' },
      },
    ],
  },
  {
    title: 'A phone is unlocked, from an export of the Android app',
    input: {
      bucket: {
        id: 'aw-watcher-android-unlock',
        type: 'os.lockscreen.unlocks',
        client: 'aw-android',
        hostname: 'unknown',
      },
      event: { timestamp: at('10:10:00'), duration: 0, data: {} },
    },
    output: [{ source: 'phone', type: 'unlock', summary: 'Phone unlocked', duration: 0, data: {} }],
  },
  {
    title: 'Keys and clicks of a minute, counted',
    input: {
      bucket: bucketOf('aw-watcher-input', 'os.hid.input'),
      event: { timestamp: at('10:20:00'), duration: 60, data: { presses: 210, clicks: 1, deltaX: 900 } },
    },
    output: [
      {
        source: 'input',
        type: 'strokes',
        summary: '210 keys, 1 click, 1 min',
        data: { presses: 210, clicks: 1, delta_x: 900, host: 'desk' },
      },
    ],
  },
  {
    title: 'A stopwatch of aw-webui',
    input: {
      bucket: { id: 'aw-stopwatch', type: 'general.stopwatch', client: 'aw-webui', hostname: 'unknown' },
      event: { timestamp: at('10:30:00'), duration: 1500, data: { label: 'Reading', running: false } },
    },
    output: [{ source: 'stopwatch', type: 'timing', summary: 'Reading, 25 min', data: { label: 'Reading' } }],
  },
  {
    title: 'A stopwatch that runs tells nothing yet',
    input: {
      bucket: { id: 'aw-stopwatch', type: 'general.stopwatch', client: 'aw-webui', hostname: 'unknown' },
      event: { timestamp: at('10:40:00'), duration: 0, data: { label: 'Reading', running: true } },
    },
    output: [],
  },
  {
    title: 'A kind of bucket that Daybook does not know, of no known watcher',
    input: {
      bucket: { id: 'coffee', type: 'Custom', client: 'my-script', hostname: '' },
      event: { timestamp: at('10:50:00'), duration: 30, data: { title: 'Espresso', shots: 2 } },
    },
    output: [
      {
        source: 'activitywatch',
        type: 'custom',
        summary: 'Espresso, 30 s',
        data: { title: 'Espresso', shots: 2 },
      },
    ],
  },
]
