// Operations: bring in the past of a source, watch it, end it. Not for: how a source is read (bridges/).
import { z } from 'zod'
import { activityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { defineOperation } from './operation.ts'

const moment = activityEvent.shape.timestamp

const importState = z
  .object({
    id: z.string(),
    source: z.string(),
    producer: z.string().describe('who its activities come from'),
    range: z.object({ since: moment, until: moment, from: z.string().optional() }),
    state: z.enum(['running', 'done', 'failed', 'stopped']),
    startedAt: moment,
    endedAt: moment.optional(),
    progress: z
      .object({
        what: z.string().describe('what is being read'),
        at: moment.describe('everything up to here is read'),
        read: z.number().int().describe('things read at the source'),
        emitted: z.number().int().describe('activities made of them, known ones too'),
      })
      .optional(),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'Import', description: 'An import of the past and how far it is.' })

export type ImportState = z.infer<typeof importState>

export const beginImport = defineOperation({
  name: 'beginImport',
  summary: 'Bring in what a source still holds of its past',
  description:
    'Answers at once; `GET /api/v1/imports/{id}` says how far it is. What is stored already is a duplicate, so an import ' +
    'may be repeated. One import of a source at a time.',
  method: 'POST',
  path: '/api/v1/imports',
  access: 'owner',
  input: z.strictObject({
    source: z.string().min(1).max(64).describe('a bridge that is on: home_assistant, frigate'),
    from: z
      .string()
      .min(1)
      .max(4096)
      .optional()
      .describe('a file here or a URL; default: where the source keeps its past'),
    since: moment.optional().describe('epoch ms; default: all that it holds'),
    until: moment.optional().describe('epoch ms, exclusive; default now'),
  }),
  output: importState,
  errors: ['not_found', 'already_running'],
  async run(house, { source, from, since = 0, until = house.clock.now() }) {
    if (since >= until) throw new DaybookError('invalid', 'since: must lie before until')
    return house.imports.begin(source, { since, until, from })
  },
})

const one = z.strictObject({ id: z.string().min(1).max(64).describe('of the import') })

export const getImport = defineOperation({
  name: 'getImport',
  summary: 'Say how far an import is',
  method: 'GET',
  path: '/api/v1/imports/{id}',
  access: 'read',
  input: one,
  output: importState,
  errors: ['not_found'],
  run: async (house, { id }) => house.imports.get(id),
})

export const endImport = defineOperation({
  name: 'endImport',
  summary: 'End an import; what it brought in stays',
  method: 'POST',
  path: '/api/v1/imports/end',
  access: 'write',
  input: one,
  output: importState,
  errors: ['not_found'],
  run: (house, { id }) => house.imports.end(id),
})
