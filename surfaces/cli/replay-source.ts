// Where a replay comes from: the lines of a recording, or the pages of the store as the messages they were. Not for:
// where it goes (replay.ts).
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { toNotification } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { queryActivities } from '../operations/query-activities.ts'
import type { Client } from './client.ts'
import { linesOf } from './lines.ts'
import { parseLine, type RecordedMessage, type RecordingHeader } from './recording.ts'
import type { Call } from './verb.ts'

const PAGE = 1_000

/** A line that is not understood; the last one may be cut off, as a recording that was ended by force is. */
export interface BadLine {
  line: number
  bad: string
  isCutOff?: boolean
}

export type Replayed = { header: RecordingHeader } | { message: RecordedMessage; line: number } | BadLine

/** Standard input for `-` or no name. Throws `usage` for what cannot be read. */
export async function* fromFile(call: Call): AsyncGenerator<Replayed> {
  for await (const { number: line, text, whole } of linesOf(await input(call))) {
    const parsed = text === null ? { bad: 'longer than any message' } : parseLine(text)
    if ('message' in parsed) yield { ...parsed, line }
    else if ('bad' in parsed) yield { ...parsed, line, ...(!whole && { isCutOff: true }) }
    else yield parsed
  }
}

/** How many messages a file holds, to show how far it is; null where nobody watches, or for what cannot be read twice. */
export async function totalOf(call: Call): Promise<number | null> {
  const [file] = call.words
  if (!(call.io.stderr as { isTTY?: boolean }).isTTY || file === undefined || file === '-') return null
  let count = 0
  for await (const _ of linesOf(await input(call))) count++
  return Math.max(0, count - 1)
}

async function input(call: Call): Promise<Readable> {
  const [file = '-'] = call.words
  if (file === '-') {
    if ((call.io.stdin as { isTTY?: boolean }).isTTY)
      throw new DaybookError('usage', 'Name a recording, or --from for the store: daybook replay hour.jsonl.')
    return call.io.stdin
  }
  const found = await stat(file).catch((error: Error) => error.message)
  if (typeof found === 'string') throw new DaybookError('usage', `${file}: ${found}.`)
  if (found.isDirectory()) throw new DaybookError('usage', `${file}: a folder, not a recording.`)
  return createReadStream(file, { highWaterMark: 256 * 1024 })
}

export interface StoreRange {
  since: number
  until: number
  source: string | undefined
  /** First part of the topics that they get. */
  prefix: string
}

/** In the order of time; a message is what the bus showed when it was stored. */
export async function* fromStore(client: Client, { prefix, ...range }: StoreRange): AsyncGenerator<Replayed> {
  const topics = topicsUnder(prefix)
  let cursor: string | undefined
  let line = 0
  do {
    const page = await client.call(queryActivities, { ...range, order: 'asc', limit: PAGE, cursor })
    for (const event of page.items) {
      const { source, eventType: type, producer, timestamp } = event
      const payload = JSON.stringify(toNotification(event))
      const topic = topics.activity({ source, type, producer })
      yield { line: ++line, message: { at: timestamp, topic, payload, encoding: 'utf8', qos: 1, retain: false } }
    }
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
}
