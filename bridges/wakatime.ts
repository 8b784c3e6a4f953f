// The WakaTime bridge: what editors, browsers and apps with a plugin of WakaTime tell, by its API. Not for: how, which the
// folder beside this file shows, from the wire upwards: heartbeat, stretch, tell; then taking, teller, server, bridge.
import { defineBridge, type TranslateContext } from './bridge.ts'
import { openWakatime } from './wakatime/bridge.ts'
import { type WakatimeConfig, wakatimeConfig } from './wakatime/config.ts'
import { type Sent, translate } from './wakatime/dry.ts'
import { exampleConfig, exampleContext, examples } from './wakatime/examples.ts'

export const wakatime = defineBridge<WakatimeConfig, Sent, TranslateContext>({
  name: 'wakatime',
  title: 'WakaTime: files edited, pages and apps, from every editor plugin of WakaTime',
  types: ['edit', 'visit', 'focus'],
  sources: ['vscode', 'claude_code', 'browser', 'window', 'editor'],
  paths: ['/wakatime/api/v1', '/wakatime/api'],
  always: true,
  never: [
    'What is in a file: clients tell its path, its language and how many lines it has.',
    'Which keys were pressed.',
    'Files, pages and apps that `privacy` denies: the client is answered as usual, and nothing is kept, also not for sums.',
    'Anything that happens while Daybook is paused, also if a client tells it hours later.',
  ],
  config: wakatimeConfig,
  exampleConfig,
  exampleContext,
  examples,
  translate,
  open: openWakatime,
})
