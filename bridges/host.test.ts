// What the host does to what a bridge emits, and to a bridge that fails.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaybookError } from '../schemas/errors.ts'
import { host, outboxFolder } from '../test/hosted.ts'
import type { BridgeHost, Notification } from './bridge.ts'
import { producerOf } from './host.ts'
import { manual, noteNotification } from './manual.ts'

let folder: string
let remove: () => Promise<void>

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
})
afterEach(() => remove())

const note = (text: string) => noteNotification({ text }, { space: 'home', now: 1_760_000_000_000 })
const idle = { health: () => ({ state: 'ok' as const }), pause() {}, forget: () => 0, async close() {} }

/** The manual bridge, started, with what it was handed. */
async function started(options: Parameters<typeof host>[2] = {}) {
  let handed: BridgeHost<unknown> | undefined
  const open = async (to: BridgeHost<unknown>) => {
    handed = to
    return idle
  }
  const hosted = host({ ...manual, open }, folder, options)
  await hosted.bridge.start()
  return { ...hosted, handed: handed as BridgeHost<unknown> }
}

test('an invalid notification is counted and left out; the others pass', async () => {
  const { bridge, kept, handed } = await started()
  handed.emit([note('one'), { ...note('two'), summary: '' }, note('three')])
  expect(kept.map(({ summary }) => summary)).toEqual(['one', 'three'])
  expect(bridge.health().figures).toMatchObject({ emitted: 2, invalid: 1 })
  await bridge.stop()
})

test('a full outbox is for the bridge to hear of', async () => {
  const { bridge, kept, handed, fail } = await started()
  fail(new DaybookError('outbox_full'))
  expect(() => handed.emit([note('one')])).toThrow(DaybookError)
  fail(undefined)
  handed.emit([note('one')])
  expect(kept).toHaveLength(1)
  await bridge.stop()
})

test('a bridge hears what others publish, and nothing while it is paused', async () => {
  const { bridge, handed, publish } = await started()
  const heard: string[] = []
  const off = await handed.listen(['cameras/+'], ({ topic, payload }) => heard.push(`${topic} ${payload}`))
  publish('cameras/events', 'a')
  publish('elsewhere', 'b')
  bridge.pause(true)
  publish('cameras/events', 'c')
  bridge.pause(false)
  publish('cameras/events', 'd')
  off()
  publish('cameras/events', 'e')
  expect(heard).toEqual(['cameras/events a', 'cameras/events d'])
  await bridge.stop()
})

test('what a bridge does not understand is passed over; what finds no room is offered again', async () => {
  const { bridge, handed, publish } = await started()
  await handed.listen(['cameras/+'], ({ payload }) => {
    if (`${payload}` === 'odd') throw new TypeError('a bug')
    if (`${payload}` === 'huge') throw new DaybookError('too_large')
    throw new DaybookError('outbox_full')
  })
  expect(() => publish('cameras/events', 'odd')).not.toThrow()
  expect(() => publish('cameras/events', 'huge')).not.toThrow()
  expect(() => publish('cameras/events', 'even')).toThrow(DaybookError)
  await bridge.stop()
})

test('redaction comes before the outbox, and size last', async () => {
  const redact = (n: ReturnType<typeof note>) => ({ ...n, data: { ...n.data, text: 'x'.repeat(30_000) } })
  const { bridge, kept, handed } = await started({ redact })
  handed.emit([note('one')])
  expect(JSON.stringify(kept[0]).length).toBeLessThan(16_384)
  expect(kept[0]?.data).toMatchObject({ cut: ['text'] })
  await bridge.stop()
})

test('what a person must mend is told by health; what may pass by itself keeps the part from starting', async () => {
  const failing = (code: 'home_assistant_auth' | 'bus_unavailable') =>
    host({ ...manual, open: () => Promise.reject(new DaybookError(code)) }, folder).bridge
  const refused = failing('home_assistant_auth')
  await refused.start()
  expect(refused.health()).toMatchObject({ state: 'failed', code: 'home_assistant_auth' })
  await refused.stop()
  const away = failing('bus_unavailable')
  await expect(away.start()).rejects.toMatchObject({ code: 'bus_unavailable' })
  await away.stop()
})

test('a producer is the source and the device, as a topic may hold it', () => {
  expect(producerOf('home_assistant', 'my laptop.local')).toBe('home_assistant-my-laptop.local')
  expect(producerOf('manual', 'Müllers Mac (2)')).toBe('manual-M-llers-Mac-2')
  expect(producerOf('manual', '###')).toBe('manual-local')
})

test('what a bridge ends because a pause begins is kept, what it emits in it is counted', async () => {
  let handed: BridgeHost<unknown> | undefined
  const open = async (to: BridgeHost<unknown>) => {
    handed = to
    return { ...idle, pause: (paused: boolean) => paused && to.emit([note('ended by the pause')]) }
  }
  const { bridge, kept } = host({ ...manual, open: open as typeof manual.open }, folder)
  await bridge.start()
  bridge.pause(true)
  handed?.emit([note('in the pause')])
  bridge.pause(false)
  handed?.emit([note('after it')])
  expect(kept.map(({ summary }) => summary)).toEqual(['ended by the pause', 'after it'])
  expect(bridge.health().figures).toMatchObject({ emitted: 2, notKept: 1 })
  await bridge.stop()
})

test('a pause with an end ends by the clock, also while the bridge does not run, and the bridge is told', async () => {
  let now = 1_760_000_000_000
  const told: boolean[] = []
  const clock = { now: () => now, sleep: () => new Promise<void>((wake) => setTimeout(wake, 5)) }
  const open = async () => ({ ...idle, pause: (paused: boolean) => void told.push(paused) })
  const run = async () => {
    const { bridge } = host({ ...manual, open }, folder, { clock })
    await bridge.start()
    return bridge
  }
  const first = await run()
  first.pause(true, now + 60_000)
  first.pause(true, now + 90_000)
  now += 90_000
  await expect.poll(() => told).toEqual([true, false])
  first.pause(true, now + 60_000)
  await first.stop()
  now += 90_000
  const second = await run()
  expect(second.health().figures?.paused).toBe(false)
  expect(told).toEqual([true, false, true, false])
  await second.stop()
  const third = await run()
  third.pause(true)
  await third.stop()
  const fourth = await run()
  expect(told.slice(4)).toEqual([true, true])
  await fourth.stop()
})

test('what leaves no trace is counted and nothing else, and what is cut is redacted after that', async () => {
  const admit = (one: Notification) => (one.summary === 'private' ? null : { ...one, summary: `${one.summary} cut` })
  const redact = (one: Notification) => ({ ...one, summary: `${one.summary} redacted` })
  const { bridge, kept, handed } = await started({ admit, redact })
  handed.emit([note('private'), note('public')])
  expect(kept.map(({ summary }) => summary)).toEqual(['public cut redacted'])
  expect(bridge.health().figures).toMatchObject({ emitted: 1, denied: 1 })
  await bridge.stop()
})
