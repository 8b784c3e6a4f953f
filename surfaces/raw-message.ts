// A message of the bus as JSON that holds its exact bytes: what the raw stream shows, what a recording keeps and what is
// published again. Not for: what a message means.
import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import type { Message } from '../broker/bus.ts'

export const rawMessage = z
  .object({
    topic: z.string().min(1),
    payload: z.string().describe('as `encoding` says'),
    encoding: z.enum(['utf8', 'base64']).default('utf8').describe('base64 for what is not UTF-8'),
    qos: z.literal([0, 1, 2]).default(1),
    retain: z.boolean().default(false).describe('in the stream: it is the last value from before'),
  })
  .meta({ id: 'RawMessage', description: 'A message of the bus, byte by byte.' })

export type RawMessage = z.infer<typeof rawMessage>

/** Safe in JSON and back: what is not UTF-8 is in base64. Keys in the order of a recording. */
export function toRaw({ topic, payload, qos, retain }: Message): RawMessage {
  const encoding = isUtf8(payload) ? 'utf8' : 'base64'
  return { topic, payload: payload.toString(encoding), encoding, qos, retain }
}

/** The payload, byte by byte. */
export function bytesOf({ payload, encoding }: Pick<RawMessage, 'payload' | 'encoding'>): Buffer {
  return Buffer.from(payload, encoding)
}
