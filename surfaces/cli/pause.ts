// `daybook pause`: nothing that happens is kept for a while. Not for: forgetting what was kept.
import { DaybookError } from '../../schemas/errors.ts'
import { type PauseState, wantedPause } from '../../schemas/pause.ts'
import { getPause, setPause } from '../operations/pause.ts'
import { exitCodes } from './exit-codes.ts'
import { ago, localDay, localTime, parseTime, span, timeForms } from './times.ts'
import type { Verb } from './verb.ts'

export const pause: Verb = {
  name: 'pause',
  summary: 'Keep nothing of what happens for a while; without a word it says how it is',
  words: '[30m | on | off]',
  options: [{ name: 'until', value: 'TIME', summary: 'When it ends by itself' }],
  details:
    'Every bridge stops within two seconds, here and on other devices, and what happened meanwhile stays away for good, whenever ' +
    `and from wherever it comes in. \`on\` lasts until \`off\`. A TIME is one of: ${timeForms}; it must lie ahead.`,
  examples: ['pause 30m', 'pause --until 18:30', 'pause off', 'pause'],
  async run(call) {
    const word = call.words.join(' ')
    const until = call.text('until')
    if (word !== '' && until !== undefined) throw new DaybookError('usage', 'Say one of them: a length, or --until.')
    const client = call.connect()
    const { timezone } = call.config()
    const wanted = wantedOf(
      word,
      until === undefined ? undefined : parseTime('--until', until, call.now, timezone),
      call.now,
    )
    const state = wanted ? await client.call(setPause, wanted) : await client.call(getPause, {})
    await call.print(call.json ? JSON.stringify(state) : pauseWords(state, call.now, timezone))
    return exitCodes.ok
  },
}

/** Throws `usage` here rather than `invalid` there, so that a slip needs no house. */
function wantedOf(word: string, until: number | undefined, now: number): Record<string, unknown> | undefined {
  const wanted = word !== '' ? { for: word } : until !== undefined ? { until } : undefined
  if (!wanted) return undefined
  try {
    wantedPause(wanted, now)
    return wanted
  } catch (error) {
    throw new DaybookError('usage', (error as DaybookError).detail)
  }
}

/** `Paused since 14:00:05 (2 min ago), until 14:30:05.` */
export function pauseWords(state: PauseState, now: number, timeZone: string): string {
  const { paused, since, until } = state
  if (!paused || since === null) return 'Not paused: what happens is kept.'
  const begun = `Paused since ${localTime(since, timeZone)} (${ago(since, now)})`
  if (until === null) return `${begun}, until \`daybook pause off\`: what happens is not kept.`
  const day = until - now > 86_400_000 ? ` on ${localDay(until, timeZone)}` : ''
  return `${begun}, until ${localTime(until, timeZone)}${day} (in ${span(until - now)}): what happens is not kept.`
}
