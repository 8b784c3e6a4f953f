// The form of a recording: JSON lines, first a header, then a message each, byte by byte. Pure. Not for: reading or
// writing files (lines.ts, record.ts), or for when a line is played (pacing.ts).
import { z } from 'zod'
import { DaybookError } from '../../schemas/errors.ts'
import { topicPrefix } from '../../schemas/topics.ts'
import { checkPayload } from '../operations/publish-messages.ts'
import { type RawMessage, rawMessage } from '../raw-message.ts'

/** Newer recordings may hold what we would not understand. */
const VERSION = 1
/** The last moment that a Date can be, epoch ms. */
const LAST = 8.64e15
/** The longest prefix, characters: what comes after it must still fit into a topic. */
export const PREFIX_MOST = 128

const recordingHeader = z.object({
  daybook: z.literal('recording'),
  version: z.number().int(),
  /** The MQTT topic filter that was listened to. */
  filter: z.string().optional(),
  /** Epoch ms. */
  startedAt: z.number().optional(),
  /** First part of our own topics where it was recorded. */
  prefix: topicPrefix.max(PREFIX_MOST).optional(),
})

export type RecordingHeader = z.infer<typeof recordingHeader>

/** One line: `at` is when it was on the bus, epoch ms. */
const recordedMessage = z.object({ at: z.number().nonnegative().max(LAST) }).and(rawMessage.check(checkPayload))

export type RecordedMessage = { at: number } & RawMessage

/** What a line is. */
export type RecordingLine =
  | { header: RecordingHeader }
  | { message: RecordedMessage }
  /** For people: why it is neither. */
  | { bad: string }

export function headerLine(about: { filter: string; startedAt: number; prefix: string }): string {
  return JSON.stringify({ daybook: 'recording', version: VERSION, ...about })
}

export function messageLine({ at, topic, payload, encoding, qos, retain }: RecordedMessage): string {
  return JSON.stringify({ at, topic, payload, encoding, qos, retain })
}

/** True for what calls itself a header, be it a good one or not. */
const isHeader = (value: unknown) => (value as { daybook?: unknown } | null)?.daybook === 'recording'

/**
 * A byte order mark is none of a line. Throws `invalid` for a recording of a newer kind: none of its lines could be
 * trusted.
 */
export function parseLine(text: string): RecordingLine {
  let value: unknown
  try {
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    return { bad: `not JSON: ${(error as Error).message}` }
  }
  const header = recordingHeader.safeParse(value)
  if (header.success) {
    if (header.data.version <= VERSION) return { header: header.data }
    throw new DaybookError(
      'invalid',
      `The recording is of version ${header.data.version}, this Daybook reads ${VERSION}.`,
    )
  }
  const message = recordedMessage.safeParse(value)
  if (message.success) return { message: message.data }
  const { error } = isHeader(value) ? header : message
  const issues = error.issues.slice(0, 3).map(({ path, message: why }) => `${path.join('.') || 'line'}: ${why}`)
  return { bad: issues.join('; ') }
}
