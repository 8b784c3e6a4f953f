// A bridge alone on a device, and a broker that comes and goes.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { defineBridge } from './bridges/bridge.ts'
import { manual } from './bridges/manual.ts'
import { access } from './broker/access.ts'
import { createEmbeddedBroker, type EmbeddedBroker } from './broker/embedded/embedded.ts'
import { embeddedConfig } from './broker/embedded/limits.ts'
import { randomIds, wallClock } from './component.ts'
import { createDevice, type Device } from './device.ts'
import { loadDeviceConfig } from './device-config.ts'
import { topicsUnder } from './schemas/topics.ts'
import { freePort } from './test/home-assistant/proxy.ts'

const topics = topicsUnder('daybook')
const log = pino({ level: 'silent' })
const user = { username: 'laptop', password: 'secret' }

let data: string
let port: number
let stopping: { stop(): Promise<void> }[]
/** Summaries of activities that came in, and who they are from. */
let came: [summary: string, producer: string][]
beforeEach(async () => {
  data = mkdtempSync(join(tmpdir(), 'daybook-device-'))
  port = await freePort()
  stopping = []
  came = []
})
afterEach(async () => {
  for (const one of stopping.reverse()) await one.stop()
  rmSync(data, { recursive: true })
})

async function broker(): Promise<EmbeddedBroker> {
  const { signal } = new AbortController()
  const config = embeddedConfig.parse({ port })
  const bus = createEmbeddedBroker(
    { config, log, clock: wallClock, ids: randomIds, signal },
    { topics, access: access({ topics, users: [user] }), retained: { load: async () => [], keep: async () => {} } },
  )
  bus.onActivity((delivery) => {
    const { summary } = JSON.parse(delivery.payload.toString()) as { summary: string }
    came.push([summary, topics.parseActivity(delivery.topic).producer])
    delivery.settle({ status: 'stored' })
  })
  for (const part of [bus, bus.door]) {
    await part.start()
    stopping.push(part)
  }
  return bus
}

function device(bridge: Parameters<typeof createDevice>[0]['bridge']): Device {
  const env = { DAYBOOK__BRIDGES__PRODUCER: 'laptop' }
  const config = loadDeviceConfig({ data, broker: `mqtt://laptop:secret@127.0.0.1:${port}` }, { env })
  const made = createDevice({ bridge, config, version: '1.2.3', log, clock: wallClock, ids: randomIds })
  stopping.push(made)
  return made
}

test('it takes what comes before there is a broker, and sends it once there is one', async () => {
  const laptop = device(manual)
  const ready = await laptop.start()
  expect(ready).toEqual({
    ready: true,
    producer: 'manual-laptop',
    outbox: { file: join(data, 'outbox', 'manual-laptop.sqlite') },
    broker: { url: `mqtt://127.0.0.1:${port}` },
    house: { url: null },
    pid: process.pid,
  })
  laptop.bridge.take?.('before the broker, with ghp_a1B2c3D4e5a1B2c3D4e5a1B2c3D4e5a1B2c3')
  expect(came).toEqual([])
  await broker()
  await expect.poll(() => came, { timeout: 20_000 }).toEqual([[expect.any(String), 'manual-laptop']])
  expect(came[0]?.[0]).toMatch(/^before the broker, with \[redacted:[a-z-]+\]$/)
})

test('a bridge hears what others publish, also what they said while the device was away', async () => {
  const bus = await broker()
  const listener = defineBridge<Record<string, never>, string>({
    name: 'listener',
    title: 'Says again what it hears',
    types: ['heard'],
    config: z.strictObject({}),
    exampleConfig: {},
    always: true,
    exampleContext: { space: 'home', now: 0 },
    examples: [],
    translate: () => [],
    async open({ listen, emit, clock }) {
      const off = await listen(['outside/#'], ({ payload }) => {
        const summary = payload.toString()
        emit([{ id: `heard ${summary}`, source: 'listener', type: 'heard', summary, timestamp: clock.now() }])
      })
      return { health: () => ({ state: 'ok' }), pause() {}, forget: () => 0, close: async () => off() }
    },
  })
  const first = device(listener)
  await first.start()
  await bus.publish('outside/door', 'open')
  await expect.poll(() => came, { timeout: 20_000 }).toEqual([['open', 'listener-laptop']])
  await first.stop()
  await bus.publish('outside/door', 'closed')
  await device(listener).start()
  await expect.poll(() => came.map(([summary]) => summary), { timeout: 20_000 }).toContain('closed')
})
