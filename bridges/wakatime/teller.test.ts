// Heartbeats in any order, in any batches, with restarts and crashes anywhere, and with stretches told in between: nothing
// is doubled, nothing lost. Not for: what a stretch is (stretch.test.ts).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import pino from 'pino'
import { afterEach, expect, test } from 'vitest'
import type { Notification } from '../bridge.ts'
import { translate } from './dry.ts'
import { type HeartbeatsFile, openHeartbeatsFile } from './file.ts'
import { createQuiet, type Quiet } from './quiet.ts'
import { createTaking } from './taking.ts'
import { createTeller, SETTLE_MS } from './teller.ts'

const T0 = 1_795_394_000
const TIMEOUT = 15 * 60 * 1e6
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

type Sent = { entity: string; time: number; project?: string; machine?: string; is_write?: boolean }

/** A bridge's inside over one folder, whose clock is moved by hand. */
function createWorld() {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-wakatime-'))
  folders.push(folder)
  let now = (T0 + 10 * 3600) * 1000
  const clock = { now: () => now, sleep: async () => {} }
  const emitted: Notification[] = []
  let crash = false
  const emit = (batch: readonly Notification[]) => {
    emitted.push(...batch)
    if (crash && batch.length > 0) throw new Error('killed after the emit')
  }
  const host = { emit, room: async () => {}, space: 'home', signal: new AbortController().signal }
  let file: HeartbeatsFile
  let quiet: Quiet
  let parts: { taking: ReturnType<typeof createTaking>; teller: ReturnType<typeof createTeller> }
  function open() {
    file = openHeartbeatsFile(folder, clock)
    quiet = createQuiet(file, clock)
    const privacy = { allows: () => true, clean: <F>(facts: F) => facts }
    parts = {
      taking: createTaking({ file, privacy, quiet, clock, log: pino({ level: 'silent' }) }),
      teller: createTeller({ file, quiet, host, clock, timeout: TIMEOUT }),
    }
  }
  open()
  return {
    emitted,
    take: (batch: readonly unknown[]) => parts.taking.take(batch, { userAgent: '', machine: 'laptop' }),
    tell: () => parts.teller.tell(),
    pause: (paused: boolean) => quiet.set(paused),
    wait: (ms: number) => {
      now += ms
    },
    at: (seconds: number) => {
      now = (T0 + seconds) * 1000
    },
    dirty: () => file.statements.dirty.all().length,
    restart() {
      file.close()
      open()
    },
    async crashWhileTelling() {
      crash = true
      await parts.teller.tell().catch(() => {})
      crash = false
      this.restart()
    },
    close: () => file.close(),
  }
}

/** What readers see: the latest end of each activity. */
function folded(emitted: readonly Notification[]) {
  const ends = emitted.filter(({ phase }) => phase === 'end')
  const latest = new Map(ends.map((one) => [one.activityId, one]))
  return [...latest.values()]
    .map(({ timestamp, duration = 0, data }) => ({
      entity: data?.file as string,
      machine: data?.machine as string,
      from: timestamp - duration,
      to: timestamp,
      heartbeats: data?.heartbeats as number,
    }))
    .sort((a, b) => (a.machine < b.machine ? -1 : a.machine > b.machine ? 1 : a.from - b.from || a.to - b.to))
}

/** Pieces of one stretch that touch, as one. */
function joined(pieces: ReturnType<typeof folded>) {
  const all: ReturnType<typeof folded> = []
  for (const piece of pieces) {
    const last = all.at(-1)
    if (last && last.entity === piece.entity && last.machine === piece.machine && last.to === piece.from) {
      last.to = piece.to
      last.heartbeats += piece.heartbeats
    } else all.push({ ...piece })
  }
  return all
}

const heartbeat: fc.Arbitrary<Sent> = fc.record(
  {
    entity: fc.constantFrom('/a.go', '/b.go', '/c.go'),
    // Whole tenths of a second, so that a time is one whole number of ms.
    time: fc.integer({ min: 0, max: 72_000 }).map((tenths) => T0 + tenths / 10),
    project: fc.constant('p'),
    machine: fc.constantFrom('one', 'two'),
    is_write: fc.boolean(),
  },
  { requiredKeys: ['entity', 'time', 'machine'] },
)
const heartbeats = fc.uniqueArray(heartbeat, { selector: ({ time }) => time, minLength: 1, maxLength: 40 })
const reference = (all: readonly Sent[]) =>
  folded(translate({ heartbeats: all, userAgent: '', machine: '' }, { space: 'home', now: (T0 + 86_400) * 1000 }))

test('any order, any batches, any restarts: what is told once all is there is the same to the id', async () => {
  await fc.assert(
    fc.asyncProperty(heartbeats, fc.infiniteStream(fc.nat()), async (all, dice) => {
      const world = createWorld()
      const rest = [...all, ...all.slice(0, 5)]
      while (rest.length > 0) {
        const size = 1 + ((dice.next().value ?? 0) % 7)
        const batch = Array.from({ length: Math.min(size, rest.length) }).flatMap(() =>
          rest.splice((dice.next().value ?? 0) % rest.length, 1),
        )
        world.take(batch)
        if ((dice.next().value ?? 0) % 4 === 0) world.restart()
        await world.tell()
      }
      world.wait(SETTLE_MS)
      await world.crashWhileTelling()
      await world.tell()
      const context = { space: 'home', now: (T0 + 86_400) * 1000 }
      const expected = translate({ heartbeats: all, userAgent: '', machine: 'laptop' }, context)
      expect(new Set(world.emitted.map(({ id }) => id))).toEqual(new Set(expected.map(({ id }) => id)))
      expect(world.dirty()).toBe(0)
      world.close()
    }),
    { numRuns: 60 },
  )
}, 60_000)

test('told in between, too: the same time of the same things, no heartbeat twice, pieces that at most touch', async () => {
  await fc.assert(
    fc.asyncProperty(heartbeats, fc.infiniteStream(fc.nat()), async (all, dice) => {
      const world = createWorld()
      const roll = (sides: number) => (dice.next().value ?? 0) % sides
      const rest = [...all]
      while (rest.length > 0) {
        world.take(
          Array.from({ length: Math.min(1 + roll(5), rest.length) }).flatMap(() => rest.splice(roll(rest.length), 1)),
        )
        if (roll(2) === 0) world.wait(SETTLE_MS)
        const fate = roll(5)
        if (fate === 0) await world.crashWhileTelling()
        else if (fate === 1) world.restart()
        else await world.tell()
      }
      world.wait(SETTLE_MS)
      await world.tell()
      const pieces = folded(world.emitted)
      for (const [index, piece] of pieces.entries()) {
        const next = pieces[index + 1]
        if (next?.machine === piece.machine) expect(next.from).toBeGreaterThanOrEqual(piece.to)
      }
      expect(joined(pieces)).toEqual(joined(reference(all)))
      expect(pieces.reduce((sum, { heartbeats: n }) => sum + n, 0)).toBe(all.length)
      world.close()
    }),
    { numRuns: 120 },
  )
}, 60_000)

test('a stretch is told to start when it has lasted a minute, once, and to end when the timeout is over', async () => {
  const world = createWorld()
  const go = async (seconds: number, beat: boolean) => {
    world.at(seconds)
    if (beat) world.take([{ entity: '/a.go', time: T0 + seconds }])
    await world.tell()
    return world.emitted.map(({ phase }) => phase)
  }
  expect(await go(0, true)).toEqual([])
  expect(await go(59, true)).toEqual([])
  expect(await go(62, true)).toEqual([])
  expect(await go(93, false)).toEqual(['start'])
  expect(await go(180, true)).toEqual(['start'])
  expect(await go(180 + 900, false)).toEqual(['start'])
  expect(await go(180 + 901, false)).toEqual(['start', 'end'])
  const [start, end] = world.emitted
  expect(end).toMatchObject({ activityId: start?.activityId, timestamp: (T0 + 180) * 1000, duration: 180_000 })
  expect(start).toMatchObject({ timestamp: T0 * 1000, data: { file: '/a.go' } })
  expect(world.dirty()).toBe(0)
  world.close()
})

test('a queue of hours ago ends up before what is being done now, and changes nothing that was told rightly', async () => {
  const world = createWorld()
  world.at(7200)
  world.take([{ entity: '/now.go', time: T0 + 7200 }])
  for (let batch = 0; batch < 8; batch++)
    world.take(
      Array.from({ length: 25 }, (_, n) => ({ entity: `/old-${batch % 2}.go`, time: T0 + batch * 750 + n * 30 })),
    )
  world.wait(SETTLE_MS)
  await world.tell()
  expect(folded(world.emitted).map(({ entity, heartbeats: n }) => [entity, n])).toEqual(
    Array.from({ length: 8 }, (_, batch) => [`/old-${batch % 2}.go`, 25]),
  )
  const before = world.emitted.length
  world.take([{ entity: '/old-0.go', time: T0 + 15 }])
  world.wait(SETTLE_MS)
  await world.tell()
  expect(world.emitted.slice(before).map(({ data }) => data?.heartbeats)).toEqual([26])
  world.close()
})

test('nothing of a pause is kept, whenever it comes, and no stretch goes on through one', async () => {
  const world = createWorld()
  world.at(0)
  world.take([
    { entity: '/a.go', time: T0 },
    { entity: '/a.go', time: T0 + 30 },
  ])
  world.at(60)
  world.pause(true)
  expect(world.take([{ entity: '/a.go', time: T0 + 70 }])).toMatchObject([{ how: 'paused' }])
  world.wait(SETTLE_MS)
  await world.tell()
  expect(world.emitted).toEqual([])
  world.at(120)
  world.pause(false)
  world.take([{ entity: '/a.go', time: T0 + 121 }])
  expect(world.take([{ entity: '/a.go', time: T0 + 100 }])).toMatchObject([{ how: 'paused' }])
  world.at(2000)
  await world.tell()
  expect(folded(world.emitted).map(({ from, to }) => [from / 1000 - T0, to / 1000 - T0])).toEqual([
    [0, 30],
    [121, 121],
  ])
  world.close()
})

test('many thousand heartbeats at once are told page by page', async () => {
  const world = createWorld()
  const all = Array.from({ length: 5000 }, (_, n) => ({ entity: `/f${Math.floor(n / 7)}.go`, time: T0 + n }))
  world.take(all)
  world.wait(SETTLE_MS)
  await world.tell()
  expect(folded(world.emitted).reduce((sum, { heartbeats: n }) => sum + n, 0)).toBe(5000)
  expect(world.emitted.length).toBe(new Set(world.emitted.map(({ id }) => id)).size)
  world.close()
})
