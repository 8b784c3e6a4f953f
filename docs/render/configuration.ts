// docs/reference/configuration.md: every setting with its place in the file, its variable, its default. Not for: how to
// set things up, which the guides tell.
import { configSchema, variableOf } from '../../config.ts'
import { pageHead, table } from './markdown.ts'
import { type Setting, settingsOf } from './settings.ts'

const introduction = `All of it is optional. Settings come from \`daybook.yaml\` in the folder where Daybook is started (or the file that
\`DAYBOOK__CONFIG\` names), and environment variables win over the file: \`DAYBOOK__A__B_C\` sets \`a.bC\`. An empty variable
counts as not set. In any text \`\${env:NAME}\` stands for a variable and \`\${file:path}\` for the content of a file, so that
secrets need not stand in the file itself. All mistakes are reported at once, each by its path.`

/** One section a heading, one row a setting. */
export function renderConfiguration(): string {
  const sections = Map.groupBy(settingsOf(configSchema), ({ path }) => path.slice(0, -1).join('.'))
  const parts = [...sections].map(([section, settings]) => `${section ? `## ${section}\n\n` : ''}${rows(settings)}`)
  return [pageHead('Configuration', 'config.ts', introduction), ...parts].join('\n')
}

function rows(settings: readonly Setting[]): string {
  return table(
    ['Setting', 'Variable', 'Value', 'Default', 'What it is'],
    settings.map((setting) => [
      `\`${setting.path.join('.')}\``,
      `\`${variableOf(setting.path)}\``,
      setting.type,
      setting.default !== undefined ? `\`${setting.default}\`` : setting.required ? 'needed in its section' : '',
      setting.description,
    ]),
  )
}
