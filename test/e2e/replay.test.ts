// A recording goes into a sandbox and comes out again as it was, and nobody who listens to the live topics hears of it.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { connectAsync } from 'mqtt'
import { expect, test } from 'vitest'
import { topicsUnder } from '../../schemas/topics.ts'
import type { House } from '../house.ts'
import { daybook, type Journey, journey } from '../journey.ts'

interface Heard {
  topic: string
  payload: string
  at: number
}

const live = topicsUnder('daybook')
const launcher = resolve(import.meta.dirname, '../../bin/daybook.js')
const environment = (here: Journey) => ({
  ...process.env,
  DAYBOOK__DATA: here.data,
  DAYBOOK__TIMEZONE: 'Europe/Berlin',
})
/** For what must not come: long enough that it would have. */
const settled = () => sleep(500)

async function connect(house: House) {
  const { username, password } = house.credentials.mqtt
  return connectAsync(house.ready.mqtt.url, { username, password })
}

async function subscriber(house: House, filter: string, cleanup: AsyncDisposableStack): Promise<Heard[]> {
  const heard: Heard[] = []
  const listening = await connect(house)
  cleanup.defer(() => listening.endAsync(true))
  listening.on('message', (topic, payload) =>
    heard.push({ topic, payload: payload.toString('base64'), at: performance.now() }),
  )
  await listening.subscribeAsync(filter, { qos: 1 })
  return heard
}

test('record, then replay into a sandbox: all of it, byte by byte, in order and spaced as it was', async () => {
  await using here = await journey()
  await using cleanup = new AsyncDisposableStack()
  const house = await here.start({ env: { DAYBOOK__TIMEZONE: 'Europe/Berlin' } })
  const client = await connect(house)
  cleanup.defer(() => client.endAsync(true))
  const file = join(here.folder, 'all.jsonl')

  // Before anything is recorded: a value that stays.
  await client.publishAsync('zigbee2mqtt/lamp', '{"state":"ON"}', { qos: 1, retain: true })
  const recording = spawn(process.execPath, [launcher, 'record', '#', '--output', file], {
    env: environment(here),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  recording.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text
  })
  await expect.poll(() => readText(file), { timeout: 20_000 }).toContain('zigbee2mqtt/lamp')

  const timestamp = Date.now() - 3_600_000
  const body = { id: 'made/1', summary: 'Kitchen light turned on', timestamp }
  const topic = live.activity({ source: 'iot', type: 'device_state_change', producer: 'made' })
  await client.publishAsync(topic, JSON.stringify(body), { qos: 1 })
  await client.publishAsync('frigate/front_door/person/snapshot', Buffer.from([0xff, 0xd8, 0, 0x80]), { qos: 0 })
  await sleep(600)
  await client.publishAsync('frigate/events', '{"type":"new","label":"Käse 🧀"}', { qos: 1 })
  await expect.poll(() => readText(file), { timeout: 20_000 }).toContain('frigate/events')
  recording.kill('SIGINT')
  // Not `exit`: what it said may come after that.
  const [code] = (await once(recording, 'close')) as [number]
  expect([code, told]).toEqual([0, expect.stringMatching(/messages, \d+ KB recorded/)])

  const lines = readText(file)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(lines[0]).toEqual({
    daybook: 'recording',
    version: 1,
    filter: '#',
    startedAt: expect.any(Number),
    prefix: 'daybook',
  })
  expect(lines.find((line) => line.topic === 'zigbee2mqtt/lamp')).toMatchObject({ retain: true, encoding: 'utf8' })
  expect(lines.find((line) => line.topic?.endsWith('snapshot'))).toMatchObject({ encoding: 'base64', qos: 0 })

  const [ours, frigate, sandbox] = await Promise.all([
    subscriber(house, live.all, cleanup),
    subscriber(house, 'frigate/#', cleanup),
    subscriber(house, 'sandbox/#', cleanup),
  ])
  await settled()
  ours.length = 0
  const begin = performance.now()
  const answer = JSON.parse(await daybook(here.data, 'replay', file, '--prefix', 'sandbox', '--speed', '2', '--json'))
  const messages = lines.slice(1)
  expect(answer).toMatchObject({ published: messages.length, stored: 0, duplicates: 0, rejected: 0, skipped: 0 })
  await expect.poll(() => sandbox.length, { timeout: 20_000 }).toBe(messages.length)
  await settled()
  // What the house says of itself goes on meanwhile.
  expect([ours.filter(({ topic: heard }) => live.isActivity(heard)), frigate]).toEqual([[], []])
  expect(sandbox.map(({ topic, payload }) => [topic, payload])).toEqual(
    messages.map(({ topic, payload, encoding }) => [
      topic.startsWith('daybook/') ? topic.replace('daybook/', 'sandbox/') : `sandbox/${topic}`,
      Buffer.from(payload, encoding).toString('base64'),
    ]),
  )
  // Played twice as fast, and never sooner than that: the last one is as far from the beginning as half of what it was.
  const span = messages.at(-1).at - messages[0].at
  expect(span).toBeGreaterThanOrEqual(600)
  expect((sandbox.at(-1)?.at ?? 0) - begin).toBeGreaterThanOrEqual(span / 2)

  // Among the foreign topics that it holds it would be heard live.
  await expect(daybook(here.data, 'replay', file, '--prefix', 'zigbee2mqtt')).rejects.toThrow('--into-live')

  // On its own topics the activity is known already, and what the house says itself is left out.
  const again = JSON.parse(await daybook(here.data, 'replay', file, '--speed', 'max', '--json'))
  expect(again).toMatchObject({ duplicates: 1, stored: 0, rejected: 0 })
  expect(again.published + again.skipped).toBe(messages.length)
})

test('an hour of the store goes into the sandbox unless told otherwise', async () => {
  await using here = await journey()
  await using cleanup = new AsyncDisposableStack()
  const house = await here.start({ env: { DAYBOOK__TIMEZONE: 'Europe/Berlin' } })
  const activity = (time: string) => ({
    id: `made/${time}`,
    source: 'iot',
    type: 'environmental',
    producer: 'made',
    summary: `It is ${time}`,
    timestamp: Date.parse(`2026-10-${time > '20:00' ? 24 : 25}T${time}:00Z`),
  })
  // The night in which the clocks go back: 02:30 is there twice, at 00:30 and at 01:30 of UTC.
  const night = ['21:59', '22:00', '00:30', '01:30', '04:59', '05:00'].map(activity)
  await house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify([...night].reverse()) })
  const [ours, sandbox] = await Promise.all([
    subscriber(house, live.all, cleanup),
    subscriber(house, 'sandbox/#', cleanup),
  ])
  await settled()
  ours.length = 0
  const range = ['--from', '00:00', '--to', '06:00', '--day', '2026-10-25', '--speed', 'max', '--json']
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, [launcher, 'replay', ...range], { env: environment(here) })
  expect(JSON.parse(stdout)).toMatchObject({ published: 4, stored: 0 })
  await expect.poll(() => sandbox.length, { timeout: 20_000 }).toBe(4)
  const summaries = sandbox.map(({ payload }) => JSON.parse(Buffer.from(payload, 'base64').toString()).summary)
  expect(summaries).toEqual(['22:00', '00:30', '01:30', '04:59'].map((time) => `It is ${time}`))
  expect(new Set(sandbox.map(({ topic }) => topic))).toEqual(
    new Set([topicsUnder('sandbox').activity({ source: 'iot', type: 'environmental', producer: 'made' })]),
  )
  expect(ours.filter(({ topic: heard }) => live.isActivity(heard))).toEqual([])
  for (const prefix of ['daybook', 'daybook/try']) {
    const into = run(process.execPath, [launcher, 'replay', ...range, '--prefix', prefix], { env: environment(here) })
    await expect(into).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--into-live') })
  }
})

test('lines that are not understood are named and skipped, and the exit code says so', async () => {
  await using here = await journey()
  await here.start()
  const file = join(here.folder, 'bad.jsonl')
  const good = (n: number) => JSON.stringify({ at: n, topic: `foreign/${n}`, payload: 'x' })
  writeFileSync(
    file,
    `${good(1)}\nnonsense\n${good(2)}\n{"at":3}\n${JSON.stringify({ at: 4, topic: 'a/+', payload: '' })}\n{"at":5,"to`,
  )
  const run = promisify(execFile)
  const ending = run(process.execPath, [launcher, 'replay', file, '--speed', 'max', '--json'], {
    env: environment(here),
  })
  const { code, stdout, stderr } = await ending.catch((error) => error)
  expect(code).toBe(4)
  expect(JSON.parse(stdout)).toMatchObject({ published: 2, rejected: 1, skipped: 3 })
  const troubles = stderr
    .trimEnd()
    .split('\n')
    .map((line: string) => JSON.parse(line))
  expect(troubles).toMatchObject([{ line: 2 }, { line: 4 }, { line: 6 }, { topic: 'a/+', rejected: 'topic_invalid' }])
  const long = run(process.execPath, [launcher, 'replay', file, '--prefix', 'a'.repeat(129)], {
    env: environment(here),
  })
  await expect(long).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('--prefix') })
  const strict = run(process.execPath, [launcher, 'replay', file, '--strict', '--json'], { env: environment(here) })
  await expect(strict).rejects.toMatchObject({ code: 4, stdout: expect.stringContaining('"published":1') })
})

test('a file that cannot be made ends a recording at once', async () => {
  await using here = await journey()
  await here.start()
  const there = join(here.folder, 'there.jsonl')
  writeFileSync(there, 'mine')
  const run = promisify(execFile)
  for (const output of [there, here.folder, join(here.folder, 'nowhere', 'x')]) {
    // One that is killed at the end of that time has no exit code.
    const recording = run(process.execPath, [launcher, 'record', '#', '--output', output], {
      env: environment(here),
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    await expect(recording).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining(output) })
  }
  expect(readText(there)).toBe('mine')
})

test('a recording whose house goes says so, and keeps what it has', async () => {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await using here = await journey()
    const house = await here.start()
    const file = join(here.folder, 'cut.jsonl')
    const words = ['record', 'daybook/#', '--output', file, '--json']
    const recording = spawn(process.execPath, [launcher, ...words], {
      env: environment(here),
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let told = ''
    recording.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text
    })
    await expect.poll(() => readText(file), { timeout: 20_000 }).toContain('"retain":true')
    const ending = once(recording, 'close')
    await (signal === 'SIGTERM' ? house.stop() : house.kill())
    expect(await ending).toEqual([1, null])
    expect(told).toContain('ended the stream')
    expect(readText(file)).toMatch(/^\{"daybook":"recording".*\n\{"at":/)
  }
})

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
