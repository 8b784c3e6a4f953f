// The pause of the house over a clock that a test turns, a database that goes away, and a file that stays.
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Bus } from '../broker/bus.ts'
import type { Clock } from '../component.ts'
import { DaybookError } from '../schemas/errors.ts'
import type { PauseState } from '../schemas/pause.ts'
import { topicsUnder } from '../schemas/topics.ts'
import type { Suppression } from '../storage/ledger.ts'
import type { Storage } from '../storage/storage.ts'
import { createPause, type Pauses } from './pause.ts'
import { createSuppressions, type Suppressions } from './suppressions.ts'

const NOW = 1_800_000_000_000
const log = pino({ level: 'silent' })
let now: number
/** Who sleeps, and until when. */
let sleepers: { at: number; wake(): void }[]
let stored: Map<number, Suppression>
let databaseIsAway: boolean
let file: unknown
let told: PauseState[]
let changes: PauseState[]
let stopping: AbortController
let running: { pause: Pauses; suppressions: Suppressions }

const clock: Clock = {
  now: () => now,
  sleep: (ms, signal) =>
    new Promise((wake) => {
      signal?.addEventListener('abort', () => wake(), { once: true })
      sleepers.push({ at: now + ms, wake })
    }),
}

/** Lets time pass, in the order in which sleepers wake. */
async function pass(ms: number): Promise<void> {
  const end = now + ms
  for (;;) {
    await new Promise((turn) => setImmediate(turn))
    sleepers.sort((a, b) => a.at - b.at)
    const [next] = sleepers
    if (!next || next.at > end) break
    sleepers.shift()
    now = Math.max(now, next.at)
    next.wake()
  }
  now = end
  await new Promise((turn) => setImmediate(turn))
}

const ledger = {
  async suppressions() {
    if (databaseIsAway) throw new DaybookError('database_unavailable')
    return [...stored.values()]
  },
  async pause({ since, until }: Pick<Suppression, 'since' | 'until'>) {
    if (databaseIsAway) throw new DaybookError('database_unavailable')
    stored.delete(since)
    if (until === null || until > since) stored.set(since, { kind: 'pause', since, until })
  },
} as unknown as Storage['ledger']

async function start(): Promise<void> {
  stopping = new AbortController()
  const storage = { ledger }
  const suppressions = createSuppressions({ storage, hashKey: 'k', log })
  const pause = createPause({
    bus: { publish: async (_: string, body: string) => void told.push(JSON.parse(body)) } as unknown as Bus,
    storage,
    suppressions,
    topics: topicsUnder('daybook'),
    memory: { load: () => file, save: (memory) => (file = structuredClone(memory)) },
    changed: (state) => changes.push(state),
    clock,
    log,
    signal: stopping.signal,
  })
  running = { pause, suppressions }
  await suppressions.start()
  await pause.start()
}

async function stop(): Promise<void> {
  stopping.abort()
  for (const part of [running.pause, running.suppressions]) await part.stop()
}

const covered = (timestamp: number) => running.suppressions.covers({ id: 'x', source: 'terminal', timestamp })
const rules = () => [...stored.values()].map(({ since, until }) => [since - NOW, until && until - NOW])

beforeEach(async () => {
  now = NOW
  sleepers = []
  stored = new Map()
  databaseIsAway = false
  file = undefined
  told = []
  changes = []
  await start()
})
afterEach(stop)

test('it counts before it is answered, is told, and ends by the clock', async () => {
  expect(told).toEqual([{ paused: false, since: null, until: null }])
  const answer = running.pause.command({ for: '30m' })
  expect(covered(NOW)).toBe(true)
  expect(await answer).toEqual({ paused: true, since: NOW, until: NOW + 1_800_000 })
  expect(told.at(-1)).toEqual(await answer)
  expect(changes.at(-1)).toEqual(await answer)
  expect(rules()).toEqual([[0, 1_800_000]])
  await pass(1_799_999)
  expect(running.pause.current().paused).toBe(true)
  await pass(1)
  expect(told.at(-1)).toEqual({ paused: false, since: null, until: null })
  expect([covered(NOW + 1_799_999), covered(NOW + 1_800_000)]).toEqual([true, false])
})

test('another end moves the end, off ends it, and there was one pause all the time', async () => {
  await running.pause.command('on')
  await pass(10_000)
  await running.pause.command('1m')
  await pass(10_000)
  expect(await running.pause.command('off')).toMatchObject({ paused: false })
  expect(rules()).toEqual([[0, 20_000]])
  await pass(3_600_000)
  expect(told.map(({ paused }) => paused)).toEqual([false, true, true, false])
  expect(await running.pause.command('off')).toMatchObject({ paused: false })
  expect(told).toHaveLength(4)
})

test('one that is ended as it begins leaves no rule', async () => {
  await running.pause.command('on')
  await running.pause.command('off')
  expect([rules(), covered(NOW)]).toEqual([[], false])
})

test('what is no pause is refused and changes nothing', async () => {
  await expect(running.pause.command('soon')).rejects.toMatchObject({ code: 'invalid' })
  expect(told).toHaveLength(1)
})

test('a pause goes on over a restart, and one that ended meanwhile has ended', async () => {
  await running.pause.command('30m')
  await stop()
  now += 60_000
  await start()
  expect(running.pause.current()).toEqual({ paused: true, since: NOW, until: NOW + 1_800_000 })
  expect(changes.at(-1)?.paused).toBe(true)
  await stop()
  now += 3_600_000
  await start()
  expect(running.pause.current().paused).toBe(false)
  expect(covered(NOW + 60_000)).toBe(true)
})

test('without its file the rule of the database says it', async () => {
  await running.pause.command('on')
  await stop()
  file = undefined
  await start()
  expect(running.pause.current()).toEqual({ paused: true, since: NOW, until: null })
  await running.pause.command('off')
  expect(running.pause.current().paused).toBe(false)
})

test('while the database is away it counts all the same, and is kept once it is back, also after a restart', async () => {
  await stop()
  await start()
  databaseIsAway = true
  const answer = running.pause.command('on')
  expect(changes.at(-1)?.paused).toBe(true)
  expect(covered(NOW)).toBe(true)
  await pass(2_000)
  expect(await answer).toMatchObject({ paused: true })
  expect(rules()).toEqual([])
  const off = running.pause.command('off')
  await pass(2_000)
  await off
  await stop()
  databaseIsAway = false
  await start()
  expect(covered(NOW + 1_999)).toBe(true)
  await pass(10_000)
  expect(rules()).toEqual([[0, 2_000]])
  expect(file).toMatchObject({ due: [] })
})
