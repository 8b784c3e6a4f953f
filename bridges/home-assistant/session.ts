// One connection's life: look around, catch up with what was missed, then take live events until the line is lost. Not
// for: connecting, or coming back (bridge.ts).
//
//   subscribe ─▶ registries ─▶ wait for RUNNING ─▶ states ─▶ history of the gap ─▶ queued events ─▶ states ─▶ live
//        └── events queue up from here on ──────────────────────────────────────────────┘
import type { Connection } from 'home-assistant-js-websocket'
import { DaybookError } from '../../schemas/errors.ts'
import type { BridgeHost } from '../bridge.ts'
import { catchUp } from './catch-up.ts'
import type { HomeAssistantConfig } from './config.ts'
import type { Line } from './line.ts'
import { lookAround, readStates, registryNames } from './look.ts'
import type { Memory } from './memory.ts'
import { routineEvents } from './routines.ts'
import { endpoints } from './socket.ts'
import type { Taker } from './taker.ts'
import { type Step, step, stepState } from './translate.ts'
import * as wire from './wire.ts'

const QUEUED = 10_000
/** Registries that changed are read again, held readings told, and memory written, this often: a burst is one. */
const TICK_MS = 2500
/** A clock that was wrong: what it dated must not make us deaf to what comes now. */
const AHEAD_MS = 600_000
const STARTING_POLL_MS = 1000
/** A Home Assistant that does not get through its start is taken as it is. */
const STARTING_MS = 600_000

export interface SessionParts {
  host: BridgeHost<HomeAssistantConfig>
  conn: Connection
  line: Line
  memory: Memory
  taker: Taker
  unrecorded: Set<string>
  /** Told when it has caught up: what it may not see, as it lacks the rights. */
  onLive: (denied: readonly string[]) => void
}

/** Never resolves: rejects with why the session ended. */
export async function runSession(parts: SessionParts): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const { line } = parts
  const end = () => reject(line.signal.reason)
  line.signal.addEventListener('abort', end, { once: true })
  if (line.signal.aborted) end()
  live(parts).catch((error) => line.drop(error))
  return promise
}

async function live({ host, conn, line, memory, taker, unrecorded, onLive }: SessionParts): Promise<void> {
  const { clock, log, config } = host
  const queue: unknown[] = []
  let overflowed = false
  let isLive = false
  let relist = false
  let scheduled = false

  function drain(): void {
    scheduled = false
    if (line.signal.aborted) return
    try {
      taker.take(queue.splice(0), stepLive, { mark: isLive })
    } catch (error) {
      line.drop(error as Error)
    }
  }

  /** Events that came in one frame are kept in one write. */
  const enqueue = (event: unknown) => {
    if (queue.length >= QUEUED) {
      if (isLive) return line.drop(new DaybookError('home_assistant_unreachable', 'It sends more than can be kept.'))
      overflowed = true
      queue.length = 0
    }
    queue.push(event)
    if (!isLive || scheduled) return
    scheduled = true
    setImmediate(drain)
  }

  function stepLive(event: unknown, context: Taker['context']): Step {
    const person = personIn(event)
    if (person) taker.learnPerson(person)
    return step(event, context)
  }

  const denied = await subscribe(conn, enqueue, () => {
    relist = true
  })
  const me = await conn.sendMessagePromise<{ id?: string; is_owner?: boolean }>({ type: 'auth/current_user' })
  taker.house.places = await lookAround(conn, line.signal)
  await running(conn, host, line)
  if (wire.millis(memory.seen() ?? 0) > clock.now() + AHEAD_MS) {
    log.warn('Home Assistant had a clock far ahead of ours; it is looked at as for the first time')
    memory.restart()
  }
  for (let behind = true; behind; behind = overflowed) {
    overflowed = false
    const states = await readStates(conn)
    taker.house.ownUser = me.is_owner ? undefined : me.id
    for (const state of states) if (wire.domainOf(state.entity_id) === 'person') taker.learnPerson(state)
    const rest = { url: endpoints(config.url).rest, token: config.token, signal: line.signal }
    await catchUp(states, { taker, memory, rest, clock, log, catchUpDays: config.catchUpDays, unrecorded })
    if (overflowed) continue
    taker.take(queue.splice(0), stepLive, { mark: false })
    taker.take(states, stepState, { mark: true })
  }
  isLive = true
  drain()
  memory.flush()
  onLive(denied)

  while (!line.signal.aborted) {
    await clock.sleep(TICK_MS, line.signal)
    if (line.signal.aborted) return
    if (relist) {
      relist = false
      taker.house.places = await lookAround(conn, line.signal)
    }
    taker.release()
    memory.flush()
  }
}

/** Which event types the token's user may not see. */
async function subscribe(conn: Connection, take: (event: unknown) => void, changed: () => void): Promise<string[]> {
  await conn.subscribeEvents(take, 'state_changed')
  const optional = [
    ...routineEvents.map((type) => ({ type, take })),
    ...registryNames.map((name) => ({ type: `${name}_registry_updated`, take: changed })),
  ]
  const answers = await Promise.allSettled(optional.map(({ type, take }) => conn.subscribeEvents(take, type)))
  return optional.filter((_, index) => answers[index]?.status === 'rejected').map(({ type }) => type)
}

/** Waits out its start: until then it shows states that are none yet. */
async function running(conn: Connection, { clock, log }: BridgeHost<HomeAssistantConfig>, line: Line): Promise<void> {
  const until = clock.now() + STARTING_MS
  for (;;) {
    const config = await conn.sendMessagePromise<{ state?: string }>({ type: 'get_config' })
    if (config.state === undefined || config.state === 'RUNNING' || clock.now() > until) return
    log.debug({ state: config.state }, 'waiting for Home Assistant to start')
    await clock.sleep(STARTING_POLL_MS, line.signal)
  }
}

function personIn(event: unknown): wire.HomeState | undefined {
  const next = wire.event.safeParse(event).data?.data.new_state
  const state = wire.state.safeParse(next).data
  return state && wire.domainOf(state.entity_id) === 'person' ? state : undefined
}
