// Whatever heartbeats come, and wherever the house is killed or stopped between them, what is told comes to what the store
// holds: each event once, with its last duration.
import fc from 'fast-check'
import pino from 'pino'
import { expect, it } from 'vitest'
import type { ActivityEvent } from '../../schemas/activity.ts'
import { foldActivities } from '../../schemas/fold.ts'
import type { BridgeHost, Notification } from '../bridge.ts'
import { stateInMemory } from '../in-memory.ts'
import { createLive, type Live } from './live.ts'
import type { Bucket, Buckets, Change, Draft, Kept, Observer } from './store/buckets.ts'
import { merged } from './store/heartbeat.ts'

const T0 = 1_800_000_000_000
const PULSE = 20
const bucket: Bucket = { id: 'aw-watcher-x_h', type: 't', client: 'c', hostname: 'h', name: null, data: {}, created: 0 }

function fakeClock() {
  let now = T0
  let sleepers: { at: number; wake(): void }[] = []
  return {
    now: () => now,
    sleep: (ms: number, signal?: AbortSignal) =>
      new Promise<void>((wake) => {
        if (signal?.aborted) return wake()
        sleepers.push({ at: now + ms, wake })
        signal?.addEventListener('abort', () => wake(), { once: true })
      }),
    async advance(ms: number) {
      for (const end = now + ms; now < end; ) {
        now = Math.min(end, now + 1000)
        const due = sleepers.filter(({ at }) => at <= now)
        sleepers = sleepers.filter(({ at }) => at > now)
        for (const { wake } of due) wake()
        await settled()
      }
    },
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** As the real store is, as far as this is about: its own tests show that. */
function fakeStore() {
  const events: Kept[] = []
  let last: Kept | undefined
  let change = 0
  let observer: Observer | undefined
  function changed(kept: Kept, kind: Change['kind']): void {
    observer?.changed({ ...kept, kind, via: 'heartbeat' })
  }
  return {
    events,
    /** The newest is the last one again (aw-server: heartbeat). */
    reopen() {
      last = events.toSorted((a, b) => b.event.start - a.event.start || b.event.id - a.event.id)[0]
      observer = undefined
    },
    beat(draft: Draft) {
      const grown = last && merged(last.event, draft, PULSE * 1e6)
      if (last && grown) Object.assign(last, { event: grown, change: ++change })
      else {
        last = { bucket, event: { ...draft, id: events.length + 1 }, pulsetime: PULSE * 1e6, change: ++change }
        events.push(last)
      }
      changed({ ...last }, grown ? 'extended' : 'inserted')
    },
    buckets: {
      observe: (next: Observer) => {
        observer = next
      },
      get: () => bucket,
      event: (_: string, id: number) => events[id - 1]?.event,
      changedSince: (cursor: number) =>
        events
          .filter((kept) => kept.change > cursor)
          .sort((a, b) => a.change - b.change)
          .map((kept) => ({ ...kept })),
    } as unknown as Buckets,
  }
}

type Step =
  | { do: 'beat'; gap: number; duration: number; page: number; late: number }
  | { do: 'wait'; seconds: number }
  | { do: 'stop' }
  | { do: 'kill'; when: 'now' | 'before emit' | 'after emit' }

async function run(steps: readonly Step[]) {
  const clock = fakeClock()
  const store = fakeStore()
  const state = stateInMemory()
  const rows = new Map<string, Notification & { seq: number }>()
  const log = pino({ level: 'silent' })
  let dies: 'before emit' | 'after emit' | undefined
  let end = new AbortController()
  let live: Live | undefined

  function emit(notifications: readonly Notification[]): void {
    const dying = dies
    dies = undefined
    if (dying) void kill()
    if (dying === 'before emit') throw new Error('killed')
    for (const one of notifications) if (!rows.has(one.id)) rows.set(one.id, { ...one, seq: rows.size })
    if (dying === 'after emit') throw new Error('killed')
  }
  async function open() {
    end = new AbortController()
    store.reopen()
    live = createLive(
      { clock, log, state, emit, space: 'home', signal: end.signal } as unknown as BridgeHost<unknown>,
      store.buckets,
    )
    await settled()
  }
  async function kill() {
    end.abort()
    live = undefined
    await settled()
    await open()
  }

  await open()
  let at = T0
  for (const step of steps) {
    if (step.do === 'wait') await clock.advance(step.seconds * 1000)
    if (step.do === 'beat') {
      at += step.gap * 1000
      const arrives = at + step.late * 1000
      if (arrives > clock.now()) await clock.advance(arrives - clock.now())
      store.beat({ start: at * 1000, duration: step.duration * 1e6, data: { page: step.page } })
      await settled()
    }
    if (step.do === 'stop') {
      await live?.close()
      await kill()
    }
    if (step.do === 'kill') {
      if (step.when !== 'now') {
        dies = step.when
        continue
      }
      await kill()
    }
  }
  await clock.advance(120_000)
  await live?.close()
  const told = [...rows.values()].map(
    (row) => ({ ...row, eventType: row.type, details: row.data }) as unknown as ActivityEvent,
  )
  return { stored: store.events.map(({ event }) => [event.start / 1000, event.duration / 1000] as const), told }
}

/** What it all came to: start and duration in ms. */
const folded = (told: readonly ActivityEvent[]) =>
  foldActivities(told)
    .map(({ timestamp, duration }) => [timestamp, duration] as const)
    .sort((a, b) => a[0] - b[0])

const beat = fc.record({
  do: fc.constant('beat' as const),
  gap: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 15, max: 45 })),
  duration: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6 })),
  page: fc.integer({ min: 1, max: 2 }),
  late: fc.integer({ min: 0, max: 10 }),
})
const cut = fc.oneof(
  fc.record({ do: fc.constant('stop' as const) }),
  fc.record({ do: fc.constant('kill' as const), when: fc.constantFrom('now', 'before emit', 'after emit') }),
)
const wait = fc.record({ do: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 60 }) })

it('tells what the store holds, wherever it is cut', { timeout: 120_000 }, async () => {
  const steps = fc.array(
    fc.oneof({ weight: 6, arbitrary: beat }, { weight: 1, arbitrary: cut }, { weight: 1, arbitrary: wait }),
    {
      minLength: 1,
      maxLength: 30,
    },
  )
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const { stored, told } = await run(all as Step[])
      expect(folded(told)).toEqual([...stored].sort((a, b) => a[0] - b[0]))
      const uncut = await run(all.filter((step) => step.do === 'beat' || step.do === 'wait') as Step[])
      expect(folded(told).map(String)).toEqual(folded(uncut.told).map(String))
      expect(new Set(told.map(({ activityId }) => activityId))).toEqual(
        new Set(uncut.told.map(({ activityId }) => activityId)),
      )
      const ends = told.filter(({ phase }) => phase === undefined || phase === 'end')
      expect(new Set(ends.map(({ activityId }) => activityId)).size).toBe(ends.length)
    }),
    { numRuns: 150 },
  )
})
