// A pause as it is asked for and as it is told: nothing that happens in one is kept. Pure. Not for: the past pauses, which
// are suppressions (storage/ledger.ts), or who honours one.
import { z } from 'zod'
import { parseDuration } from './duration.ts'
import { DaybookError } from './errors.ts'

const time = z.number().int()

export const pauseState = z
  .object({
    paused: z.boolean(),
    since: time.nullable().describe('epoch ms; null: there is no pause'),
    until: time.nullable().describe('when it ends by itself, epoch ms; null: when somebody ends it'),
  })
  .meta({ id: 'PauseState', description: 'Whether Daybook is paused: retained, also for bridges on other devices.' })

export type PauseState = z.infer<typeof pauseState>

export const noPause: PauseState = { paused: false, since: null, until: null }

export const pauseRequest = z
  .strictObject({
    for: z.string().max(40).optional().describe('how long: `30m`, `1h30m`, `2d`; or `on` (until `off`), `off`'),
    until: time.optional().describe('when it ends by itself, epoch ms'),
    paused: z.boolean().optional().describe('true: until somebody ends it; false: not any more'),
    requestId: z.string().optional().describe('the reply comes on the reply topic of this id'),
  })
  .meta({
    id: 'PauseRequest',
    description: 'A pause to begin, to change or to end. The bare text `30m`, `on` or `off` says the same.',
  })

export type PauseRequest = z.infer<typeof pauseRequest>

/** What is wanted: a pause until then (null: until it is ended), or none. */
export type WantedPause = { until: number | null } | 'off'

const FORMS = 'write 30m, 1h30m, on or off, or {"for":"30m"}, {"until":<epoch ms>}, {"paused":false}'
const WORDS: Record<string, WantedPause> = { on: { until: null }, true: { until: null }, off: 'off', false: 'off' }

/** What a text or an object asks for at `now`; throws `invalid`. */
export function wantedPause(request: unknown, now: number): WantedPause {
  if (typeof request === 'string') return ofText(request, now)
  if (typeof request === 'boolean') return ofText(String(request), now)
  const parsed = pauseRequest.safeParse(request)
  if (!parsed.success) throw new DaybookError('invalid', `${z.prettifyError(parsed.error)}; ${FORMS}.`)
  const { for: length, until, paused } = parsed.data
  if ([length, until, paused].filter((one) => one !== undefined).length !== 1)
    throw new DaybookError('invalid', `Say one of for, until and paused; ${FORMS}.`)
  if (length !== undefined) return ofText(length, now)
  if (paused !== undefined) return ofText(String(paused), now)
  if (until === undefined || until <= now)
    throw new DaybookError('invalid', `until: ${until} lies in the past, at ${now}.`)
  return { until }
}

function ofText(text: string, now: number): WantedPause {
  const word = WORDS[text.trim().toLowerCase()]
  if (word) return word
  const length = parseDuration(text)
  if (length === null) throw new DaybookError('invalid', `"${text.slice(0, 40)}" is no pause; ${FORMS}.`)
  return { until: now + length }
}

/**
 * The pause after what is wanted. One that lasts keeps its beginning, so that there is one at a time; one that has ended by
 * itself is over.
 */
export function nextPause(current: PauseState, wanted: WantedPause, now: number): PauseState {
  if (wanted === 'off') return noPause
  const { since } = pauseAt(current, now)
  return { paused: true, since: since ?? now, until: wanted.until }
}

/** How a pause is at `now`, which may be past its end. */
export function pauseAt(state: PauseState, now: number): PauseState {
  return state.paused && now < (state.until ?? Infinity) ? state : noPause
}
