// The ActivityWatch bridge: what browsers, windows and editors are used for, sent by the watchers that people already run.
// Not for: how, which the folder beside this file shows, from the wire upwards: store, server and query are the server;
// meanings, translate, closing say what it means; then live, follow, import, door, bridge.
import { openActivitywatch } from './activitywatch/bridge.ts'
import { type ActivitywatchConfig, activitywatchConfig } from './activitywatch/config.ts'
import { exampleConfig, exampleContext, examples } from './activitywatch/examples.ts'
import { translate } from './activitywatch/translate.ts'
import { defineBridge } from './bridge.ts'

export const activitywatch = defineBridge<ActivitywatchConfig, unknown>({
  name: 'activitywatch',
  title: "ActivityWatch's watchers: pages in the browser, windows, presence at the computer, files in editors",
  types: ['visit', 'focus', 'presence', 'edit', 'playback', 'unlock', 'strokes', 'timing', 'custom'],
  sources: ['browser', 'window', 'afk', 'vscode', 'vim', 'media', 'phone', 'input', 'stopwatch', 'activitywatch'],
  never: [
    'Private and incognito windows: the watcher is answered as usual, and nothing is kept, also not in the buckets.',
    'What is on a page, in a file or in a terminal: only titles, addresses and names.',
    'Which keys were pressed: aw-watcher-input counts them.',
    'Anything that happens while Daybook is paused.',
  ],
  config: activitywatchConfig,
  exampleConfig,
  exampleContext,
  examples,
  translate,
  open: (host) => openActivitywatch(host),
})
