// The embedded broker's configuration: where it listens and everything it bounds, in one piece. Not for: users and
// their rights, which are access.ts.
import { z } from 'zod'

const MIB = 1024 * 1024
const bytes = (value: number) => z.number().int().positive().default(value)
const ms = (value: number) => z.number().int().positive().default(value)

/** Bounds of names, fixed so that a topic or client that works on one installation works on every other. */
export const names = { topicBytes: 512, topicLevels: 16, clientIdLength: 256 } as const

export const embeddedConfig = z.object({
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  port: z
    .union([z.number().int().min(0).max(65_535), z.literal('off')])
    .default(1883)
    .describe('0 = any free port, off = none'),
  greetingBytes: bytes(8 * 1024).describe('most that a packet may declare before CONNECT is accepted'),
  packetBytes: bytes(4 * MIB).describe('most that a PUBLISH may declare'),
  controlBytes: bytes(64 * 1024).describe('most that any other packet may declare'),
  waitingBytes: bytes(MIB).describe('unacknowledged bytes of one connection at which it is no longer read'),
  waitingBytesInAll: bytes(64 * MIB).describe('the same for all connections together'),
  backlogBytes: bytes(16 * MIB).describe(
    'what a subscriber may lag behind before it is disconnected, or be owed while away',
  ),
  backlogBytesInAll: bytes(64 * MIB).describe('what all kept sessions together may be owed'),
  connectTimeoutMs: ms(5_000).describe('from the first byte to a CONNECT'),
  drainTimeoutMs: ms(10_000).describe('a subscriber that takes nothing for so long is disconnected'),
  stopTimeoutMs: ms(5_000).describe('how long stopping waits for what is not yet settled'),
})

export type EmbeddedConfig = z.infer<typeof embeddedConfig>
