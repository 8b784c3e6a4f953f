// `daybook connect`: has a source at this desk tell the house what happens: shows what will change, changes it, and waits
// for a real event. Not for: what each source takes (surfaces/connect), or taking it back (disconnect.ts).
import { createInterface } from 'node:readline/promises'
import { sectionOf } from '../../bridges/host.ts'
import { registry } from '../../bridges/registry.ts'
import { wallClock } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { DaybookError } from '../../schemas/errors.ts'
import type { Connector, Plan } from '../connect/connector.ts'
import { type Desk, deskOf } from '../connect/desk.ts'
import { applyEdits, type Difference, preview, readJournal, undoEdits } from '../connect/edits.ts'
import { type Keeper, keptByDevice, keptByHouse } from '../connect/keeper.ts'
import { connectors } from '../connect/registry.ts'
import { didYouMean } from '../nearest.ts'
import { getPause } from '../operations/pause.ts'
import { queryActivities } from '../operations/query-activities.ts'
import { listSources, type SourceDetails } from '../operations/sources.ts'
import { type Client, hasRun } from './client.ts'
import { exitCodes } from './exit-codes.ts'
import type { Call, Verb } from './verb.ts'

/** How long the first event may take, s, where we can make one happen and where only the person can. */
const WAIT_S = { made: 30, awaited: 120 }
const LOOK_MS = 300
/** Lines of each file that are shown before it is changed. */
const SHOWN_MOST = 12

export const connect: Verb = {
  name: 'connect',
  summary: 'Have a source at this desk tell the house what happens; `disconnect` puts everything back',
  words: '[source]',
  options: [
    { name: 'dry-run', summary: 'Only show what would change' },
    { name: 'yes', summary: 'Do not ask' },
    { name: 'no-verify', summary: 'Do not wait for an event' },
    { name: 'wait', value: 'SECONDS', summary: 'How long to wait for one; default 30, or 120 where you must cause it' },
    ...connectors.flatMap(({ options = [] }) => options),
  ],
  details: `Sources: ${connectors.map(wordOf).join(', ')}. Without one it lists them and how they are.`,
  examples: ['connect', ...connectors.map((connector) => `connect ${wordOf(connector)}`)],
  async run(call) {
    const [word, ...more] = call.words
    if (more.length > 0) throw new DaybookError('usage', 'Name one source: daybook connect terminal.')
    if (word === undefined) return list(call, call.connect())
    const wait = secondsIn(call)
    const connector = findConnector(word)
    const desk = deskOf(call.io.desk)
    const keeper = keeperOf(call)
    const source = await keeper.source(connector)
    const plan = await connector.plan(desk, { url: keeper.url, source }, (name) => call.text(name))
    const differences = preview(plan.edits)
    if (!call.json) await call.print(...planLines(plan, differences))
    if (call.flag('dry-run')) {
      if (call.json) await call.print(JSON.stringify({ source: connector.source, ...shown(plan, differences) }))
      else await call.print(...todoLines(plan))
      return exitCodes.ok
    }
    if (!(await agreed(call, differences))) return exitCodes.ok
    const former = readJournal(desk.state, connector.source)?.house
    if (former !== undefined && former !== keeper.url)
      call.io.stderr.write(`This desk told ${former} until now; from now on it tells ${keeper.url}.\n`)
    const isFirst = readJournal(desk.state, connector.source) === null
    const journal = applyEdits(
      plan.edits,
      desk.state,
      { source: connector.source, at: call.now, house: keeper.url },
      connector.undo,
    )
    const settings = plan.settings ?? (source.connected ? null : {})
    const connected = await (settings ? keeper.connect(connector, settings) : keeper.source(connector)).catch(
      (error) => {
        if (isFirst) undoEdits(desk.state, journal, connector.undo)
        throw error
      },
    )
    if (!call.json) await call.print(...todoLines(plan))
    if (!keeper.client && !call.json) await call.print('', aloneLine(connector, keeper.url))
    const { client } = keeper
    const event =
      call.flag('no-verify') || !client
        ? undefined
        : await verified(call, { client, connector, desk, source: connected, wait })
    if (call.json) {
      await call.print(JSON.stringify({ source: connector.source, ...shown(plan, differences), event: event ?? null }))
    }
    if (event === null) {
      const { paused } = client ? await client.call(getPause, {}) : { paused: false }
      const why = paused
        ? 'Daybook is paused, so nothing is kept now; `daybook pause off` ends that.'
        : '`daybook doctor` says what may be wrong.'
      if (!call.json) await call.print('', `No event was seen. It stays connected. ${why}`)
      return exitCodes.failed
    }
    return exitCodes.ok
  },
}

/** The house that runs here or is named; on a device that belongs to a house elsewhere, the device. Throws `not_running`. */
export function keeperOf(call: Call): Keeper {
  const { data } = call.config()
  const enrolled = call.text('url') === undefined && !hasRun(data) ? call.io.enrolments.load(data) : null
  return enrolled ? keptByDevice(data, enrolled.house.url, call.io.deviceSources) : keptByHouse(call.connect())
}

function aloneLine(connector: Connector, url: string): string {
  return `The house is elsewhere (${url}). Keep this running here: daybook bridge ${wordOf(connector)}`
}

/** The connector of a word; throws `usage`. */
export function findConnector(word: string): Connector {
  const name = word.replaceAll('-', '_')
  const found = connectors.find(({ source, aliases = [] }) => source === name || aliases.includes(name))
  if (found) return found
  if (registry.some((bridge) => bridge.name === name)) {
    const section = sectionOf({ name })
    throw new DaybookError('usage', `${word} has nothing to change at a desk: set bridges.${section} in daybook.yaml.`)
  }
  const words = connectors.map(wordOf)
  throw new DaybookError(
    'usage',
    `"${word}" is no source of a desk${didYouMean(word, words) || `; there are ${words.join(', ')}`}.`,
  )
}

/** Undefined: as long as is usual. Throws `usage`. */
function secondsIn(call: Call): number | undefined {
  const text = call.text('wait')
  if (text === undefined) return undefined
  if (Number(text) > 0) return Number(text)
  throw new DaybookError('usage', `--wait ${text}: a number of seconds, such as 60.`)
}

export function wordOf({ source }: Connector): string {
  return source.replaceAll('_', '-')
}

async function list(call: Call, client: Client): Promise<number> {
  const { items } = await client.call(listSources, {})
  const { state } = deskOf(call.io.desk)
  const lines = items.map((source) => {
    const connector = connectors.find((each) => each.source === source.name)
    const here = readJournal(state, source.name) !== null
    return { ...source, word: connector && wordOf(connector), connectedHere: here }
  })
  if (call.json) await call.print(JSON.stringify({ items: lines }))
  else {
    const width = Math.max(...lines.map(({ name }) => name.length))
    for (const { name, title, on, state: how, word, detail } of lines) {
      const fix = on ? '' : word ? `   daybook connect ${word}` : `   configure bridges.${sectionOf({ name })}`
      await call.print(
        `${name.padEnd(width)}  ${(on ? how : 'off').padEnd(8)}  ${title}${detail ? `: ${detail}` : ''}${fix}`,
      )
    }
  }
  return exitCodes.ok
}

function planLines({ found }: Plan, differences: readonly Difference[]): string[] {
  const changes = differences.flatMap(({ path, why, kind, lines }) =>
    kind === 'none'
      ? [`  ${path}  is as it should be`]
      : [`  ${kind} ${path}  (${why})`, ...shortened(lines).map((line) => `      ${line}`)],
  )
  return ['Found:', ...found.map((line) => `  ${line}`), ...(changes.length > 0 ? ['', 'Files:', ...changes] : [])]
}

/** A whole program would hide what else changes. */
function shortened(lines: readonly string[]): string[] {
  const more = lines.length - SHOWN_MOST
  return more > 0 ? [...lines.slice(0, SHOWN_MOST), `... and ${more} lines more`] : [...lines]
}

function todoLines({ todo }: Plan): string[] {
  return todo.length > 0 ? ['', 'Yours to do:', ...todo.map((line) => `  ${line}`)] : []
}

function shown({ found, todo }: Plan, differences: readonly Difference[]) {
  return { found, todo, files: differences.map(({ path, kind, why }) => ({ path, kind, why })) }
}

/** Asks a person who sits there. */
async function agreed(call: Call, differences: readonly Difference[]): Promise<boolean> {
  const { stdin, stderr } = call.io
  const asks = 'isTTY' in stdin && stdin.isTTY === true && !call.json && !call.flag('yes')
  if (!asks || differences.every(({ kind }) => kind === 'none')) return true
  const terminal = createInterface({ input: stdin, output: stderr })
  const answer = await terminal.question('\nGo on? [Y/n] ')
  terminal.close()
  return !/^n/i.test(answer.trim())
}

interface Connected {
  client: Client
  connector: Connector
  desk: Desk
  source: SourceDetails
  wait: number | undefined
}

/** The first event that the source told; null: none in time. */
async function verified(
  call: Call,
  { client, connector, desk, source, wait }: Connected,
): Promise<ActivityEvent | null> {
  const since = Date.now() - 2_000
  const proof = await connector.prove?.(desk, { url: client.url, source })
  const seconds = wait ?? (proof ? WAIT_S.made : WAIT_S.awaited)
  const hint = proof?.what ?? connector.awaits ?? 'use it'
  if (!call.json) call.io.stderr.write(`\nWaiting up to ${seconds} s for an event (${hint}) ...\n`)
  const stopped = call.interrupted()
  for (const late = Date.now() + seconds * 1000; Date.now() < late && !stopped.aborted; ) {
    const { items } = await client.call(queryActivities, { producer: source.producer, since, limit: 200 })
    const event = items.find((item) => proof?.matches(item) ?? true)
    if (event) {
      if (!call.json) await call.print(`It works: ${event.source} ${event.eventType}: ${event.summary}`)
      return event
    }
    await wallClock.sleep(LOOK_MS, stopped)
  }
  if (stopped.aborted && !call.json) call.io.stderr.write('Not waiting any longer.\n')
  return null
}
