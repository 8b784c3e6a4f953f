// The generated part of a source's page in docs/sources/: what it captures and never does, as its own examples say it, and
// its settings. Not for: the prose around it, which is written by hand.
import type { z } from 'zod'
import type { Bridge } from '../../bridges/bridge.ts'
import { variableOf } from '../../config.ts'
import { table } from './markdown.ts'
import { settingsOf } from './settings.ts'

const BEGIN = '<!-- From here `npm run docs` writes what the bridge itself says. Edit bridges/ instead. -->'
const END = '<!-- To here. -->'

/** The page with its generated part as it should be; put at the end of a page that has none yet. */
export function withSource(page: string, bridge: Bridge, section: readonly string[]): string {
  const part = `${BEGIN}\n\n${sourcePart(bridge, section)}\n${END}\n`
  const [head = '', rest] = page.split(BEGIN)
  if (rest === undefined) return `${page.trimEnd()}\n\n${part}`
  return head + part + (rest.split(`${END}\n`)[1] ?? '')
}

/** `section`: the path of its settings, `bridges.frigate`. */
export function sourcePart(bridge: Bridge, section: readonly string[]): string {
  const { types, sources = [bridge.name], never = [], paths = [] } = bridge
  const reached = paths.map((path) => `\`${path}\``).join(', ')
  return [
    '## What is captured\n',
    `Types: ${words(types)}. Sources: ${words(sources)}.${reached && ` Its clients come to ${reached}.`}\n`,
    table(
      ['For example', 'Source and type', 'Summary', 'Data'],
      bridge.examples.flatMap((example) => exampleRows(bridge, example)),
    ),
    ...(never.length > 0 ? ['## What never is\n', `${never.map((line) => `- ${line}`).join('\n')}\n`] : []),
    '## Settings\n',
    settingRows(bridge.config, section),
  ].join('\n')
}

function exampleRows(bridge: Bridge, { title, input }: Bridge['examples'][number]): string[][] {
  const made = bridge.translate(input, bridge.exampleContext)
  if (made.length === 0) return [[title, '', 'Nothing.', '']]
  return made.map(({ source, type, phase, summary, data }, index) => [
    index === 0 ? title : '',
    `\`${source}\` \`${type}\`${phase ? ` (${phase})` : ''}`,
    summary,
    Object.keys(data ?? {})
      .map((key) => `\`${key}\``)
      .join(' '),
  ])
}

function settingRows(config: z.ZodType, section: readonly string[]): string {
  const settings = settingsOf(config)
  if (settings.every(({ path }) => path.length === 0)) return 'It has none.\n'
  return table(
    ['Setting', 'Variable', 'Value', 'Default', 'What it is'],
    settings.map(({ path, type, default: usual, required, description }) => {
      const whole = [...section, ...path]
      return [
        `\`${whole.join('.')}\``,
        `\`${variableOf(whole)}\``,
        type,
        usual !== undefined ? `\`${usual}\`` : required ? 'needed' : '',
        description,
      ]
    }),
  )
}

function words(all: readonly string[]): string {
  return all.map((word) => `\`${word}\``).join(', ')
}
