// The configuration of the bridges that hooks feed. Not for: applying it.
import { z } from 'zod'

const folder = z.string().regex(/^\//, { error: 'an absolute path' }).optional()

export const hooksConfig = z.strictObject({
  spool: folder.describe('the folder that the hooks write into; `daybook connect` sets it'),
  silentMinutes: z.coerce
    .number()
    .positive()
    .default(30)
    .describe('a session that tells nothing for so long, and whose transcript does not grow, is taken to have ended'),
  transcripts: z
    .enum(['copy', 'off'])
    .default('copy')
    .describe(
      'copy: the whole conversation is kept, without its secrets, and read for titles, models and tokens; off: nothing reads it',
    ),
  transcriptsFolder: folder.describe('where `daybook import` finds those of the past; `daybook connect` sets it'),
})

export type HooksConfig = z.infer<typeof hooksConfig>
