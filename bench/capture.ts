// What capturing a desk costs: heartbeats a second merged and answered, against a real aw-server; ten thousand a second
// without loss; how soon a watcher can begin; what hooks add to a tool and to a prompt; a transcript of 50 MB. Not for: what
// becomes of the events afterwards, which the other benches measure.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { wallClock } from '../component.ts'
import { lowestId } from '../schemas/ids.ts'
import type { House } from '../test/house.ts'
import { answering, freePort, startAwServer } from './aw-server.ts'
import type { Bench, BenchContext } from './bench.ts'
import type { HeartbeatsResult } from './heartbeats.ts'
import { measureHook, measurePrompt } from './hooks.ts'
import { connection, freshHouse, row, temporaryFolder } from './house.ts'
import { rounded } from './statistics.ts'
import type { TranscriptFigures } from './transcript.ts'

const run = promisify(execFile)
const SETTLE_MS = 120_000
/** So many heartbeats make one event. */
const RUN = 100

export const capture: Bench = {
  name: 'capture',
  summary: 'Heartbeats against a real aw-server, 10,000 a second without loss, hooks, prompts, a 50 MB transcript',
  options: { seconds: 10, rate: 10_000, watchers: 20, hooks: 500, prompts: 1000, megabytes: 50 },
  async run(context) {
    const { number, say, cleanup } = context
    const peer = await startAwServer(cleanup, say)
    const own = await startOwn(context)
    const pairs = peer
      ? {
          ours: await beat(own.url, { seconds: 5, watchers: 4, window: 1 }),
          theirs: await beat(peer.url, { seconds: 5, watchers: 4, window: 1 }),
        }
      : null
    if (pairs) say(`one at a time, 4 watchers: ${pairs.ours.perSecond}/s, aw-server ${pairs.theirs.perSecond}/s`)
    const flood = await lossless(context, own)
    const hook = await measureHook(await temporaryFolder(cleanup), number('hooks'))
    say(`hook of Claude Code: p99 ${hook.with.p99} ms, a bare shell ${hook.bare.p99} ms`)
    const prompts: Record<string, unknown> = {}
    for (const shell of ['bash', 'zsh', 'fish'] as const) {
      prompts[shell] = await measurePrompt(shell, number('prompts'))
      say(`${shell}: ${JSON.stringify(prompts[shell])}`)
    }
    const transcript = await transcriptOf(number('megabytes'))
    say(`transcript: ${JSON.stringify(transcript)}`)
    return {
      value: pairs?.ours.perSecond ?? flood.perSecond,
      unit: 'heartbeats/s',
      baseline: { name: 'aw-server 0.12 (PyPI)', value: pairs?.theirs.perSecond ?? 0 },
      ratio: pairs ? rounded(pairs.ours.perSecond / pairs.theirs.perSecond) : 0,
      details: {
        aims: { hookMs: 30, promptAddedP99Ms: 5, heartbeatsPerSecond: 10_000, lost: 0 },
        oneAtATime: pairs,
        flood,
        firstAnswerMs: { ours: Math.round(own.startMs), theirs: peer && Math.round(peer.startMs) },
        hook,
        prompts,
        transcript,
      },
    }
  },
}

interface Own {
  url: string
  house: House
  startMs: number
}

async function startOwn({ cleanup }: BenchContext): Promise<Own> {
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const began = performance.now()
  const [house, startMs] = await Promise.all([
    freshHouse(cleanup, { DAYBOOK__ACTIVITYWATCH__PORT: String(port) }),
    answering(url, began).then(() => performance.now() - began),
  ])
  return { url, house, startMs }
}

async function beat(url: string, options: Record<string, number>): Promise<HeartbeatsResult> {
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])
  const program = join(import.meta.dirname, 'heartbeats.ts')
  const { stdout } = await run(process.execPath, [program, '--url', url, ...words], { timeout: 180_000 })
  return JSON.parse(stdout)
}

/** At the rate that was asked for; then every event that has ended must be a row, and every heartbeat be in one. */
async function lossless({ number, say, cleanup }: BenchContext, { url, house }: Own) {
  const [seconds, rate, watchers] = [number('seconds'), number('rate'), number('watchers')]
  const client = await connection(cleanup, house.credentials.database.url)
  // A past that nothing else is sent in.
  const from = Date.now() - 24 * 3_600_000
  const past = [lowestId(from), lowestId(from + 12 * 3_600_000)]
  const sql = `select count(*) as count from activities where source = 'window' and id >= $1 and id < $2`
  const result = await beat(url, { seconds, rate, watchers, window: 64, from, run: RUN })
  const each = Math.floor(result.sent / watchers)
  const began = performance.now()
  // The last event of each watcher is open until its pulse is over.
  const ended = watchers * Math.floor((each - 1) / RUN)
  let stored = 0
  while (stored < ended && performance.now() - began < SETTLE_MS) {
    await wallClock.sleep(200)
    stored = (await row(client, sql, past)).count ?? 0
  }
  const settledMs = Math.round(performance.now() - began)
  say(
    `${result.sent} heartbeats at ${result.perSecond}/s, ${result.refused} refused, ${stored} of ${ended} rows after ${settledMs} ms`,
  )
  return { ...result, lost: result.sent - result.taken, ended, stored, settledMs }
}

/** In a process of its own, so that its memory is nobody else's. */
async function transcriptOf(megabytes: number): Promise<TranscriptFigures> {
  const program = join(import.meta.dirname, 'transcript.ts')
  const { stdout } = await run(process.execPath, [program, String(megabytes)], { timeout: 180_000 })
  return JSON.parse(stdout)
}
