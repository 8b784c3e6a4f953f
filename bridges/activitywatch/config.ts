// The configuration of the ActivityWatch bridge, which has a section of its own. Not for: applying it.
import { z } from 'zod'

/** A list, or the same in one text, as a variable has it. */
const words = z.union([
  z.array(z.string().min(1)),
  z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== '')),
])

/** 0 or more, also as text, as a variable has it. */
const whole = z.union(
  [
    z.number().int().min(0),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ],
  {
    error: 'a whole number, 0 or more',
  },
)

export const activitywatchConfig = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('where watchers reach it'),
  port: z
    .union(
      [
        z.literal('off'),
        z.literal(false).transform(() => 'off' as const),
        whole.pipe(z.number().max(65_535, { error: 'at most 65535' })),
      ],
      { error: 'a port, 0 for any free one, or off' },
    )
    .default(5600)
    .describe('the stock browser and VS Code watchers know no other than 5600; 0: any free one, off: none'),
  follow: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe('an aw-server elsewhere whose new events are told here, http://desk.local:5600'),
  followKey: z.string().default('').describe('the API key of servers that are followed or imported; empty: none'),
  allowedHosts: words.default([]).describe('further names in the Host header, if host is not the loopback'),
  corsOrigins: words
    .default([])
    .describe('pages and extensions that may ask everything, as their Origin says; the stock extensions may without'),
  apiKey: z.string().default('').describe('a bearer token that clients must show; empty: none'),
  keepDays: whole.default(0).describe('how long the buckets keep events that aw-webui shows; 0: for ever'),
})

export type ActivitywatchConfig = z.infer<typeof activitywatchConfig>
