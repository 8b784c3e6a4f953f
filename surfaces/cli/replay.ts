// `daybook replay`: publishes a recording, or a stretch of the store, again, spaced as it was. Not for: reading lines
// (lines.ts), waiting (pacing.ts, playing.ts) or where a topic goes (prefixes.ts).
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { getStatus } from '../operations/get-status.ts'
import { publishMessages } from '../operations/publish-messages.ts'
import { exitCodes } from './exit-codes.ts'
import { createPace, parseSpeed } from './pacing.ts'
import { stretchOf } from './past.ts'
import { play } from './playing.ts'
import { checkFamily, checkPrefix, isUnder, movedTopic } from './prefixes.ts'
import { createProgress } from './progress.ts'
import { PREFIX_MOST, type RecordedMessage } from './recording.ts'
import { createReplayReport, type ReplayReport } from './replay-report.ts'
import { fromFile, fromStore, type Replayed, totalOf } from './replay-source.ts'
import { number, plain } from './text.ts'
import { localTime } from './times.ts'
import type { Call, Verb } from './verb.ts'

/** What the store gives goes here unless told otherwise: it is there already. */
const SANDBOX = 'sandbox'
/** What fits into one request, bytes: the limit of HTTP, less what JSON adds. */
const MESSAGE_MOST = 4 * 1024 * 1024 - 4_096

export const replay: Verb = {
  name: 'replay',
  summary: 'Publish a recording or a stretch of the past again, by default as fast as it was',
  words: '[file|-]',
  options: [
    { name: 'speed', value: 'N|max', summary: 'So many times as fast as it was; max: as fast as it goes' },
    { name: 'prefix', value: 'WORD', summary: 'Publish under this prefix, so that live topics stay untouched' },
    { name: 'from', value: 'HH:MM', summary: 'From the store instead of a file, beginning at this time of day' },
    { name: 'to', value: 'HH:MM', summary: 'Up to this time; not after --from: on the next day; default now' },
    { name: 'day', value: 'DAY', summary: 'The day of --from: 2026-11-24, yesterday, today' },
    { name: 'source', value: 'SOURCE', summary: 'From the store: only of this source' },
    { name: 'dry-run', summary: 'Show what would be published, and publish nothing' },
    { name: 'strict', summary: 'Stop at the first line that is not understood' },
    { name: 'into-live', summary: 'Allow a prefix that lies in the live one, or among recorded topics of others' },
  ],
  details:
    'Under a prefix our own topics have it in place of ours, those of others stand below it; bodies stay as they are. From the store it ' +
    `is ${SANDBOX} unless given. A file without --prefix goes to its original topics: activities that are stored already are duplicates, ` +
    'and what else the house itself says (receipts, states, commands, ...) is skipped. Exits with 4 when a line or a message was not taken. ' +
    'A time that is there twice, when the clocks go back, is the earlier one as --from, the later one as --to.',
  examples: [
    'replay hour.jsonl --prefix sandbox --speed 10',
    'replay --from 18:00 --to 19:30 --day 2026-11-24 --speed max',
    'replay --from 22:00 --to 06:00 --source home_assistant --prefix try/night',
  ],
  async run(call) {
    const speed = parseSpeed(call.text('speed') ?? '1')
    const isStored = call.text('from') !== undefined
    checkOptions(call, isStored)
    const client = call.connect()
    const live = (await client.call(getStatus, {})).prefix
    const prefix = call.text('prefix') ?? (isStored ? SANDBOX : undefined)
    if (prefix !== undefined) checkPrefix(prefix, live, call.flag('into-live'))
    const stopped = call.interrupted()
    const report = createReplayReport(call)
    const { replayed, total } = isStored
      ? { replayed: stored(call, live), total: null }
      : { replayed: fromFile(call), total: await totalOf(call) }
    const flags = { strict: call.flag('strict'), intoLive: call.flag('into-live') }
    const messages = wanted(replayed, { live, prefix, report, ...flags })
    if (call.flag('dry-run')) await show(messages, call, report)
    else {
      const progress = createProgress(call.io.stderr)
      const { timezone } = call.config()
      try {
        await play(messages, {
          pace: createPace(wallClock, speed),
          clock: wallClock,
          signal: stopped,
          async publish(due) {
            const answer = await client.call(publishMessages, { messages: due.map(({ at: _, ...message }) => message) })
            report.took(answer, due)
            const last = localTime(due.at(-1)?.at ?? 0, timezone)
            progress.show(() => `${number(report.seen())}${total ? ` of ${number(total)}` : ''}  ${last}`)
          },
        })
      } finally {
        progress.end()
        await report.print(prefix)
      }
    }
    return report.isClean() ? exitCodes.ok : exitCodes.rejected
  },
}

function checkOptions(call: Call, isStored: boolean): void {
  const wrong = (why: string) => new DaybookError('usage', `${why}.`)
  if (call.words.length > 1) throw wrong('Name one file')
  if (isStored && call.words.length > 0) throw wrong('Name a file, or --from for the store, not both')
  const prefix = call.text('prefix') ?? ''
  if (prefix.length > PREFIX_MOST) throw wrong(`--prefix ${prefix}: at most ${PREFIX_MOST} characters`)
  const other = ['to', 'day', 'source'].find((name) => call.text(name) !== undefined)
  if (!isStored && other) throw wrong(`--${other} is for the store: give --from, too`)
}

function stored(call: Call, live: string): AsyncGenerator<Replayed> {
  const given = { day: call.text('day'), from: call.text('from') ?? '', to: call.text('to') }
  const stretch = stretchOf(given, call.now, call.config().timezone)
  return fromStore(call.connect(), { ...stretch, source: call.text('source'), prefix: live })
}

interface Wanted {
  live: string
  prefix: string | undefined
  report: ReplayReport
  strict: boolean
  intoLive: boolean
}

/** The messages that are to be published, on the topics where they are. */
async function* wanted(
  replayed: AsyncIterable<Replayed>,
  { live, prefix, report, strict, intoLive }: Wanted,
): AsyncGenerator<RecordedMessage> {
  let own = live
  for await (const each of replayed) {
    if ('header' in each) own = each.header.prefix ?? live
    else if ('bad' in each) {
      report.bad(each)
      if (strict && !each.isCutOff) return
    } else {
      const { message, line } = each
      const { topic, payload } = message
      if (payload.length > MESSAGE_MOST) report.bad({ line, bad: 'too large for one request' })
      else if (prefix !== undefined) {
        if (!intoLive) checkFamily(topic, { own, prefix })
        yield { ...message, topic: movedTopic(topic, { own, prefix }) }
      } else if ([own, live].some((each) => isOurWord(topic, each))) report.leftOut()
      else yield message
    }
  }
}

/** What a house with this prefix says, and nobody tells it. */
function isOurWord(topic: string, prefix: string): boolean {
  return isUnder(topic, prefix) && !topicsUnder(prefix).isActivity(topic)
}

async function show(messages: AsyncIterable<RecordedMessage>, call: Call, report: ReplayReport): Promise<void> {
  const { timezone } = call.config()
  let count = 0
  for await (const { at, topic, payload, encoding, retain } of messages) {
    count++
    if (call.json) continue
    const size = `${number(Buffer.byteLength(payload, encoding))} B`
    await call.print(`${localTime(at, timezone)}  ${plain(topic)}  ${size}${retain ? '  retained' : ''}`)
  }
  await report.printDry(count)
}
