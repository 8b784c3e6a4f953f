// The made day: desk and house as activities that a bus takes, with their payloads. Pure: the same day in the same time
// zone is the same ids and bytes. Journeys use it, too. Not for: what happens in it (desk-day.ts, house-day.ts).
import type { ActivityNotification } from '../../../schemas/activity.ts'
import { eventId } from '../../../schemas/ids.ts'
import { parseTime } from '../times.ts'
import { deskDay } from './desk-day.ts'
import { houseDay } from './house-day.ts'
import { type Moment, type PayloadName, secondsOf } from './moment.ts'
import { snapshot, thumbnail } from './picture.ts'

/** Bytes to be kept before what refers to them is published. */
export interface MadePayload {
  name: string
  mediaType: string
  /** Made when they are wanted: drawing takes a moment. */
  bytes(): Buffer
}

export interface MadeActivity {
  activity: ActivityNotification
  /** What its contentRef is to name. */
  content?: MadePayload
  /** What its attachments are to name. */
  attachments: readonly MadePayload[]
}

export interface MadeDayOptions {
  /** YYYY-MM-DD. */
  day: string
  /** IANA name. */
  timeZone: string
  /** Default `home`. */
  space?: string
}

const deskSources = new Set(deskDay.map(({ source }) => source))

/** The lane of a source: what a person does at the desk, or what the house tells. */
export function laneOf(source: string): 'desk' | 'house' {
  return deskSources.has(source) ? 'desk' : 'house'
}

/** In the order of time. */
export function madeDay({ day, timeZone, space = 'home' }: MadeDayOptions): MadeActivity[] {
  const payloads = makePayloads()
  const payload = (name: PayloadName) => payloads[name]
  const seqs = new Map<string, number>()
  const moments = [...houseDay, ...deskDay].sort((a, b) => secondsOf(a.at) - secondsOf(b.at))
  return moments.map((moment, index) => {
    const {
      at,
      source,
      type,
      summary,
      data,
      seconds,
      activity,
      phase,
      session,
      cause,
      contentRef,
      attachments = [],
    } = moment
    const producer = `${source}-${laneOf(source) === 'desk' ? 'heron' : 'attic'}`
    const seq = (seqs.get(producer) ?? 0) + 1
    seqs.set(producer, seq)
    // Two things of one second keep their order.
    const timestamp = parseTime('--day', `${day}T${at}`, 0, timeZone) + (index % 500)
    const key = `made/${day}/${activity ?? `${type}/${at}/${summary}`}`
    return {
      activity: {
        id: eventId({ space, source, key, phase, timestamp }),
        source,
        type,
        summary,
        timestamp,
        ...(data && { data }),
        ...(session && { sessionId: session }),
        ...(seconds !== undefined && { duration: seconds * 1000 }),
        producer,
        epoch: `made-${day}`,
        seq,
        ...(activity && { activityId: `${activity}/${day}` }),
        ...(phase && { phase }),
        ...(cause && { cause }),
      },
      ...(contentRef && { content: payload(contentRef) }),
      attachments: attachments.map(payload),
    }
  })
}

function makePayloads(): Record<PayloadName, MadePayload> {
  const picture = (name: string, bytes: () => Buffer) => ({ name, mediaType: 'image/png', bytes })
  const courier = { light: 'dawn', who: 'courier' } as const
  const mira = { light: 'day', who: 'mira' } as const
  return {
    'courier-snapshot': picture('snapshot.png', () => snapshot(courier)),
    'courier-thumbnail': picture('thumbnail', () => thumbnail(courier)),
    'mira-snapshot': picture('snapshot.png', () => snapshot(mira)),
    'mira-thumbnail': picture('thumbnail', () => thumbnail(mira)),
    transcript: { name: 'transcript.jsonl', mediaType: 'application/x-ndjson', bytes: transcript },
  }
}

/** The session in which the bug was found, as JSON lines: its own moments, and what was answered. */
function transcript(): Buffer {
  const session = deskDay.find(({ contentRef }) => contentRef === 'transcript')?.session
  const said = deskDay.filter((moment) => moment.session === session && moment.type !== 'session')
  const line = ({ at, type, summary, data }: Moment) =>
    type === 'prompt'
      ? { time: at, role: 'user', text: summary }
      : {
          time: at,
          role: 'assistant',
          kind: type,
          text: summary,
          ...(data?.patch !== undefined && { patch: data.patch }),
        }
  const answer = {
    time: '09:14:40',
    role: 'assistant',
    text:
      'The loop counted 24 local hours, and the night in which the clocks go back has 25: the hour from two to three is there twice, ' +
      'so its high water was found twice. It now steps through instants and names them in local time at the end. All 97 tests pass.',
  }
  return Buffer.from(`${[...said.map(line), answer].map((each) => JSON.stringify(each)).join('\n')}\n`)
}
