// The configuration of the WakaTime bridge. Not for: applying it.
import { z } from 'zod'

const origin = z.url({ protocol: /^https?$/ })

export const wakatimeConfig = z.strictObject({
  timeoutMinutes: z.coerce
    .number()
    .min(1)
    .max(240)
    .default(15)
    .describe('heartbeats this far apart, or nearer, belong together; WakaTime calls it the keystroke timeout'),
  keepDays: z.coerce
    .number()
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .describe('how long heartbeats are kept for status bars and summaries; activities stay as long as retention says'),
  origins: z
    .union([
      z.array(origin),
      z
        .string()
        .transform((text) => text.split(/[,\s]+/).filter(Boolean))
        .pipe(z.array(origin)),
    ])
    .default([])
    .describe('web origins that may read answers besides browser extensions, as in https://vscode.dev'),
})

export type WakatimeConfig = z.infer<typeof wakatimeConfig>
