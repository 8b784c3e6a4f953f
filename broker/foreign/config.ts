// The settings of a broker that is not ours: where it is, who we are there, and how much we take from it at once. Not
// for: the embedded broker's, which are embedded/limits.ts.
import { z } from 'zod'

const whole = z.coerce.number().int()
const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])

export const foreignConfig = z.strictObject({
  url: z
    .url({ protocol: /^(mqtts?|wss?)$/ })
    .optional()
    .describe('a broker of yours instead of the embedded one: mqtt, mqtts, ws or wss; may hold user and password'),
  user: z.string().min(1).optional().describe('instead of the one in the URL'),
  password: z.string().optional(),
  ca: z
    .string()
    .optional()
    .describe('path of a PEM file: who vouches for the broker, where the system does not know it'),
  cert: z.string().optional().describe('path of a PEM file: our certificate, for brokers that ask for one'),
  key: z.string().optional().describe('path of a PEM file: its key'),
  version: z
    .union([z.literal('auto'), whole.pipe(z.union([z.literal(4), z.literal(5)]))])
    .default('auto')
    .describe('4 is MQTT 3.1.1; auto: 5 where it is offered'),
  keepaliveSeconds: whole.min(5).max(600).default(30),
  window: whole
    .min(1)
    .max(65_535)
    .default(10_000)
    .describe('messages that it may send us before we acknowledge; brokers of MQTT 3.1.1 have their own limit'),
  slot: whole.min(0).max(63).default(0).describe('which of several workers on one broker and database this one is'),
  share: flag.default(false).describe('share the load with the workers of the other slots by a shared subscription'),
})

export type ForeignConfig = z.infer<typeof foreignConfig>
