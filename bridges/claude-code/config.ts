// The configuration of the bridges that hooks feed. Not for: applying it.
import { z } from 'zod'

export const hooksConfig = z.strictObject({
  spool: z
    .string()
    .regex(/^\//, { error: 'an absolute path' })
    .optional()
    .describe('the folder that the hooks write into; `daybook connect` sets it'),
  silentMinutes: z.coerce
    .number()
    .positive()
    .default(30)
    .describe('a session that tells nothing for so long, and whose transcript does not grow, is taken to have ended'),
})

export type HooksConfig = z.infer<typeof hooksConfig>
