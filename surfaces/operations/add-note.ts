// Operation: write a note into the day. Not for: what a note looks like as an activity (bridges/manual.ts).
import { z } from 'zod'
import { noteFields, noteNotification } from '../../bridges/manual.ts'
import { DaybookError, type ErrorCode, errors } from '../../schemas/errors.ts'
import { defineOperation } from './operation.ts'
import { publishActivity } from './publish.ts'

export const addNote = defineOperation({
  name: 'addNote',
  summary: 'Write a note into the day',
  description: 'An `id` of your own makes sending it again safe: the same id at the same time is one note.',
  method: 'POST',
  path: '/api/v1/notes',
  access: 'write',
  input: z.strictObject({
    ...noteFields,
    producer: z.string().min(1).max(128).optional().describe('default manual'),
  }),
  output: z.object({
    id: z.string(),
    status: z.enum(['stored', 'duplicate', 'suppressed']),
  }),
  errors: ['clock', 'bus_unavailable', 'database_unavailable', 'shutting_down'],
  async run(house, { text, at, tags, id, producer = 'manual' }) {
    const note = noteNotification(
      { text, at, tags, id: id ?? house.ids.random() },
      { space: house.space, now: house.clock.now() },
    )
    const outcome = await publishActivity(house, { ...note, producer })
    if (outcome.status === 'rejected') {
      const code = codeOf(outcome.code)
      throw new DaybookError(code, outcome.message?.replace(errors[code].sentence, '').trim())
    }
    return { id: outcome.id ?? note.id, status: outcome.status }
  },
})

function codeOf(code = 'internal'): ErrorCode {
  return code in errors ? (code as ErrorCode) : 'internal'
}
