// Connects WakaTime's plugins: names the house and its key in ~/.wakatime.cfg, which every editor plugin reads. Not for: the
// file's form (wakatime-config.ts), or the browser extension, which has settings of its own.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, HouseAtDesk, Proof } from './connector.ts'
import type { Desk } from './desk.ts'
import { accountIn, withHouse, withoutHouse } from './wakatime-config.ts'

/** Where plugins put themselves, below the person's folder. */
const PLUGINS: readonly (readonly [string, string])[] = [
  ['vim-wakatime', '.vim/plugged/vim-wakatime'],
  ['vim-wakatime', '.vim/bundle/vim-wakatime'],
  ['vim-wakatime in Neovim', '.local/share/nvim/lazy/vim-wakatime'],
  ['vim-wakatime in Neovim', '.local/share/nvim/plugged/vim-wakatime'],
  ['WakaTime in Sublime Text', '.config/sublime-text/Packages/WakaTime'],
]
/** Lists of extensions that editors of this family keep. */
const EXTENSIONS = ['.vscode', '.vscode-server', '.vscode-oss', '.cursor', '.windsurf']
const SYSTEMS = ['linux', 'darwin', 'windows'].flatMap((os) =>
  ['amd64', 'arm64', 'arm', '386'].map((a) => `${os}-${a}`),
)

export const wakatime: Connector = {
  source: 'wakatime',
  aliases: ['editor', 'editors'],
  summary: 'WakaTime plugins of editors: their server is this house',
  async plan(desk, house) {
    const { url, key } = serverOf(house)
    const path = configFile(desk)
    const before = desk.read(path)
    const account = accountIn(before)
    const program = cliOf(desk)
    const plugins = pluginsOf(desk)
    return {
      found: [
        ...(program ? [`wakatime-cli, ${program}`] : []),
        ...plugins,
        ...(before === null ? [] : [`settings of WakaTime, ${path}`]),
        ...(program || plugins.length > 0 || before !== null ? [] : ['no plugin of WakaTime yet']),
      ],
      edits: [{ path, why: `plugins tell ${url}`, apply: (now) => withHouse(now, { url, key }) }],
      settings: null,
      todo: [
        ...(program || plugins.length > 0
          ? []
          : ['Install the WakaTime plugin of your editor; it finds these settings.']),
        ...(account.hasKey
          ? [
              `${hostOf(account.url)} gets nothing from now on, as nothing is relayed; its settings come back with disconnect.`,
              'What it has of your past: `daybook import wakatime --from` with a data dump, or http://KEY@host/api/v1.',
            ]
          : []),
        ...overridesIn(desk),
        `The browser extension of WakaTime has settings of its own: API URL ${url}, and the key in ${path}.`,
      ],
    }
  },
  prove,
  undo: (_, now) => withoutHouse(now),
}

/** The person's own wakatime-cli sends something, or we do as a plugin without it would. */
async function prove(desk: Desk, house: HouseAtDesk): Promise<Proof> {
  const entity = `daybook-connect-${randomUUID()}`
  const program = cliOf(desk)
  const matches: Proof['matches'] = ({ details }) => details?.app === entity
  if (program) {
    const args = ['--entity', entity, '--entity-type', 'app', '--plugin', 'daybook/1 daybook-wakatime/1']
    const { code } = await desk.run(program, args)
    // It may have been told not to send so soon again, and queued it.
    const { code: synced } = await desk.run(program, ['--sync-offline-activity', '100'])
    if (code === 0 && synced === 0) return { what: `${program} sent a heartbeat`, matches }
  }
  const { url, key } = serverOf(house)
  const body = JSON.stringify([{ entity, type: 'app', category: 'coding', time: Date.now() / 1000 }])
  const headers = { authorization: `Basic ${Buffer.from(key).toString('base64')}`, 'content-type': 'application/json' }
  const answer = await fetch(`${url}/users/current/heartbeats.bulk`, { method: 'POST', body, headers })
  if (answer.status !== 201) throw new DaybookError('not_running', `${url} answers ${answer.status}.`)
  return { what: 'a heartbeat as plugins send it', matches }
}

function serverOf({ url, source }: HouseAtDesk): { url: string; key: string } {
  if (source.key === null) {
    const fix = `its key is known to the house alone. Say where that is, with its token: --url ${url} --token-file FILE.`
    throw new DaybookError('invalid', `Plugins of WakaTime go to the house itself, and ${fix}`)
  }
  return { url: source.urls[0] ?? `${url}/wakatime/api/v1`, key: source.key }
}

/** As wakatime-cli looks for it (pkg/ini/ini.go). */
function configFile({ env, home }: Desk): string {
  const folder = env.WAKATIME_HOME?.trim().replace(/^~(?=\/|$)/, home)
  return join(folder || home, '.wakatime.cfg')
}

function cliOf(desk: Desk): string | null {
  const folder = desk.env.WAKATIME_HOME?.trim() || join(desk.home, '.wakatime')
  const own = ['wakatime-cli', ...SYSTEMS.map((system) => `wakatime-cli-${system}`)].map((name) => join(folder, name))
  return desk.which('wakatime-cli') ?? own.find((path) => desk.isProgram(path)) ?? null
}

function pluginsOf(desk: Desk): string[] {
  const folders = PLUGINS.filter(([, path]) => desk.isFolder(join(desk.home, path)))
  const lists = EXTENSIONS.filter((name) => /vscode-wakatime/i.test(desk.read(extensionsOf(desk, name)) ?? ''))
  return [
    ...folders.map(([name, path]) => `${name}, ${join(desk.home, path)}`),
    ...lists.map((name) => `vscode-wakatime, ${extensionsOf(desk, name)}`),
  ]
}

function extensionsOf({ home }: Desk, name: string): string {
  return join(home, name, 'extensions/extensions.json')
}

/** What plugins heed before the file. */
function overridesIn(desk: Desk): string[] {
  const variables = ['WAKATIME_API_KEY', 'WAKATIME_API_URL'].filter((name) => desk.env[name])
  const code = join(desk.config, 'Code/User/settings.json')
  const isSet = /"wakatime\.api(?:Key|Url)"\s*:\s*"[^"]+"/.test(desk.read(code) ?? '')
  return [
    ...variables.map((name) => `The variable ${name} is set, and some editors heed it before the file: unset it.`),
    ...(isSet ? [`VS Code has a key or address of its own: take "wakatime.api..." out of ${code}.`] : []),
  ]
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url
}
