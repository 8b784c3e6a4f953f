// Brings in the past that Home Assistant's recorder still holds, from its horizon on, with the ids that live capture
// gave or would have given. Not for: gaps of our own, which catch-up.ts fills without being asked.
import type { BridgeHost, ImportProgress, ImportRange } from '../bridge.ts'
import { stateInMemory } from '../in-memory.ts'
import type { HomeAssistantConfig } from './config.ts'
import { kindOf } from './kinds.ts'
import { lookAround, readStates } from './look.ts'
import { createMemory, type Memory } from './memory.ts'
import { type RestOptions, readHistory, readHorizon, readLogbook } from './rest.ts'
import { eventOf } from './routines.ts'
import { endpoints, openConnection } from './socket.ts'
import { createTaker } from './taker.ts'
import { step, stepState } from './translate.ts'
import { domainOf, type HomeState, micros, millis } from './wire.ts'

const CONNECT_MS = 10_000
const WINDOW = 6 * 3600 * 1e6
/** Fits a URL, and keeps an answer small. */
const GROUP = 40
const DAY = 86_400 * 1e6
/** Where nothing shows the horizon: ten days are what the recorder keeps unless told otherwise. */
const USUAL_DAYS = 10

export interface ImportParts {
  host: BridgeHost<HomeAssistantConfig>
  /** What live capture knows. */
  live: Pick<Memory, 'first' | 'ids'>
  range: ImportRange
  progress: (at: ImportProgress) => void
  signal: AbortSignal
}

/** Rejects with `home_assistant_unreachable` or `home_assistant_auth`. */
export async function importHistory({ host, live, range, progress, signal }: ImportParts): Promise<void> {
  const { config, log } = host
  let read = 0
  let emitted = 0
  // A memory of its own: what live capture knows of the present must not keep the past out, nor be changed by it.
  const memory = createMemory(stateInMemory())
  const emit: typeof host.emit = (notifications) => {
    host.emit(notifications)
    emitted += notifications.length
  }
  const taker = createTaker({ ...host, emit }, memory)
  const { conn } = await openConnection({ url: config.url, token: config.token, signal, timeoutMs: CONNECT_MS })
  let states: HomeState[]
  try {
    taker.house.places = await lookAround(conn, signal)
    states = await readStates(conn)
  } finally {
    conn.close()
  }
  for (const state of states) if (domainOf(state.entity_id) === 'person') taker.learnPerson(state)
  const { context } = taker
  const ids = [...new Set([...states.map(({ entity_id }) => entity_id), ...live.ids()])].filter(
    (id) => context.wanted(id, context.place(id)) && !context.isOwnedTracker(id),
  )
  const rest = { url: endpoints(config.url).rest, token: config.token, signal }
  const until = Math.min(range.until, host.clock.now()) * 1000
  const since = Math.max(range.since * 1000, await horizon(states, until, rest))
  log.info({ entities: ids.length, since: millis(since), until: millis(until) }, 'importing from Home Assistant')

  for (let start = since; start < until && !signal.aborted; start += WINDOW) {
    const end = Math.min(start + WINDOW, until)
    for (let i = 0; i < ids.length && !signal.aborted; i += GROUP) {
      const { items, refused } = await readHistory(ids.slice(i, i + GROUP), start, end, rest)
      if (refused) log.warn({ status: refused }, 'Home Assistant gives no history here')
      read += items.length
      await host.room(signal)
      taker.take(items.filter(isNotSampled), stepState, { mark: false })
    }
    const logbook = await readLogbook(start, end, rest)
    read += logbook.items.length
    taker.take(
      logbook.items.flatMap((entry) => eventOf(entry) ?? []),
      step,
      { mark: false },
    )
    progress({ what: `states of ${ids.length} entities`, at: millis(end), read, emitted })
  }
  taker.release()

  /** A curve that live capture has sampled has its samples; taken from another beginning they would be others. */
  function isNotSampled({ entity_id, attributes, last_updated }: HomeState): boolean {
    return micros(last_updated) < (live.first() ?? Infinity) || !kindOf(entity_id, attributes).continuous
  }
}

/** The recorder's horizon, epoch microseconds: the oldest that it holds of what changes daily in every home. */
async function horizon(states: readonly HomeState[], until: number, rest: RestOptions): Promise<number> {
  const daily = states.map(({ entity_id }) => entity_id).filter((id) => /^(sun|person)\./.test(id))
  const usual = until - USUAL_DAYS * DAY
  return daily.length === 0 ? usual : Math.min(usual, await readHorizon(daily.slice(0, GROUP), until, rest))
}
