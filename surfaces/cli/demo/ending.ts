// What the demo says at its end: what is true now, and what to try next. Pure. Not for: finding it out (../demo.ts).
import type { ContentRef } from '../../../schemas/content-ref.ts'
import { number } from '../text.ts'
import type { Paint } from './timeline.ts'

/** What the demo says at its end, with --json as its last line. */
export interface DemoSummary {
  demo: true
  /** YYYY-MM-DD. */
  day: string
  /** What was published. */
  activities: number
  /** What the books say: rows that are stored, messages that never came. */
  stored: number
  lost: number
  sources: string[]
  /** References of the payloads, each once. */
  objects: ContentRef[]
  data: string
  http: string
  mqtt: string | null
}

export function summaryLines({ stored, lost, sources, objects, activities }: DemoSummary, paint: Paint): string[] {
  const isWhole = lost === 0 && stored === activities
  const books = `${number(lost)} lost of ${number(activities)}`
  const size = objects.reduce((sum, each) => sum + (each.size ?? 0), 0)
  return [
    '',
    `  ${paint(isWhole ? 'good' : 'bad', books)}: ${number(stored)} activities of ${sources.length} sources are in Postgres,`,
    `  each acknowledged after its commit. ${objects.length} payloads are kept by their hash, ${number(Math.ceil(size / 1024))} KB.`,
    '',
    '  Next',
    '    npx daybook demo --keep       the same, and it stays: query it, search it, replay it',
    '    npm start                     your own: then `npx daybook note "the first note"`',
    '    npx daybook record --help     keep what passes on the bus, and play it again',
    '',
  ]
}

export function keptLines({ data, http, mqtt }: DemoSummary, { isTemporary }: { isTemporary: boolean }): string[] {
  const at = `DAYBOOK__DATA=${data}`
  return [
    '  It is still running',
    `    HTTP  ${http}`,
    `    MQTT  ${mqtt}`,
    `    Data  ${data} (the token and the password are in credentials.json)`,
    '',
    '  Ask it in another terminal',
    `    export ${at}`,
    '    npx daybook query clocks                            what was that bug?',
    '    npx daybook query --source frigate --fold --json    who was at the door?',
    '    npx daybook status                                  what came from whom',
    `    npx daybook record 'sandbox/#'                       listen here, and in a third terminal`,
    '    npx daybook replay --day yesterday --from 07:50 --to 08:00 --speed 60',
    '',
    `  Ctrl-C ends it${isTemporary ? ' and removes its data' : '; its data stays'}.`,
  ]
}
