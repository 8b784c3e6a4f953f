// The outbox of a bridge on another device, over MQTT, and what can happen to it: the file is deleted, the house is
// killed, the device is off. Nothing is lost, nothing is told as lost that is not.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { brokerUrl } from '../../bench/start-load.ts'
import { foreignConfig } from '../../broker/foreign/config.ts'
import { createTalker } from '../../broker/foreign/talker/talker.ts'
import type { Emitted } from '../../broker/outbox/body.ts'
import { httpUpload } from '../../broker/outbox/http-upload.ts'
import { type Outbox, openOutbox } from '../../broker/outbox/outbox.ts'
import { randomIds, wallClock } from '../../component.ts'
import type { ActivityEvent } from '../../schemas/activity.ts'
import type { ContentRef } from '../../schemas/content-ref.ts'
import type { Account, Accounting } from '../../schemas/delivery.ts'
import { eventId } from '../../schemas/ids.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import type { House } from '../house.ts'
import { type Journey, journey } from '../journey.ts'

const producer = 'terminal-laptop'
const topics = topicsUnder('daybook')

/** Commands of a shell, numbered from the first. */
function commands(first: number, count: number): Emitted[] {
  return Array.from({ length: count }, (_, index) => {
    const key = `laptop ${first + index}`
    const timestamp = Date.now()
    const id = eventId({ space: 'home', source: 'terminal', key, timestamp })
    return { id, source: 'terminal', type: 'command', summary: `make ${first + index}`, timestamp }
  })
}

/** The device's line to this house; ended with the scope. */
async function lineTo(house: House) {
  const config = foreignConfig.parse({ url: brokerUrl(house) })
  const log = pino({ level: 'silent' })
  const line = createTalker({ config, clientId: producer, clean: false, topics, clock: wallClock, log })
  await line.start()
  return Object.assign(line, { [Symbol.asyncDispose]: () => line.stop() })
}

/** A bridge's side of things, on the line to this house; ended with the scope. */
async function device(here: Journey, house: House) {
  const line = await lineTo(house)
  const file = join(here.folder, 'laptop', 'outbox.sqlite')
  const upload = httpUpload({ url: house.ready.http.url, token: house.credentials.http.token })
  const common = { producer, source: 'terminal', topics, upload, clock: wallClock, ids: randomIds }
  const outbox: Outbox = openOutbox({ file, transport: line, ...common })
  await outbox.start()
  return {
    outbox,
    file,
    async [Symbol.asyncDispose]() {
      await outbox.stop()
      await line[Symbol.asyncDispose]()
    },
  }
}

const emptied = (outbox: Outbox) => expect.poll(() => outbox.depth, { timeout: 60_000 }).toBe(0)

async function account(house: House): Promise<Account | undefined> {
  const { producers } = (await (await house.api('/api/v1/accounting')).json()) as Accounting
  return producers.find((each) => each.producer === producer)
}

test('an outbox that is deleted between two starts costs nothing and leaves no gap', { timeout: 120_000 }, async () => {
  await using here = await journey()
  const house = await here.start()
  let file = ''
  {
    await using first = await device(here, house)
    file = first.file
    first.outbox.append(commands(1, 500))
    await emptied(first.outbox)
  }
  for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(`${file}${suffix}`, { force: true })
  {
    await using second = await device(here, house)
    second.outbox.append(commands(501, 300))
    await emptied(second.outbox)
  }
  expect(await account(house)).toMatchObject({
    received: 800,
    stored: 800,
    duplicates: 0,
    rejected: 0,
    suppressed: 0,
    missing: 0,
    gaps: [],
    lastSeq: 300,
  })
  expect(await house.stop()).toBe(0)
})

test('a house that is killed while an outbox empties gets all of it, once', { timeout: 120_000 }, async () => {
  await using here = await journey()
  let house = await here.start()
  await using laptop = await device(here, house)
  for (let batch = 0; batch < 40; batch++) laptop.outbox.append(commands(batch * 100 + 1, 100))
  await expect.poll(() => laptop.outbox.depth, { timeout: 60_000, interval: 1 }).toBeLessThan(3_500)
  await house.kill()
  expect(laptop.outbox.depth).toBeGreaterThan(0)
  laptop.outbox.append(commands(4_001, 100))

  house = await here.start()
  await emptied(laptop.outbox)
  const booked = await account(house)
  expect(booked).toMatchObject({ stored: 4_100, rejected: 0, missing: 0, gaps: [], lastSeq: 4_100 })
  expect(booked?.received).toBe(4_100 + (booked?.duplicates ?? 0))
  expect(await house.stop()).toBe(0)
})

test('what was written while the house was off arrives when it is back, numbered on', {
  timeout: 120_000,
}, async () => {
  await using here = await journey()
  let house = await here.start()
  await using laptop = await device(here, house)
  laptop.outbox.append(commands(1, 10))
  await emptied(laptop.outbox)
  const { epoch } = laptop.outbox
  expect(await house.stop()).toBe(0)
  laptop.outbox.append(commands(11, 1_500))

  house = await here.start()
  await emptied(laptop.outbox)
  expect(laptop.outbox.epoch).toBe(epoch)
  expect(await account(house)).toMatchObject({ stored: 1_510, missing: 0, gaps: [], lastSeq: 1_510 })
})

test('what a device attached while the house was off opens by its reference once it is told', {
  timeout: 120_000,
}, async () => {
  await using here = await journey()
  let house = await here.start()
  await using laptop = await device(here, house)
  expect(await house.stop()).toBe(0)
  const picture = Buffer.alloc(3_000_000, 'picture')
  const token = `ghp_${'a1B2c3D4e5'.repeat(4).slice(0, 36)}`
  const contentRef = laptop.outbox.attach(picture, { mediaType: 'image/png', name: 'front door.png' })
  // A bridge's host takes secrets out before; the house does not rely on that.
  const log = laptop.outbox.attach(Buffer.from(`pushed with ${token}`), { mediaType: 'text/plain', name: 'log' })
  laptop.outbox.append(commands(1, 1).map((one) => ({ ...one, contentRef, attachments: [{ ...log, name: 'log' }] })))

  house = await here.start()
  await emptied(laptop.outbox)
  const { items } = (await (await house.api('/api/v1/activities')).json()) as { items: ActivityEvent[] }
  const [event] = items
  expect(event).toMatchObject({ contentRef, attachments: [{ storage: 'fs', name: 'log' }] })
  const open = async (ref: ContentRef | undefined) => {
    const response = await house.api(`/objects/${ref?.storage}/${ref?.id}`)
    return Buffer.from(await response.arrayBuffer())
  }
  expect((await open(event?.contentRef)).equals(picture)).toBe(true)
  expect((await open(event?.attachments?.[0])).toString()).toMatch(/^pushed with \[redacted:[a-z-]+\]$/)
  expect(await account(house)).toMatchObject({ stored: 1, rejected: 0, missing: 0 })
  expect(await house.stop()).toBe(0)
})

test('numbers that will never come are booked missing once the outbox says so', { timeout: 120_000 }, async () => {
  await using here = await journey()
  const house = await here.start()
  await using line = await lineTo(house)
  const topic = topics.activity({ source: 'terminal', type: 'command', producer })
  const send = (seq: number) =>
    line.publish(topic, JSON.stringify({ ...commands(seq, 1)[0], epoch: 'laptop-1', seq }), { qos: 1 })
  for (const seq of [1, 2, 5, 6]) await send(seq)
  const status = { online: true, epoch: 'laptop-1', oldestSeq: 5, lastSeq: 6 }
  await line.publish(topics.status(producer), JSON.stringify(status), { qos: 1, retain: true })
  await expect.poll(async () => (await account(house))?.missing, { timeout: 10_000 }).toBe(2)
  expect(await account(house)).toMatchObject({ stored: 4, missing: 2, gaps: [[3, 4]], lastSeq: 6 })
  await send(4)
  expect(await account(house)).toMatchObject({ stored: 5, missing: 1, gaps: [[3, 3]] })
  expect(await house.stop()).toBe(0)
})
