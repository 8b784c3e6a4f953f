// What the host does to what a bridge emits, and to a bridge that fails.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaybookError } from '../schemas/errors.ts'
import { host, outboxFolder } from '../test/hosted.ts'
import type { BridgeHost } from './bridge.ts'
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
