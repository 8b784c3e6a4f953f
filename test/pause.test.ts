// A pause in a whole house and on a device beside it: nothing that happens in it is kept, whichever way and whenever it
// comes in. Not for: what may be asked for (schemas/pause.test.ts), or a clock that a test turns (pipeline/pause.test.ts).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAsync, type MqttClient } from 'mqtt'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createApp } from '../app.ts'
import type { Notification } from '../bridges/bridge.ts'
import { manual } from '../bridges/manual.ts'
import { randomIds, wallClock } from '../component.ts'
import { createDevice } from '../device.ts'
import { loadDeviceConfig } from '../device-config.ts'
import type { App } from '../lifecycle.ts'
import type { ActivityEvent } from '../schemas/activity.ts'
import type { Accounting } from '../schemas/delivery.ts'
import { eventId } from '../schemas/ids.ts'
import type { PauseState } from '../schemas/pause.ts'
import { topicsUnder } from '../schemas/topics.ts'
import type { HouseStatus } from '../surfaces/operations/get-status.ts'
import { freePort } from './home-assistant/proxy.ts'
import { type InProcess, startInProcess } from './in-process.ts'

const topics = topicsUnder('daybook')
const log = pino({ level: 'silent' })
let house: InProcess
let url: string
let ending: (() => Promise<unknown>)[]

beforeEach(async () => {
  ending = []
  house = await startInProcess()
  url = house.ready.http.url
})
afterEach(async () => {
  for (const end of ending.reverse()) await end()
  await house.stop()
})

async function ask<T>(path: string, body?: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${house.credentials.http.token}` }
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }
  return (await (await fetch(url + path, { headers, ...init })).json()) as T
}
const pause = (body: unknown) => ask<PauseState>('/api/v1/pause', body)
const summaries = async () =>
  (await ask<{ items: ActivityEvent[] }>('/api/v1/activities?limit=1000')).items.map(({ summary }) => summary).sort()
const suppressed = async () => (await ask<Accounting>('/api/v1/accounting')).totals.suppressed

function command(summary: string, timestamp = Date.now()): Notification {
  const id = eventId({ space: 'home', source: 'terminal', key: `${summary} ${timestamp}`, timestamp })
  return { id, source: 'terminal', type: 'command', summary, timestamp }
}

async function client(): Promise<MqttClient> {
  const connected = await connectAsync(house.ready.mqtt.url, { ...house.credentials.mqtt, reconnectPeriod: 0 })
  ending.push(() => connected.endAsync(true))
  return connected
}

/** What an MQTT client hears of the state. */
async function states(): Promise<PauseState[]> {
  const heard: PauseState[] = []
  const listening = await client()
  listening.on('message', (_topic, payload) => heard.push(JSON.parse(payload.toString())))
  await listening.subscribeAsync(topics.state('pause'), { qos: 1 })
  await expect.poll(() => heard.length).toBeGreaterThan(0)
  return heard
}

async function restart(): Promise<App> {
  await house.app.stop()
  const parts = { log, clock: wallClock, ids: randomIds }
  const app = createApp({ config: house.config, version: '0.0.0', ...parts })
  const ready = await app.start()
  ending.push(() => app.stop())
  url = ready.http.url ?? ''
  return app
}

/** A bridge alone, with its own outbox. */
async function laptop() {
  const data = mkdtempSync(join(tmpdir(), 'daybook-device-'))
  ending.push(async () => rmSync(data, { recursive: true }))
  const { username, password } = house.credentials.mqtt
  const broker = house.ready.mqtt.url.replace('//', `//${username}:${password}@`)
  const env = { DAYBOOK__BRIDGES__PRODUCER: 'laptop' }
  const config = loadDeviceConfig({ data, broker }, { env })
  const device = createDevice({ bridge: manual, config, version: '0', log, clock: wallClock, ids: randomIds })
  ending.push(() => device.stop())
  await device.start()
  return device
}
const isPaused = ({ bridge }: { bridge: { health(): { figures?: Record<string, unknown> } } }) =>
  bridge.health().figures?.paused

test('what comes in while paused is settled and counted, by HTTP and by MQTT, and nothing of it is kept', async () => {
  const heard = await states()
  expect(heard).toEqual([{ paused: false, since: null, until: null }])
  const before = Date.now()
  const state = await pause({ for: '30m' })
  expect(state).toEqual({ paused: true, since: expect.any(Number), until: (state.since ?? 0) + 1_800_000 })
  expect(await ask('/api/v1/pause')).toEqual(state)
  await expect.poll(() => heard.at(-1)).toEqual(state)
  expect(await ask<HouseStatus>('/api/v1/status')).toMatchObject({
    ready: true,
    pause: state,
    parts: { pause: { state: 'ok', detail: expect.stringMatching(/^Paused 1 min ago, for another 30 min/) } },
  })

  expect(await ask('/api/v1/activities', command('posted'))).toMatchObject({ stored: 0, suppressed: 1 })
  expect(await ask('/api/v1/activities', command('posted, of before', before - 1_000))).toMatchObject({ stored: 1 })
  expect(await ask('/api/v1/notes', { text: 'noted' })).toMatchObject({ status: 'suppressed' })
  const publisher = await client()
  const topic = topics.activity({ source: 'terminal', type: 'command', producer: 'desk' })
  await publisher.publishAsync(topic, JSON.stringify(command('published')), { qos: 1 })
  await publisher.publishAsync(topic, 'no activity at all', { qos: 1 })
  expect(await suppressed()).toBe(4)
  expect(await ask('/api/v1/rejected')).toMatchObject({ items: [] })

  expect(await pause({ for: 'off' })).toEqual({ paused: false, since: null, until: null })
  expect(await ask('/api/v1/activities', command('after'))).toMatchObject({ stored: 1 })
  expect(await summaries()).toEqual(['after', 'posted, of before'])
})

test('switches and people say it on the command topic, with and without wanting a reply', async () => {
  const heard = await states()
  const sender = await client()
  const replies: unknown[] = []
  sender.on('message', (_topic, payload) => replies.push(JSON.parse(payload.toString())))
  await sender.subscribeAsync(topics.reply('mine'))
  await sender.publishAsync(topics.command('pause'), 'ON', { qos: 1 })
  await expect.poll(() => heard.at(-1)).toMatchObject({ paused: true, until: null })
  await sender.publishAsync(topics.command('pause'), JSON.stringify({ for: 'a while', requestId: 'mine' }))
  await expect.poll(() => replies.at(-1)).toMatchObject({ ok: false, code: 'invalid' })
  await sender.publishAsync(topics.command('pause'), JSON.stringify({ paused: false, requestId: 'mine.' }))
  await expect.poll(() => heard.at(-1)).toMatchObject({ paused: false })
  expect(replies).toHaveLength(1)
  expect(await pause({ for: 'a while' })).toMatchObject({ code: 'invalid', detail: expect.stringMatching(/30m/) })
})

test('nobody says in its place that it is paused, or that it is not any more', async () => {
  const device = await laptop()
  const heard = await states()
  const sender = await client()
  const say = (state: PauseState) =>
    sender.publishAsync(topics.state('pause'), JSON.stringify(state), { qos: 1, retain: true })
  await say({ paused: true, since: 1, until: null })
  await sender.publishAsync(topics.state('pause'), '', { qos: 1, retain: true })
  const paused = await pause({ paused: true })
  await say({ paused: false, since: null, until: null })
  await expect.poll(() => isPaused(device), { interval: 10 }).toBe(true)
  expect((await pause({ paused: false })).paused).toBe(false)
  await expect.poll(() => heard).toEqual([expect.objectContaining({ paused: false }), paused, heard[0]])
  // What came in the pause is not kept.
  expect(await ask('/api/v1/rejected')).toMatchObject({ items: [{ code: 'not_json' }, { code: 'topic_invalid' }] })
})

test('a bridge alone stops within two seconds, and what its outbox brings late stays away', async () => {
  const device = await laptop()
  device.bridge.take?.('before')
  await expect.poll(summaries).toEqual(['before'])
  await pause({ paused: true })
  const begun = performance.now()
  await expect.poll(() => isPaused(device), { interval: 10 }).toBe(true)
  expect(performance.now() - begun).toBeLessThan(2_000)
  device.bridge.take?.('while paused')
  const { since } = await ask<PauseState>('/api/v1/pause')
  await pause({ paused: false })
  await expect.poll(() => isPaused(device), { interval: 10 }).toBe(false)
  device.bridge.take?.('after')
  await expect.poll(summaries).toEqual(['after', 'before'])
  expect(device.bridge.health().figures).toMatchObject({ notKept: 1 })
  // An outbox that was away meanwhile.
  const late = [command('late', since ?? 0), command('late, of before', (since ?? 0) - 1)]
  expect(await ask('/api/v1/activities', late)).toMatchObject({ stored: 1, suppressed: 1 })
})

test('a pause that ends by itself ends on a device whose house is away', async () => {
  const device = await laptop()
  await pause({ until: Date.now() + 3_000 })
  await expect.poll(() => isPaused(device), { interval: 10 }).toBe(true)
  await house.app.stop()
  await expect.poll(() => isPaused(device), { interval: 50, timeout: 6_000 }).toBe(false)
})

test('a restart in the middle changes nothing, also for bridges that are connected meanwhile', async () => {
  const state = await pause({ for: '1h' })
  await restart()
  expect(await ask('/api/v1/pause')).toEqual(state)
  expect(await ask('/api/v1/activities', command('after the restart'))).toMatchObject({ suppressed: 1 })
  await ask('/api/v1/sources/connect', { name: 'frigate', settings: { topicPrefix: 'frigate-test' } })
  const source = await ask<{ on: boolean; figures?: Record<string, unknown> }>('/api/v1/sources/frigate')
  expect(source).toMatchObject({ on: true, figures: { paused: true } })
  await pause({ for: 'off' })
  expect(await ask('/api/v1/sources/frigate')).toMatchObject({ figures: { paused: false } })
})

test('it begins and is told while the database is away', async () => {
  const heard = await states()
  await house.loseDatabase()
  const begun = performance.now()
  expect(await pause({ for: '5m' })).toMatchObject({ paused: true })
  expect(performance.now() - begun).toBeLessThan(3_000)
  await expect.poll(() => heard.at(-1)).toMatchObject({ paused: true })
  expect(await ask('/api/v1/pause')).toMatchObject({ paused: true })
})

test('it begins and ends while a broker of others is away', async () => {
  const broker = `mqtt://127.0.0.1:${await freePort()}`
  const lonely = await startInProcess({ DAYBOOK__BROKER__URL: broker })
  ending.push(() => lonely.stop())
  const say = async (wanted: string) => {
    const answer = await lonely.api('/api/v1/pause', { method: 'POST', body: JSON.stringify({ for: wanted }) })
    return answer.json()
  }
  expect(await say('5m')).toMatchObject({ paused: true })
  const { parts } = (await (await lonely.api('/api/v1/status')).json()) as HouseStatus
  expect(parts['bridge manual']?.figures?.paused).toBe(true)
  expect(await say('off')).toMatchObject({ paused: false })
})
