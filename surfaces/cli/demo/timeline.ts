// The made day as lines for a terminal: two rails, desk and house, and on one of them each thing that happens. A rail is
// dotted while nobody is there. Pure but for what it remembers between lines. Not for: fetching or waiting (../demo.ts).
import type { ActivityNotification } from '../../../schemas/activity.ts'
import { number, plain } from '../text.ts'
import { localTime } from '../times.ts'
import { laneOf } from './day.ts'

export interface TimelineOptions {
  /** Characters in a line. */
  width: number
  colour: boolean
  /** False: only ASCII. */
  unicode: boolean
  timeZone: string
}

type Style = 'dim' | 'bold' | 'desk' | 'house' | 'bad' | 'good'

const codes: Record<Style, string> = { dim: '2', bold: '1', desk: '36', house: '33', bad: '31', good: '32' }
const signs = {
  unicode: { there: '┃', away: '┊', event: '●', payload: '└', more: '…' },
  ascii: { there: '|', away: ':', event: 'o', payload: '`', more: '~' },
}
/** From this width on the source of each thing is named, too. */
const WIDE = 100
const TEXT_LEAST = 20

export type Paint = (style: Style, text: string) => string

/** Text in a style, or as it is. */
export function createPaint(colour: boolean): Paint {
  return (style, text) => (colour && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text)
}

export interface Timeline {
  /** What stands above it. */
  head(): string[]
  lines(activity: ActivityNotification): string[]
}

export function createTimeline({ width, colour, unicode, timeZone }: TimelineOptions): Timeline {
  const paint = createPaint(colour)
  const sign = unicode ? signs.unicode : signs.ascii
  const there = { desk: false, house: true }
  let hour = ''

  const rails = (lane?: 'desk' | 'house', style?: Style) =>
    (['desk', 'house'] as const)
      .map((each) => {
        if (each === lane) return paint(style ?? each, sign.event)
        return paint('dim', there[each] ? sign.there : sign.away)
      })
      .join(' ')

  /** The text on the left, cut if need be, and a figure at the right end. */
  function spread(text: string, figure: string, room: number): [text: string, figure: string] {
    const left = Math.max(TEXT_LEAST, figure === '' ? room : room - figure.length - 2)
    const shown = text.length > left ? `${text.slice(0, left - 1).trimEnd()}${sign.more}` : text
    return [shown, figure === '' ? '' : figure.padStart(room - shown.length)]
  }

  return {
    head: () => [`${' '.repeat(9)}${paint('desk', 'desk')}`, `${' '.repeat(9)}${rails()} ${paint('house', 'house')}`],

    lines(activity) {
      const { source, timestamp, duration, phase } = activity
      const lane = laneOf(source)
      const time = localTime(timestamp, timeZone).slice(0, 5)
      const isNewHour = time.slice(0, 2) !== hour
      hour = time.slice(0, 2)
      const above = isNewHour ? [`${' '.repeat(9)}${rails()}`] : []
      follow(activity)
      const named = width >= WIDE ? `${source.padEnd(15)} ` : ''
      const figure = duration !== undefined && phase !== 'enriched' ? lasted(duration) : ''
      const [text, right] = spread(
        unicode ? plain(activity.summary) : ascii(activity.summary),
        figure,
        width - 15 - named.length,
      )
      const style = styleOf(activity)
      const clock = isNewHour ? paint('bold', `  ${time}`) : paint('dim', `    ${time.slice(2)}`)
      const painted = style ? paint(style, text) : text
      const line = `${clock}  ${rails(lane, style)}  ${paint('dim', named)}${painted}${paint('dim', right)}`
      return [...above, line, ...payloads(activity, ' '.repeat(named.length))]
    },
  }

  /** Who is where: what the rails show from here on. */
  function follow({ source, type, data }: ActivityNotification): void {
    if (source === 'afk') there.desk = data?.state === 'active'
    if (type === 'presence_change') there.house = data?.new_state === 'home'
  }

  /** One line for each payload, below what refers to it. */
  function payloads({ contentRef, attachments = [] }: ActivityNotification, indent: string): string[] {
    const refs = [...(contentRef ? [contentRef] : []), ...attachments]
    return refs.map(({ storage, id, size, name }) => {
      const kept = `${name ?? 'payload'}, ${size === undefined ? '' : `${number(Math.ceil(size / 1024))} KB, `}${storage}:${id.slice(0, 12)}${sign.more}`
      return `${' '.repeat(9)}${rails()}  ${indent}${paint('dim', `${sign.payload} ${kept}`)}`
    })
  }
}

function styleOf({ type, data }: ActivityNotification): Style | undefined {
  if (data?.ok === false || (typeof data?.exit_code === 'number' && data.exit_code !== 0)) return 'bad'
  return type === 'commit' ? 'good' : undefined
}

/** `14 s`, `18 min`, `1 h 12 min`. */
export function lasted(ms: number): string {
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`
  const minutes = Math.round(ms / 60_000)
  if (minutes < 60) return `${minutes} min`
  return `${Math.floor(minutes / 60)} h${minutes % 60 > 0 ? ` ${minutes % 60} min` : ''}`
}

/** The nearest that ASCII has. */
function ascii(text: string): string {
  return plain(text)
    .replaceAll('°', ' deg ')
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '')
    .replace(/ +/g, ' ')
}
