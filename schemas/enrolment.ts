// What a device is given when it is enrolled: everything it needs to send to its house, and no more. Not for: the file
// that keeps it (enrolment.ts at the root).
import { z } from 'zod'
import { topicPrefix } from './topics.ts'

/** The answer to a redeemed code, and `enrolment.json` of a device. The password and the token are secrets. */
export const enrolment = z
  .object({
    name: z.string().min(1).describe('the user that the device is'),
    space: z.string().min(1).max(64).describe('the household or person; part of every id'),
    prefix: topicPrefix.describe('first part of every topic'),
    timezone: z.string().min(1).describe('IANA name'),
    broker: z.object({
      url: z.url({ protocol: /^(mqtts?|wss?)$/ }).describe('where activities are published; holds no credential'),
      user: z.string().min(1),
      password: z.string().min(1),
    }),
    house: z.object({
      url: z.url({ protocol: /^https?$/ }).describe('where payloads are uploaded'),
      token: z.string().min(1).describe('for `Authorization: Bearer <token>`'),
    }),
  })
  .meta({ id: 'Enrolment', description: 'The credential and the settings of a device.' })

export type Enrolment = z.infer<typeof enrolment>
