// What a large transcript costs a house that goes on living: time, memory, and how long the event loop was held while it
// is read without its secrets and kept beside the outbox. Not for: hooks, or the way to the object store.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openOutbox } from '../broker/outbox/outbox.ts'
import { randomIds, wallClock } from '../component.ts'
import { createRedactor } from '../pipeline/redact.ts'
import { redactBody } from '../pipeline/redact-body.ts'
import { DaybookError } from '../schemas/errors.ts'
import { topicsUnder } from '../schemas/topics.ts'

export interface TranscriptFigures {
  megabytes: number
  /** ms. */
  took: number
  /** The most that the process grew by, MB of RSS. */
  grewMb: number
  /** Of the event loop meanwhile, ms. */
  delayP99: number
  delayMost: number
}

/** Keeps a made transcript of so many megabytes, in a folder of its own that is gone afterwards. */
export async function measureTranscript(megabytes = 50): Promise<TranscriptFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-transcript-'))
  const away = () => Promise.reject(new DaybookError('bus_unavailable'))
  const outbox = openOutbox({
    file: join(folder, 'outbox.sqlite'),
    producer: 'claude_code-bench',
    source: 'claude_code',
    topics: topicsUnder('daybook'),
    transport: { publish: away, subscribe: away },
    clock: wallClock,
    ids: randomIds,
  })
  try {
    const file = join(folder, 'transcript.jsonl')
    await pipeline(Readable.from(madeTranscript(megabytes * 1e6)), createWriteStream(file))
    const redact = redactBody(createRedactor())
    const about = { mediaType: 'application/x-ndjson', name: 'transcript.jsonl' }
    const delay = monitorEventLoopDelay({ resolution: 1 })
    const before = process.memoryUsage.rss()
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss())
    }, 5)
    delay.enable()
    const begin = performance.now()
    const { size = 0 } = await outbox.attachFile(redact(createReadStream(file), about.mediaType), about)
    const took = performance.now() - begin
    delay.disable()
    clearInterval(watch)
    const delayP99 = round(delay.percentile(99) / 1e6)
    const delayMost = round(delay.max / 1e6)
    return {
      megabytes: round(size / 1e6),
      took: round(took),
      grewMb: round((most - before) / 1e6),
      delayP99,
      delayMost,
    }
  } finally {
    await outbox.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

/** Prompts, answers, edits and what tools gave, as long sessions have them, with a secret now and then. */
export function* madeTranscript(bytes: number): Generator<string> {
  const words = 'const return await the of error test file import { } ( ) ; => "path" session value if else for'.split(
    ' ',
  )
  let dice = 42
  const roll = (sides: number) => {
    dice = (dice * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((dice / 2_147_483_648) * sides)
  }
  const text = (length: number) => {
    let made = ''
    while (made.length < length) made += `${words[roll(words.length)]}${roll(10) === 0 ? '\n    ' : ' '}`
    return made
  }
  let at = Date.UTC(2026, 0, 1, 8)
  let size = 0
  const line = (fields: object) => {
    at += 500
    const where = { sessionId: '5b1a0f52-0000-4000-8000-000000000001', cwd: '/home/ada/project', gitBranch: 'main' }
    const made = `${JSON.stringify({ ...fields, ...where, timestamp: new Date(at).toISOString() })}\n`
    size += made.length
    return made
  }
  for (let turn = 0; size < bytes; turn++) {
    const promptId = `prompt-${turn}`
    yield line({ type: 'user', promptId, message: { role: 'user', content: `Please mend ${text(200)}` } })
    for (let step = 0; step < 10 && size < bytes; step++) {
      const tool = `toolu_${turn}_${step}`
      const usage = {
        input_tokens: 100,
        output_tokens: 50,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 9,
      }
      const said = { id: `msg_${turn}_${step}`, role: 'assistant', model: 'claude-opus-5-5', usage }
      const input = { file_path: '/home/ada/project/a.ts', old_string: text(400), new_string: text(400) }
      yield line({ type: 'assistant', message: { ...said, content: [{ type: 'text', text: text(500) }] } })
      yield line({
        type: 'assistant',
        message: { ...said, content: [{ type: 'tool_use', id: tool, name: 'Edit', input }] },
      })
      const secret = roll(20) === 0 ? `\nexport DATABASE_PASSWORD=${text(12).replace(/\W/g, 'x')}9\n` : ''
      const content = text(step === 3 ? 60_000 : 6_000) + secret
      const toolUseResult = { originalFile: content, structuredPatch: [{ lines: content.split('\n').slice(0, 20) }] }
      const result = [{ type: 'tool_result', tool_use_id: tool, content }]
      yield line({ type: 'user', promptId, message: { role: 'user', content: result }, toolUseResult })
    }
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

if (import.meta.main) console.log(JSON.stringify(await measureTranscript(Number(process.argv[2] ?? 50))))
