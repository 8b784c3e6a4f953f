// Following a server that is not ours, which cuts events off at the edges of what it is asked for, dies and comes back.
import { createServer, type Server } from 'node:http'
import pino from 'pino'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BridgeHost, Notification } from '../bridge.ts'
import { stateInMemory } from '../in-memory.ts'
import { createGate } from './admit.ts'
import { createAwServer } from './aw-server.ts'
import { createFollow, type Follow } from './follow.ts'

const T0 = Date.parse('2026-11-02T09:00:00Z')
const bucket = { id: 'aw-watcher-afk_desk', type: 'afkstatus', client: 'aw-watcher-afk', hostname: 'desk' }

interface Row {
  id: number
  at: number
  duration: number
  status: string
}

let rows: Row[]
let server: Server
let base: string
let state: ReturnType<typeof stateInMemory>
let kept: Notification[]
let now: number
let follow: Follow
let end: AbortController
let wake: () => void
let asked: string[]

/** As aw-server answers: newest first, and cut off to what was asked for. */
function eventsIn(query: URLSearchParams): unknown[] {
  const moment = (name: string) => (query.has(name) ? Date.parse(`${query.get(name)}`) : undefined)
  const [start, until] = [moment('start'), moment('end')]
  return rows
    .filter(({ at, duration }) => at + duration * 1000 >= (start ?? 0) && at <= (until ?? Infinity))
    .sort((a, b) => b.at - a.at)
    .slice(0, Number(query.get('limit') ?? Infinity))
    .map(({ id, at, duration, status }) => {
      const [from, to] = [Math.max(at, start ?? 0), Math.min(at + duration * 1000, until ?? Infinity)]
      return { id, timestamp: new Date(from).toISOString(), duration: (to - from) / 1000, data: { status } }
    })
}

beforeEach(async () => {
  rows = []
  kept = []
  asked = []
  now = T0
  state = stateInMemory()
  server = createServer((request, answer) => {
    const url = new URL(request.url ?? '', 'http://x')
    asked.push(url.pathname)
    const last = Math.max(...rows.map(({ at, duration }) => at + duration * 1000))
    const about = { ...bucket, ...(rows.length > 0 && { last_updated: new Date(last).toISOString() }) }
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify(url.pathname.endsWith('/events') ? eventsIn(url.searchParams) : { [bucket.id]: about }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})
afterEach(async () => {
  end?.abort()
  await follow?.ended
  server.closeAllConnections()
  server.close()
})

async function start(): Promise<void> {
  end = new AbortController()
  const sleep = (ms: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (ms === 0 || signal?.aborted) return resolve()
      wake = resolve
      signal?.addEventListener('abort', () => resolve(), { once: true })
    })
  const clock = { now: () => now, sleep }
  const emit = (made: readonly Notification[]) => void kept.push(...made)
  const host = { clock, state, emit, space: 'home', log: pino({ level: 'silent' }) } as unknown as BridgeHost<unknown>
  const privacy = { allows: () => true, clean: <Facts extends Record<string, unknown>>(facts: Facts) => facts }
  wake = () => {}
  const { log } = host
  follow = createFollow({
    host,
    server: createAwServer(base),
    gate: createGate({ privacy, state, clock, log }),
    signal: end.signal,
  })
  await polled()
}

/** The house is killed: nothing more is told or remembered. */
async function kill(): Promise<void> {
  const before = [...kept]
  const memory = state.keys().map((key) => [key, state.get(key)] as const)
  end.abort()
  await follow.ended
  kept = before
  for (const key of state.keys()) state.delete(key)
  for (const [key, value] of memory) state.set(key, value)
}

async function polled(at = now): Promise<void> {
  now = at
  const calls = asked.length
  wake()
  const before = wake
  while (wake === before || asked.length === calls) await new Promise((resolve) => setTimeout(resolve, 1))
}

const told = () => kept.map(({ timestamp, duration, phase }) => [(timestamp - T0) / 1000, duration, phase])
const MINUTE = 60_000

it('tells what goes on when it begins and all that follows, grown to its end, and nothing of before', async () => {
  rows.push({ id: 1, at: T0 - 90 * MINUTE, duration: 3600, status: 'afk' })
  rows.push({ id: 2, at: T0 - 2 * MINUTE, duration: 110, status: 'not-afk' })
  await start()
  expect(told()).toEqual([[-120, undefined, 'start']])
  Object.assign(rows[1] as Row, { duration: 125 })
  rows.push({ id: 3, at: T0 + 6000, duration: 0, status: 'afk' })
  await polled(T0 + 10_000)
  expect(told()).toEqual([
    [-120, undefined, 'start'],
    [-120, 125_000, 'end'],
  ])
  // The last one has ended when it has not grown for longer than a watcher may be silent.
  await polled(T0 + 220_000)
  expect(kept).toHaveLength(2)
  await polled(T0 + 226_000)
  expect(told()[2]).toEqual([6, 0, undefined])
})

it('goes on where it was after it was killed, through an absence of days, each once and whole', async () => {
  await start()
  rows.push({ id: 1, at: T0 + 1000, duration: 30, status: 'not-afk' })
  await polled(T0 + 40_000)
  await kill()
  Object.assign(rows[0] as Row, { duration: 9 * 3600 })
  for (let hour = 9; hour < 60; hour++) {
    rows.push({ id: hour, at: T0 + hour * 60 * MINUTE + 2000, duration: 3000, status: hour % 2 ? 'afk' : 'not-afk' })
  }
  now = T0 + 60 * 60 * MINUTE
  await start()
  const ends = kept.filter(({ phase }) => phase !== 'start')
  expect(ends.map(({ timestamp }) => (timestamp - T0) / MINUTE / 60).map(Math.floor)).toEqual([
    0,
    ...Array.from({ length: 50 }, (_, index) => index + 9),
  ])
  expect(ends[0]).toMatchObject({ duration: 9 * 3600 * 1000, phase: 'end' })
  expect(new Set(kept.map(({ id }) => id)).size).toBe(kept.length)
})

it('tells what is inserted late within a day, once and whole, and leaves open what is; what was there is for an import', async () => {
  rows.push({ id: 1, at: T0 - 60 * MINUTE, duration: 10, status: 'afk' })
  await start()
  rows.push({ id: 2, at: T0 + 1000, duration: 3, status: 'not-afk' })
  await polled(T0 + 5000)
  rows.push({ id: 3, at: T0 - 30 * MINUTE, duration: 20, status: 'afk' })
  rows.push({ id: 4, at: T0 - 25 * 60 * MINUTE, duration: 20, status: 'afk' })
  Object.assign(rows[1] as Row, { duration: 590 })
  await polled(T0 + 600_000)
  expect(told()).toEqual([
    [1, undefined, 'start'],
    [-30 * 60, 20_000, undefined],
  ])
  await kill()
  await start()
  await polled(T0 + 1_300_000)
  expect(told().slice(2)).toEqual([[1, 590_000, 'end']])
})

it('says that the server is away, and tells what it missed when it is back', async () => {
  await start()
  const { port } = server.address() as { port: number }
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  asked.push('nobody answers')
  const before = wake
  wake()
  while (wake === before) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(follow.failure()).toMatchObject({ code: 'source_unreachable' })
  rows.push(
    { id: 1, at: T0 + 1000, duration: 30, status: 'afk' },
    { id: 2, at: T0 + 40_000, duration: 1, status: 'not-afk' },
  )
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  await polled(T0 + 50_000)
  expect(follow.failure()).toBeUndefined()
  expect(told()).toEqual([[1, 30_000, undefined]])
})

it('tells at its end what is open, up to a pause only what was before it, and the rest of it never', async () => {
  await start()
  rows.push({ id: 1, at: T0 + 1000, duration: 30, status: 'afk' })
  await polled(T0 + 31_000)
  follow.pause(true)
  Object.assign(rows[0] as Row, { duration: 300 })
  follow.pause(false)
  end.abort()
  await follow.ended
  expect(told()).toEqual([[1, 30_000, undefined]])
})
