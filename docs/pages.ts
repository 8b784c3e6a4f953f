// What docs/reference/ is made of, one row a generated file, and docs/sources/, one page a bridge. Not for: how a page looks, which render/ says.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sectionOf } from '../bridges/host.ts'
import { registry } from '../bridges/registry.ts'
import manifest from '../package.json' with { type: 'json' }
import { cliReference } from '../surfaces/cli/help.ts'
import { verbs } from '../surfaces/cli/registry.ts'
import { openApi } from '../surfaces/openapi.ts'
import { operations } from '../surfaces/operations/registry.ts'
import { asyncApi, renderAsyncApi } from './render/asyncapi.ts'
import { renderConfiguration } from './render/configuration.ts'
import { renderErrors } from './render/errors.ts'
import { jsonSchema, publicShapes } from './render/json-schemas.ts'
import { renderRedaction } from './render/redaction.ts'
import { withSource } from './render/source.ts'

/** One generated file: its path below docs/reference/ and its whole text, the same for the same code. */
export interface Page {
  file: string
  render: () => string
}

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`

export const pages: readonly Page[] = [
  { file: 'configuration.md', render: renderConfiguration },
  { file: 'cli.md', render: () => cliReference(verbs) },
  { file: 'errors.md', render: renderErrors },
  { file: 'redaction.md', render: renderRedaction },
  { file: 'asyncapi.yaml', render: () => renderAsyncApi(asyncApi(manifest.version)) },
  { file: 'openapi.json', render: () => json(openApi(operations, manifest.version)) },
  ...Object.entries(publicShapes).map(([name, shape]) => ({
    file: `schemas/${name}.json`,
    render: () => json(jsonSchema(shape)),
  })),
]

/** The page of each source: the prose that stands there, with what the bridge itself says. */
export function sourcePages(folder: string): Page[] {
  return registry.map((bridge) => {
    const file = `${bridge.name.replaceAll('_', '-')}.md`
    const path = join(folder, file)
    const section = bridge.name === 'activitywatch' ? ['activitywatch'] : ['bridges', sectionOf(bridge)]
    const prose = () => (existsSync(path) ? readFileSync(path, 'utf8') : `# ${bridge.title}\n`)
    return { file, render: () => withSource(prose(), bridge, section) }
  })
}
