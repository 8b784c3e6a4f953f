// Operations: whether what happens is kept, and pausing that. Not for: what a pause does (pipeline/pause.ts).
import { z } from 'zod'
import { pauseRequest, pauseState } from '../../schemas/pause.ts'
import { command } from './command.ts'
import { defineOperation } from './operation.ts'

export const getPause = defineOperation({
  name: 'getPause',
  summary: 'Show whether Daybook is paused',
  method: 'GET',
  path: '/api/v1/pause',
  access: 'read',
  input: z.strictObject({}),
  output: pauseState,
  run: async (house) => house.pause(),
})

export const setPause = defineOperation({
  name: 'setPause',
  summary: 'Begin, change or end a pause; nothing that happens in one is kept, whenever it comes in',
  description:
    'One of `for` (`30m`, `on`, `off`), `until` and `paused`. It counts when it is answered, also while the database is away. A pause that lasts keeps its beginning and gets another end.',
  method: 'POST',
  path: '/api/v1/pause',
  access: 'write',
  input: pauseRequest.omit({ requestId: true }),
  output: pauseState,
  errors: ['bus_unavailable', 'data_unwritable', 'shutting_down'],
  run: async (house, wanted) => pauseState.parse(await command(house, 'pause', wanted)),
})
