// The configuration of the Home Assistant bridge. Not for: applying it, see filter.ts and deadband.ts.
import { z } from 'zod'

const list = z.array(z.string().min(1)).default([])

/** The form that Home Assistant's own recorder, statestream and HomeKit use. */
const filter = z
  .strictObject({
    domains: list.describe('light, sensor, ...'),
    entities: list.describe('light.kitchen, ...'),
    entityGlobs: list.describe('sensor.*_battery, ...: * is any text, ? one character'),
  })
  .prefault({})

export type EntityFilter = z.infer<typeof filter>

export const homeAssistantConfig = z.strictObject({
  url: z
    .url({ protocol: /^(https?|wss?)$/ })
    .describe('http://homeassistant.local:8123, or http://supervisor/core within an app of Home Assistant'),
  token: z.string().min(1).describe('a long-lived access token, made on the profile page; an administrator sees all'),
  include: filter,
  exclude: filter,
  readings: z
    .strictObject({
      minIntervalSeconds: z.coerce.number().nonnegative().default(60).describe('between two readings of one sensor'),
      heartbeatSeconds: z.coerce.number().positive().default(3600).describe('after which any reading is told'),
      deadbands: z
        .record(z.string(), z.coerce.number().nonnegative())
        .default({})
        .describe('by device class, in the unit that is stored: {"temperature": 0.5}'),
    })
    .prefault({}),
  catchUpDays: z.coerce.number().nonnegative().default(10).describe('how far back a gap is filled from its history'),
})

export type HomeAssistantConfig = z.infer<typeof homeAssistantConfig>
