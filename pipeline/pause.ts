// The pause of the house: begun, changed and ended by command, ended by the clock, told on the bus as retained state, and
// kept for ever as a rule of what must stay away. A file beside the database holds it from the first moment, so that it
// needs neither database nor broker and lasts through a restart. Not for: honouring it, which bridges and the write path do.
import type { Bus } from '../broker/bus.ts'
import type { Clock, Component, Health, Logger } from '../component.ts'
import { asDaybookError } from '../schemas/errors.ts'
import { nextPause, noPause, type PauseState, pauseAt, pauseState, wantedPause } from '../schemas/pause.ts'
import type { Topics } from '../schemas/topics.ts'
import type { Storage } from '../storage/storage.ts'
import type { CommandHandler } from './commands.ts'
import type { Pause, Suppressions } from './suppressions.ts'

export interface PauseOptions {
  bus: Bus
  storage: Pick<Storage, 'ledger'>
  suppressions: Pick<Suppressions, 'all' | 'put'>
  topics: Topics
  /** The file; `save` throws `data_unwritable`. */
  memory: { load(): unknown; save(memory: unknown): void }
  /** Told of each change, at once, and of how it is at the start. */
  changed(state: PauseState): void
  clock: Clock
  log: Logger
  /** Aborts when the house stops. */
  signal: AbortSignal
}

export interface Pauses extends Component {
  current(): PauseState
  /** Applied and durable when it resolves; throws `invalid` and `data_unwritable`, and then all is as before. */
  command: CommandHandler
}

/** A laptop that slept wakes to a clock that has gone on. */
const LOOK_MS = 5_000
const RETRY_MS = { first: 100, most: 5_000 }
/** The database is waited for so long, so that who asks it at once sees the rule. */
const STORED_MS = 1_000

export function createPause(options: PauseOptions): Pauses {
  const { bus, storage, suppressions, topics, memory, changed, clock, log, signal } = options
  const remembered = read(memory.load())
  let state = remembered.state
  /** Pauses that the database does not know yet, oldest first; the current one among them. */
  let due = remembered.due
  for (const pause of due) suppressions.put(pause)
  let storing: Promise<void> | null = null
  let timer = new AbortController()
  let running = false

  function apply(next: PauseState, now: number): void {
    const before = state
    const rule = ruleOf(before, next, now)
    const nowDue = rule ? [...due.filter(({ since }) => since !== rule.since), rule] : due
    memory.save({ state: next, due: nowDue })
    state = next
    due = nowDue
    if (rule) suppressions.put(rule)
    tell()
  }

  /** Bridges here hear it from us, whatever the broker does; all others from the bus. */
  function tell(): void {
    changed(state)
    wait()
    bus
      .publish(topics.state('pause'), JSON.stringify(state), { retain: true, volatile: true })
      .catch((error) => log.debug({ reason: error.message }, 'the state of the pause was not told'))
    log.info({ ...state }, state.paused ? 'paused: what happens is not kept' : 'not paused')
  }

  /** Ends the pause when it is over. The rule has said so from its beginning. */
  function wait(): void {
    timer.abort()
    timer = new AbortController()
    if (state.until !== null && running) void end(state.until, AbortSignal.any([timer.signal, signal]))
  }

  async function end(until: number, ended: AbortSignal): Promise<void> {
    while (!ended.aborted && clock.now() < until) await clock.sleep(Math.min(until - clock.now(), LOOK_MS), ended)
    if (ended.aborted) return
    state = noPause
    remember()
    tell()
  }

  function remember(): void {
    try {
      memory.save({ state, due })
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'the pause is not written down')
    }
  }

  /** However long the database is away. */
  async function store(): Promise<void> {
    for (let wait = RETRY_MS.first; due[0] && !signal.aborted; ) {
      const [pause] = due
      try {
        await storage.ledger.pause(pause)
        if (due.includes(pause)) due = due.filter((each) => each !== pause)
        remember()
        wait = RETRY_MS.first
      } catch (thrown) {
        log.debug({ reason: asDaybookError(thrown).message }, 'a pause waits for the database')
        await clock.sleep(wait, signal)
        wait = Math.min(2 * wait, RETRY_MS.most)
      }
    }
  }

  async function stored(): Promise<void> {
    storing ??= store().finally(() => {
      storing = null
    })
    const late = new AbortController()
    await Promise.race([storing, clock.sleep(STORED_MS, late.signal)])
    late.abort()
  }

  return {
    name: 'pause',
    current: () => state,
    async command(command) {
      const now = clock.now()
      const next = nextPause(state, wantedPause(command, now), now)
      const same = next.since === state.since && next.until === state.until
      if (!same) apply(next, now)
      await stored()
      return { ...state }
    },
    async start() {
      running = true
      const now = clock.now()
      // A data folder that came from elsewhere has rules and no file.
      const rule = suppressions.all().findLast((each) => each.kind === 'pause' && covers(each, now))
      const known: PauseState = rule ? { paused: true, since: rule.since, until: rule.until } : noPause
      state = state.paused ? pauseAt(state, now) : known
      tell()
      if (due.length > 0) await stored()
    },
    async stop() {
      running = false
      timer.abort()
      await storing
    },
    health(): Health {
      const figures = { paused: state.paused, waitForDatabase: due.length }
      return state.paused ? { state: 'ok', detail: wordsOf(state, clock.now()), figures } : { state: 'ok', figures }
    },
  }
}

/** What a change means for the rules: the pause that goes on, or the end of the one that was. */
function ruleOf(before: PauseState, next: PauseState, now: number): Pause | undefined {
  if (next.since !== null) return { since: next.since, until: next.until }
  if (before.since !== null) return { since: before.since, until: Math.min(now, before.until ?? Infinity) }
  return undefined
}

function covers({ since, until }: Pause, now: number): boolean {
  return since <= now && now < (until ?? Infinity)
}

function wordsOf({ since, until }: PauseState, now: number): string {
  const minutes = (ms: number) => `${Math.max(1, Math.round(ms / 60_000))} min`
  const end = until === null ? 'until `daybook pause off`' : `for another ${minutes(until - now)}`
  return `Paused ${minutes(now - (since ?? now))} ago, ${end}: what happens is not kept.`
}

/** What cannot be read is as nothing. */
function read(kept: unknown): { state: PauseState; due: Pause[] } {
  const { state, due } = Object(kept) as { state?: unknown; due?: unknown }
  const isPause = (one: Pause | null) => typeof one?.since === 'number'
  return {
    state: pauseState.safeParse(state).data ?? noPause,
    due: Array.isArray(due) ? (due as Pause[]).filter(isPause) : [],
  }
}
