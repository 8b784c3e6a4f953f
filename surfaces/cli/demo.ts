// `daybook demo`: a made day through a real house that is there for nothing else. Not for: the day (demo/day.ts), how it
// looks (demo/timeline.ts) or the house (demo/demo-house.ts).
import { wallClock } from '../../component.ts'
import type { ActivityNotification } from '../../schemas/activity.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { getAccounting } from '../operations/get-accounting.ts'
import { postActivities } from '../operations/post-activities.ts'
import type { Client } from './client.ts'
import { type MadeActivity, type MadePayload, madeDay } from './demo/day.ts'
import { type DemoHouse, startDemoHouse } from './demo/demo-house.ts'
import { type DemoSummary, keptLines, summaryLines } from './demo/ending.ts'
import { createPaint, createTimeline } from './demo/timeline.ts'
import { exitCodes } from './exit-codes.ts'
import { createPace, parseSpeed } from './pacing.ts'
import { play } from './playing.ts'
import { localDay, parseTime } from './times.ts'
import type { Call, Verb } from './verb.ts'

/** A day, from waking up to sleep, in twenty seconds. */
const SPEED = '3000'

export const demo: Verb = {
  name: 'demo',
  summary: 'Play a made day, desk and house together, through a Daybook of its own',
  options: [
    { name: 'speed', value: 'N|max', summary: `Seconds of the day in a second; default ${SPEED}` },
    { name: 'day', value: 'DAY', summary: 'The day it plays on: 2026-11-24; default yesterday' },
    { name: 'keep', summary: 'Leave it running afterwards, to look around, until Ctrl-C' },
    {
      name: 'data',
      value: 'FOLDER',
      summary: 'Keep its data in this new folder; default: a temporary one, removed at the end',
    },
  ],
  details:
    'It starts a house on free ports, and touches neither your data nor your ports. With --json one activity a line, then a summary.',
  examples: ['demo', 'demo --keep --speed max', 'demo --data ./demo-data --day 2026-11-24'],
  async run(call) {
    const speed = parseSpeed(call.text('speed') ?? SPEED)
    const timeZone = call.config().timezone
    const day = dayOf(call, timeZone)
    const activities = madeDay({ day, timeZone })
    const stopped = AbortSignal.any([call.interrupted(), whenHungUp()])
    const paint = createPaint(isColourful(call))
    if (!call.json) await call.print('', `  ${paint('bold', 'Daybook')} plays a made day. Starting a house for it ...`)
    const house = await startDemoHouse(call.io, { data: call.text('data'), timeZone })
    try {
      const gone = AbortSignal.any([stopped, whenEnded(house)])
      if (!call.json) {
        const started = `Started in ${(house.startMs / 1000).toFixed(1)} s: broker, Postgres and HTTP, all on this machine.`
        const title = localDay(activities[0]?.activity.timestamp ?? 0, timeZone)
        await call.print(`  ${paint('dim', started)}`, '', `  ${paint('bold', title)}`, '')
      }
      const objects = await playDay(call, house.client, { activities, speed, timeZone, signal: gone })
      if (!stopped.aborted) {
        const summary = await summed(house, { day, activities, objects })
        await call.print(...(call.json ? [JSON.stringify(summary)] : summaryLines(summary, paint)))
        if (call.flag('keep')) await keep(call, summary, gone)
        if (summary.lost > 0 || summary.stored !== summary.activities) return exitCodes.failed
      }
      if (!stopped.aborted && gone.aborted) throw new DaybookError('not_running', 'The house of the demo has ended.')
    } catch (error) {
      // Ctrl-C reaches the house, too, which may be quicker than we are.
      if (!stopped.aborted) throw error
    } finally {
      await house.stop()
    }
    return exitCodes.ok
  },
}

interface Playing {
  activities: readonly MadeActivity[]
  speed: number
  timeZone: string
  signal: AbortSignal
}

/** Publishes and prints the day; resolves with the references of its payloads. */
async function playDay(
  call: Call,
  client: Client,
  { activities, speed, timeZone, signal }: Playing,
): Promise<ContentRef[]> {
  const timeline = createTimeline({
    width: (call.io.stdout as { columns?: number }).columns ?? 80,
    colour: isColourful(call),
    unicode: /utf-?8/i.test(call.io.ambient.language) || call.io.ambient.language === 'C',
    timeZone,
  })
  const kept = new Map<string, ContentRef>()
  const keepPayload = async ({ name, mediaType, bytes }: MadePayload) => {
    const response = await client.put(`/api/v1/objects?${new URLSearchParams({ name })}`, bytes(), mediaType)
    const ref = (await response.json()) as ContentRef
    kept.set(ref.id, ref)
    return { ...ref, name }
  }
  if (!call.json) await call.print(...timeline.head())
  const messages = activities.map((made) => ({ at: made.activity.timestamp, payload: made.activity.summary, made }))
  await play(messages, {
    pace: createPace(wallClock, speed),
    clock: wallClock,
    signal,
    async publish(due) {
      const notifications: ActivityNotification[] = []
      for (const { made } of due) notifications.push(await withPayloads(made, keepPayload))
      const { rejected } = await client.call(postActivities, notifications as never)
      const [refused] = rejected
      if (refused) throw new DaybookError('internal', `The made day was refused: ${refused.message}`)
      const lines = notifications.flatMap((each) => (call.json ? [JSON.stringify(each)] : timeline.lines(each)))
      await call.print(...lines)
    },
  })
  return [...kept.values()]
}

/** Objects first: what an activity refers to is kept before it is published. */
async function withPayloads(
  { activity, content, attachments }: MadeActivity,
  keepPayload: (payload: MadePayload) => Promise<ContentRef & { name: string }>,
): Promise<ActivityNotification> {
  if (!content && attachments.length === 0) return activity
  const contentRef = content && (await keepPayload(content))
  const attached = await Promise.all(attachments.map(keepPayload))
  return { ...activity, ...(contentRef && { contentRef }), ...(attached.length > 0 && { attachments: attached }) }
}

async function summed(
  house: DemoHouse,
  { day, activities, objects }: { day: string; activities: readonly MadeActivity[]; objects: ContentRef[] },
): Promise<DemoSummary> {
  const { totals, producers } = await house.client.call(getAccounting, {})
  return {
    demo: true,
    day,
    activities: activities.length,
    stored: totals.stored,
    lost: totals.missing,
    sources: [...new Set(producers.map(({ source }) => source))].sort(),
    objects,
    data: house.data,
    http: house.http,
    mqtt: house.mqtt,
  }
}

async function keep(call: Call, summary: DemoSummary, gone: AbortSignal): Promise<void> {
  if (!call.json) await call.print(...keptLines(summary, { isTemporary: call.text('data') === undefined }))
  if (!gone.aborted) await new Promise((resolve) => gone.addEventListener('abort', resolve, { once: true }))
  if (!call.json) await call.print('', `  Stopping${call.text('data') === undefined ? ' and removing it' : ''} ...`)
}

/** A terminal that is closed must not leave a house and its folder behind. */
function whenHungUp(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGHUP', () => controller.abort())
  return controller.signal
}

function whenEnded({ ended }: DemoHouse): AbortSignal {
  const controller = new AbortController()
  void ended.then(() => controller.abort())
  return controller.signal
}

/** YYYY-MM-DD; it must be over, for nothing of it may lie ahead. */
function dayOf(call: Call, timeZone: string): string {
  const isoDay = (time: number) => new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone }).format(time)
  const yesterday = isoDay(parseTime('--day', 'yesterday', call.now, timeZone))
  const given = call.text('day') ?? yesterday
  if (!/^\d{4}-\d\d-\d\d$/.test(given))
    throw new DaybookError('usage', `--day ${given}: write a day such as 2026-11-24.`)
  const noon = parseTime('--day', `${given}T12:00`, call.now, timeZone)
  if (given <= yesterday && given >= '2000-01-02') return isoDay(noon)
  throw new DaybookError('usage', `--day ${given}: it must be over, and not before 2000.`)
}

function isColourful({ io }: Call): boolean {
  return io.ambient.color && (io.stdout as { isTTY?: boolean }).isTTY === true
}
