// The line and its failures, over real sockets, with a server that misbehaves. Not for: a Home Assistant that works,
// which the journey in test/e2e has.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type FakeState, type Misbehaving, misbehaving } from '../../test/home-assistant/misbehaving.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import { homeAssistant } from '../home-assistant.ts'
import { openHomeAssistant } from './bridge.ts'
import type { Heartbeat } from './line.ts'

let fake: Misbehaving
let folder: string
let remove: () => Promise<void>
let hosted: Hosted | undefined
/** A little while ago: what is older must be in history. */
let began = 0
let second = 0

beforeEach(async () => {
  began = Date.now() - 30_000
  second = 0
  fake = await misbehaving()
  ;({ folder, remove } = await outboxFolder())
})
afterEach(async () => {
  await hosted?.bridge.stop()
  hosted = undefined
  await fake.close()
  await remove()
})

const light = (state: string): FakeState => lamp('light.a', state)

function lamp(entity_id: string, state: string): FakeState {
  const last_updated = new Date(began + 1000 * second++).toISOString()
  return { entity_id, state, attributes: { friendly_name: 'Lamp' }, last_updated }
}

/** Starts the bridge against the fake one; in a hurry, with its pauses shortened a hundredfold. */
async function start(heartbeat?: Heartbeat): Promise<Hosted> {
  const clock = { now: wallClock.now, sleep: (ms: number, signal?: AbortSignal) => wallClock.sleep(ms / 100, signal) }
  const bridge = {
    ...homeAssistant,
    open: (to: Parameters<typeof homeAssistant.open>[0]) => openHomeAssistant(to, heartbeat),
  }
  const started = host(bridge, folder, { config: { url: fake.url, token: 'x' }, clock })
  hosted = started
  await started.bridge.start()
  return started
}

const said = ({ kept }: Hosted) => kept.map(({ data }) => `${data?.old_state}>${data?.new_state}`)
const health = () => hosted?.bridge.health()
const isLive = (sessions = 1) => until(() => health()?.state === 'ok' && health()?.figures?.sessions === sessions)

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await wallClock.sleep(10)
  expect(holds()).toBe(true)
}

test('a refused token is a failure that is said and not tried again', async () => {
  fake.refusesToken = true
  await start()
  await until(() => health()?.state === 'failed')
  expect(health()).toMatchObject({ code: 'home_assistant_auth' })
  await wallClock.sleep(300)
  expect(fake.counts.lines).toBe(1)
})

test('several messages in one frame are taken one after the other', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  const events = ['on', 'off', 'on'].map((state) => {
    return { event_type: 'state_changed', data: { entity_id: 'light.a', new_state: light(state) } }
  })
  fake.send(...events)
  await until(() => one.kept.length === 3)
  expect(said(one)).toEqual(['off>on', 'on>off', 'off>on'])
})

test('a line that is open but silent is given up, and what was missed is caught up', async () => {
  fake.states = [light('off')]
  fake.history = []
  const one = await start({ everyMs: 2000, answerMs: 3000 })
  await isLive()
  fake.silent = true
  fake.history.push(light('on'), light('off'), light('on'))
  fake.states = fake.history.slice(-1)
  await until(() => health()?.state === 'degraded')
  expect(health()).toMatchObject({ code: 'home_assistant_unreachable' })
  fake.silent = false
  fake.dropLines()
  await isLive(2)
  expect(said(one)).toEqual(['off>on', 'on>off', 'off>on'])
  expect(new Set(one.kept.map(({ id }) => id)).size).toBe(3)
})

test('a bridge that was away reads what it missed, once, with the ids that live events have', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  const [on, off] = [light('on'), light('off')]
  fake.change(on)
  await until(() => one.kept.length === 1)
  await one.bridge.stop()
  fake.history = [on, off, light('on')]
  fake.states = fake.history.slice(-1)
  const two = await start()
  await isLive()
  expect(said(two)).toEqual(['on>off', 'off>on'])
  await two.bridge.stop()
  const three = await start()
  await isLive()
  expect(three.kept).toEqual([])

  await three.bridge.stop()
  await remove()
  ;({ folder, remove } = await outboxFolder())
  fake.states = [on]
  const live = await start()
  await isLive()
  fake.change(off)
  await until(() => live.kept.length === 1)
  expect(live.kept[0]?.id).toBe(two.kept[0]?.id)
})

test('history that lags behind the present is asked again', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  await one.bridge.stop()
  const missed = [light('on'), light('off'), light('on')]
  fake.states = missed.slice(-1)
  fake.history = []
  setTimeout(() => {
    fake.history = missed
  }, 50)
  const two = await start()
  await isLive()
  expect(said(two)).toEqual(['off>on', 'on>off', 'off>on'])
  expect(fake.counts.histories).toBeGreaterThan(1)
})

test('without any history the present is taken', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  await one.bridge.stop()
  fake.history = null
  fake.states = [light('on')]
  const two = await start()
  await isLive()
  expect(said(two)).toEqual(['off>on'])
})

test('what a full outbox refuses is not lost: it is caught up when there is room', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  one.fail(new DaybookError('outbox_full'))
  const on = light('on')
  fake.history = [on]
  fake.change(on)
  await until(() => health()?.code === 'outbox_full')
  one.fail(undefined)
  await until(() => one.kept.length === 1)
  expect(said(one)).toEqual(['off>on'])
})

test('while it starts, nothing is taken; then only what is different from before', async () => {
  fake.states = [light('on'), lamp('light.b', 'off')]
  const one = await start()
  await isLive()
  fake.phase = 'STARTING'
  fake.dropLines()
  await until(() => fake.counts.lines === 2)
  for (const state of ['unavailable', 'on']) fake.change(light(state))
  fake.change(lamp('light.b', 'unavailable'))
  fake.history = [lamp('light.b', 'on')]
  fake.change(fake.history[0] as FakeState)
  await wallClock.sleep(100)
  expect(one.kept).toEqual([])
  fake.phase = 'RUNNING'
  await isLive(2)
  expect(one.kept.map(({ data }) => `${data?.entity_id} ${data?.new_state}`)).toEqual(['light.b on'])
})

test('a user without the rights for events is told so, and states are seen all the same', async () => {
  fake.denied = ['automation_triggered', 'call_service']
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  expect(health()?.detail).toContain('automation_triggered, call_service')
  fake.change(light('on'))
  await until(() => one.kept.length === 1)
})

test('what the user of our token does is not told, unless the user is a person of the house', async () => {
  const acts = (state: string) => {
    const new_state = { ...light(state), context: { id: `c${second}`, user_id: 'bot' } }
    fake.send({ event_type: 'state_changed', data: { entity_id: 'light.a', new_state }, context: new_state.context })
  }
  fake.user = { id: 'bot', is_owner: false }
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  acts('on')
  await wallClock.sleep(100)
  expect(one.kept).toEqual([])
  fake.states.push({ ...lamp('person.alex', 'home'), attributes: { user_id: 'bot' } })
  fake.dropLines()
  await isLive(2)
  acts('off')
  await until(() => one.kept.length > 0)
})

test('it stops at once, also while nobody answers', async () => {
  fake.silent = true
  await start()
  await until(() => fake.counts.lines === 1)
  await hosted?.bridge.stop()
  expect(health()?.state).toBe('stopped')
})

test('a clock that was far ahead once does not make it deaf afterwards', async () => {
  began += 3_600_000
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  began -= 3_600_000
  fake.states = [light('off')]
  fake.dropLines()
  await isLive(2)
  fake.change(light('on'))
  await until(() => one.kept.length === 1)
  expect(said(one)).toEqual(['off>on'])
})

test('more events than it can keep while it catches up are read from history instead', async () => {
  fake.states = [light('off')]
  const one = await start()
  await isLive()
  fake.phase = 'STARTING'
  fake.dropLines()
  await until(() => fake.counts.lines === 2)
  await wallClock.sleep(50)
  fake.history = [light('on'), light('off'), light('on')]
  const flood = { event_type: 'state_changed', data: { entity_id: 'light.b', new_state: lamp('light.b', 'on') } }
  for (let i = 0; i < 11; i++) fake.send(...Array.from({ length: 1000 }, () => flood))
  fake.states = fake.history.slice(-1)
  fake.phase = 'RUNNING'
  await isLive(2)
  expect(said(one)).toEqual(['off>on', 'on>off', 'off>on'])
})

test('an import brings in the past from its horizon on, with the ids of live capture, and can be repeated', async () => {
  const past = ['off', 'on', 'off', 'on'].map(light)
  fake.history = past.slice(0, 3)
  fake.states = past.slice(2, 3)
  const one = await start()
  await isLive()
  fake.change(past[3] as FakeState)
  await until(() => one.kept.length === 1)
  fake.history = past
  const told: number[] = []
  const run = () =>
    one.bridge.import({ since: 0, until: Date.now() }, ({ read }) => told.push(read), new AbortController().signal)
  await run()
  expect(said(one)).toEqual(['off>on', 'off>on', 'on>off', 'off>on'])
  expect(one.kept.at(3)?.id).toBe(one.kept[0]?.id)
  expect(Math.max(...told)).toBe(past.length)
  await run()
  expect(one.kept.slice(4).map(({ id }) => id)).toEqual(one.kept.slice(1, 4).map(({ id }) => id))
})

test('an import does not sample again what was sampled live', async () => {
  const reading = (state: string): FakeState => ({
    ...lamp('sensor.t', state),
    attributes: { device_class: 'temperature', unit_of_measurement: '°C' },
  })
  const before = [reading('20'), reading('25')]
  const after = [reading('30'), reading('35')]
  fake.states = after.slice(0, 1)
  const one = await start()
  await isLive()
  fake.history = [...before, ...after]
  await one.bridge.import({ since: 0, until: Date.now() }, () => {}, new AbortController().signal)
  expect(one.kept.map(({ data }) => data?.new_state)).toEqual([25])
})
