// `daybook record`: what passes on the bus, as JSON lines. Not for: the form of a line (recording.ts), or for playing it
// (replay.ts).
import { type FileHandle, open } from 'node:fs/promises'
import { DaybookError } from '../../schemas/errors.ts'
import type { RawMessage } from '../raw-message.ts'
import { exitCodes } from './exit-codes.ts'
import { createProgress } from './progress.ts'
import { headerLine, messageLine } from './recording.ts'
import { serverSentEvents } from './server-sent-events.ts'
import { number, plain } from './text.ts'
import { parseTime } from './times.ts'
import type { Call, Verb } from './verb.ts'

export const record: Verb = {
  name: 'record',
  summary: 'Write down what passes on the bus, to be replayed; Ctrl-C ends it',
  words: '<topic filter>',
  options: [
    { name: 'for', value: 'TIME', summary: 'End by itself after 90s, 30m, 2h or 1d' },
    { name: 'output', value: 'FILE', summary: 'Write into this new file instead of standard output' },
  ],
  details:
    'Any topic, ours or not, byte by byte; last values that were retained come first and are marked. A connection that breaks ' +
    'ends the recording with exit code 1, for what passed meanwhile would be missing in it. It holds what was said, secrets too.',
  examples: [`record 'frigate/#' > frigate.jsonl`, `record '#' --for 1h --output hour.jsonl`],
  async run(call) {
    const [filter, ...more] = call.words
    if (filter === undefined || more.length > 0)
      throw new DaybookError('usage', `Name one topic filter, in quotes: daybook record 'frigate/#'.`)
    const client = call.connect()
    const ms = durationOf(call)
    const stopped = call.interrupted()
    const over = ms === undefined ? stopped : AbortSignal.any([stopped, AbortSignal.timeout(ms)])
    // A stream that nobody reads any more would keep the process.
    const left = new AbortController()
    const progress = createProgress(call.io.stderr)
    const counted = { messages: 0, bytes: 0 }
    let file: FileHandle | undefined
    try {
      const response = await client.get(
        `/stream?${new URLSearchParams({ topic: filter })}`,
        AbortSignal.any([over, left.signal]),
      )
      file = await newFile(call.text('output'))
      const write = async (line: string) => (file ? void (await file.appendFile(`${line}\n`)) : call.print(line))
      for await (const { event, data } of serverSentEvents(response)) {
        if (event === 'open') {
          const { at, prefix } = JSON.parse(data) as { at: number; prefix: string }
          await write(headerLine({ filter, startedAt: at, prefix }))
        } else if (event === 'message') {
          const message = JSON.parse(data) as RawMessage & { at: number }
          await write(messageLine(message))
          counted.messages++
          counted.bytes += Buffer.byteLength(message.payload, message.encoding)
          progress.show(() => `${told(counted)}  ${plain(message.topic)}`)
        }
      }
    } catch (error) {
      if (!over.aborted && !isCut(error)) throw error
    } finally {
      left.abort()
      await file?.close()
      progress.end()
      if (counted.messages > 0 || over.aborted)
        call.io.stderr.write(
          call.json
            ? `${JSON.stringify({ recorded: counted.messages, bytes: counted.bytes })}\n`
            : `${told(counted)} recorded.\n`,
        )
    }
    if (over.aborted) return exitCodes.ok
    const cut = `${client.url} ended the stream: it stops, or we read too slowly. What was recorded until then is kept.`
    call.io.stderr.write(call.json ? `${JSON.stringify({ cut })}\n` : `daybook: ${cut}\n`)
    return exitCodes.failed
  },
}

/** How fetch says that a connection broke in the middle of an answer. */
function isCut(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'terminated'
}

function told({ messages, bytes }: { messages: number; bytes: number }): string {
  return `${number(messages)} ${messages === 1 ? 'message' : 'messages'}, ${number(Math.ceil(bytes / 1024))} KB`
}

/** Ms, or undefined for no end. */
function durationOf(call: Call): number | undefined {
  const text = call.text('for')
  if (text === undefined) return undefined
  const ms = /^\d+(\.\d+)?[smhd]$/.test(text) ? call.now - parseTime('--for', text, call.now, 'UTC') : 0
  // The longest that a timer can wait.
  if (ms > 0 && ms < 2 ** 31) return ms
  throw new DaybookError('usage', `--for ${text}: write a time such as 90s, 30m, 2h or 1d (at most 24d).`)
}

async function newFile(path: string | undefined): Promise<FileHandle | undefined> {
  if (path === undefined) return undefined
  try {
    return await open(path, 'wx', 0o600)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EEXIST' ? 'it is there already, and may be a recording you want' : message
    throw new DaybookError('usage', `--output ${path}: ${why}.`)
  }
}
