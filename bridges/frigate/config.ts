// The configuration of the Frigate bridge: one instance by flat fields, or several as a list. Not for: applying it.
import { z } from 'zod'

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')])
const names = z.array(z.string().min(1)).default([])

/** How one Frigate is reached. */
const line = {
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'http://frigate.local:5000 (no login) or https://frigate.local:8971; without it: messages only, no pictures',
    ),
  topicPrefix: z
    .string()
    .regex(/^[^+#\0]+$/, { error: 'a topic, without wildcards' })
    .default('frigate')
    .describe("Frigate's mqtt.topic_prefix"),
  user: z.string().min(1).optional().describe('for port 8971: a user with the role viewer is enough'),
  password: z.string().min(1).optional(),
  tls: z
    .string()
    .min(1)
    .default('verify')
    .describe('verify, insecure (its certificate is self-signed unless you gave it one), or a file with the CA'),
  cameras: z
    .strictObject({
      include: names.describe('only these, by their names in Frigate; default: all'),
      exclude: names,
    })
    .prefault({}),
}

export const frigateConfig = z
  .strictObject({
    ...line,
    instances: z
      .array(
        z.strictObject({
          name: z.string().min(1).max(64).describe('part of every id: do not change it later'),
          ...line,
        }),
      )
      .default([])
      .describe('several Frigates, each with a name and a topicPrefix of its own, instead of the fields above'),
    pictures: z
      .enum(['copy', 'refer'])
      .default('copy')
      .describe('copy: kept here when an event ends; refer: read from Frigate on demand, as long as it has them'),
    clips: flag.default(false).describe('copy the clip of the best detection too'),
    objects: z
      .enum(['auto', 'detail', 'activities'])
      .default('auto')
      .describe(
        'tracked objects: detail of the review they belong to, or activities of their own; auto: the latter only where Frigate has no reviews (before 0.14)',
      ),
    confidence: z.coerce
      .number()
      .min(0)
      .max(1)
      .default(0.9)
      .describe('faces and plates that Frigate recognises with less are ignored'),
    catchUpDays: z.coerce.number().nonnegative().default(10).describe('how far back an absence is read back'),
  })
  .refine(({ instances }) => new Set(instances.map(({ name }) => name)).size === instances.length, {
    path: ['instances'],
    error: 'two have the same name',
  })
  .refine(({ instances }) => new Set(instances.map((one) => one.topicPrefix)).size === instances.length, {
    path: ['instances'],
    error: 'two have the same topicPrefix, so their messages cannot be told apart',
  })

export type FrigateConfig = z.infer<typeof frigateConfig>

/** One Frigate. */
export type Instance = FrigateConfig['instances'][number]

/** The flat fields are one instance, named after its topics. */
export function instancesOf({ instances, url, topicPrefix, user, password, tls, cameras }: FrigateConfig): Instance[] {
  if (instances.length > 0) return instances
  return [{ name: topicPrefix, url, topicPrefix, user, password, tls, cameras }]
}

/** True for a camera that is to be told; Frigate's own debug replays are named `_replay_...`. */
export function wants({ cameras }: Pick<Instance, 'cameras'>, camera: string): boolean {
  if (camera.startsWith('_replay_') || cameras.exclude.includes(camera)) return false
  return cameras.include.length === 0 || cameras.include.includes(camera)
}
