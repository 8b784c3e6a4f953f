// What a person writes down: `daybook note`, the console, an MCP tool. Inside the app there is nothing to open: the surface
// that takes a note makes the notification here and publishes it. Alone on a device each line is a note. Not for: parsing a
// command line or a request, which the surfaces do.
import { z } from 'zod'
import { activityEvent, limits } from '../schemas/activity.ts'
import { DaybookError } from '../schemas/errors.ts'
import { eventId, idTime, isUuidV7 } from '../schemas/ids.ts'
import { defineBridge, type Notification } from './bridge.ts'

/** A note as others write it. */
export const noteFields = {
  text: z.string().trim().min(1).max(10_000).describe('what to remember'),
  at: activityEvent.shape.timestamp.optional().describe('when, epoch ms; default now'),
  tags: z.array(z.string().trim().min(1).max(64)).max(32).optional().describe('words to find it by'),
  id: z.string().min(1).max(200).optional().describe('a name of your own for it'),
}

const noteLine = z.strictObject(noteFields)

export interface Note {
  text: string
  /** When it was, epoch ms; else the time inside `id`, else `now`. */
  at?: number | undefined
  tags?: readonly string[] | undefined
  /** The caller's own name for this note: trying again with the same `id` (and the same `at`) gives the same row. */
  id?: string | undefined
}

/** A note as a notification. Pure: the same note at the same moment is the same event. The whole text is in `data`. */
export function noteNotification(note: Note, { space, now }: { space: string; now: number }): Notification {
  const text = note.text.trim()
  const tags = [...new Set(note.tags)]
  const named = note.id !== undefined && isUuidV7(note.id)
  const timestamp = note.at ?? (named && note.id ? idTime(note.id) : now)
  const kept = named && note.id && idTime(note.id) === timestamp
  const key = note.id ?? JSON.stringify([text, tags])
  return {
    id: kept ? (note.id as string) : eventId({ space, source: 'manual', key, timestamp }),
    source: 'manual',
    type: 'note',
    summary: firstLine(text),
    timestamp,
    data: { text, tags },
  }
}

/** A line of text is a note, and so is a JSON object with its fields. Throws `not_json` and `invalid`. */
export function readNote(line: string): Note {
  const parsed = noteLine.safeParse(line.trimStart().startsWith('{') ? readJson(line) : { text: line })
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new DaybookError('invalid', [issue?.path.join('.'), issue?.message].filter(Boolean).join(': '))
}

function readJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new DaybookError('not_json', (error as Error).message)
  }
}

/** The text as one line that fits a summary, cut at a word where one ends near the limit. */
function firstLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  if (line === '') return 'An empty note'
  if (line.length <= limits.summary) return line
  const cut = line.slice(0, limits.summary - 1).replace(/[\uD800-\uDBFF]$/, '')
  const word = cut.lastIndexOf(' ')
  return `${word > limits.summary - 64 ? cut.slice(0, word) : cut}…`
}

export const manual = defineBridge<Record<string, never>, Note>({
  name: 'manual',
  title: 'Notes that a person writes',
  types: ['note'],
  never: ['Anything that you have not written down.'],
  config: z.strictObject({}),
  exampleConfig: {},
  always: true,
  exampleContext: { space: 'home', now: 1_760_000_000_000 },
  examples: [
    {
      title: 'A note with a tag',
      input: { text: 'Slept badly,\nthe neighbours had a party', tags: ['sleep'] },
      output: [
        {
          source: 'manual',
          type: 'note',
          summary: 'Slept badly, the neighbours had a party',
          timestamp: 1_760_000_000_000,
          data: { text: 'Slept badly,\nthe neighbours had a party', tags: ['sleep'] },
        },
      ],
    },
    {
      title: 'A note about an earlier moment',
      input: { text: 'Doctor said rest for a week', at: 1_759_900_000_000 },
      output: [{ type: 'note', summary: 'Doctor said rest for a week', timestamp: 1_759_900_000_000 }],
    },
  ],
  translate: (note, context) => [noteNotification(note, context)],
  async open({ space, clock, emit }) {
    let count = 0
    return {
      take(line) {
        const note = readNote(line)
        // Two lines that say the same are two notes, also within a millisecond.
        const id = note.id ?? `${++count}\0${note.text}`
        emit([noteNotification({ ...note, id }, { space, now: clock.now() })])
      },
      health: () => ({ state: 'ok' }),
      pause() {},
      forget: () => 0,
      async close() {},
    }
  },
})
