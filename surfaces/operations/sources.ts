// Operations: the sources there are and how each is; turn one on with settings, turn it off. Not for: what connecting
// changes at a person's desk (surfaces/connect), or what a source sends.
import { z } from 'zod'
import type { Source } from '../../bridges/sources.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { defineOperation, type House } from './operation.ts'

const sourceLine = z
  .object({
    name: z.string(),
    title: z.string(),
    on: z.boolean(),
    connected: z.boolean().describe('turned on by a person, not by the configuration'),
    types: z.array(z.string()).describe('the activity types that it makes'),
    sources: z.array(z.string()).describe('the sources that its activities bear'),
    producer: z.string().nullable().describe('null while it is off'),
    state: z.enum(['ok', 'degraded', 'failed', 'stopped']),
    detail: z.string().optional().describe('what is wrong and what helps'),
    figures: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])).optional(),
    urls: z.array(z.string()).describe('where its clients reach it'),
  })
  .meta({ id: 'SourceLine', description: 'A source and how it is.' })

export type SourceLine = z.infer<typeof sourceLine>

const withKey = sourceLine.extend({
  key: z.string().nullable().describe('what its clients show to be let in; null while it is off'),
  settings: z.record(z.string(), z.unknown()).nullable().describe('as it was connected; null: it was not'),
})

/** A source with what only the owner may see of it. */
export type SourceDetails = z.infer<typeof withKey>

export const listSources = defineOperation({
  name: 'listSources',
  summary: 'List the sources there are, on or off, and how each is',
  method: 'GET',
  path: '/api/v1/sources',
  access: 'read',
  input: z.strictObject({}),
  output: z.object({ items: z.array(sourceLine), next: z.null() }),
  run: async (house, _input, origin) => ({
    items: house.sources.all().map((source) => lineOf(source, origin)),
    next: null,
  }),
})

const name = z.string().min(1).max(64).describe('as in `GET /api/v1/sources`')

export const getSource = defineOperation({
  name: 'getSource',
  summary: 'Show a source, with the key that its clients use',
  method: 'GET',
  path: '/api/v1/sources/{name}',
  access: 'owner',
  input: z.strictObject({ name }),
  output: withKey,
  errors: ['not_found'],
  run: async (house, input, origin) => detailsOf(find(house, input.name), origin),
})

export const connectSource = defineOperation({
  name: 'connectSource',
  summary: 'Turn a source on with these settings; they are remembered and win over the configuration',
  method: 'POST',
  path: '/api/v1/sources/connect',
  access: 'owner',
  input: z.strictObject({
    name,
    settings: z.record(z.string(), z.unknown()).default({}).describe('as in its section of the configuration'),
  }),
  output: withKey,
  errors: ['not_found', 'config_invalid', 'data_unwritable'],
  run: async (house, input, origin) => detailsOf(await house.sources.connect(input.name, input.settings), origin),
})

export const disconnectSource = defineOperation({
  name: 'disconnectSource',
  summary: 'Forget how a source was connected: it is off, or as the configuration says',
  method: 'POST',
  path: '/api/v1/sources/disconnect',
  access: 'owner',
  input: z.strictObject({ name }),
  output: withKey,
  errors: ['not_found', 'data_unwritable'],
  run: async (house, input, origin) => detailsOf(await house.sources.disconnect(input.name), origin),
})

function find(house: House, wanted: string): Source {
  const source = house.sources.all().find(({ bridge }) => bridge.name === wanted)
  if (source) return source
  const names = house.sources.all().map(({ bridge }) => bridge.name)
  throw new DaybookError('not_found', `No source is called "${wanted}"; there are: ${names.join(', ')}.`)
}

function lineOf({ bridge, hosted, connected }: Source, origin: string): SourceLine {
  const { state, detail, figures } = hosted?.health() ?? { state: 'stopped' as const }
  const own = hosted?.reach()?.url
  const below = hosted ? (bridge.paths ?? []).map((path) => origin + path) : []
  return {
    name: bridge.name,
    title: bridge.title,
    on: hosted !== undefined,
    connected: connected !== undefined,
    types: [...bridge.types],
    sources: [...(bridge.sources ?? [bridge.name])],
    producer: hosted?.producer ?? null,
    state,
    ...(detail !== undefined && { detail }),
    ...(figures && { figures }),
    urls: own === undefined ? below : [own, ...below],
  }
}

function detailsOf(source: Source, origin: string): SourceDetails {
  return { ...lineOf(source, origin), key: source.hosted?.key() ?? null, settings: source.connected ?? null }
}
