// The bridge in its host, against a Frigate whose API misbehaves. The whole product is in test/e2e/frigate.test.ts.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, wallClock } from '../../component.ts'
import { DaybookError } from '../../schemas/errors.ts'
import { type FakeFrigate, fakeFrigate } from '../../test/frigate/fake.ts'
import { picture, type Said, type Visit, type VisitOptions, visit } from '../../test/frigate/story.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import type { ImportProgress } from '../bridge.ts'
import { frigate } from '../frigate.ts'

let folder: string
let remove: () => Promise<void>
let fake: FakeFrigate
const running: Hosted[] = []
/** Its pauses last a tenth. */
const quick: Clock = { ...wallClock, sleep: (ms, signal) => wallClock.sleep(ms / 10, signal) }

beforeEach(async () => {
  ;({ folder, remove } = await outboxFolder())
  fake = await fakeFrigate()
})
afterEach(async () => {
  for (const hosted of running.splice(0)) await hosted.bridge.stop()
  await fake[Symbol.asyncDispose]()
  await remove()
})

async function started(config: Record<string, unknown> = {}, clock: Clock = quick): Promise<Hosted> {
  const hosted = host(frigate, folder, { config: { url: fake.url, ...config }, clock })
  running.push(hosted)
  await hosted.bridge.start()
  return hosted
}

function say({ publish }: Hosted, messages: readonly Said[], prefix = 'frigate'): void {
  for (const { topic, payload } of messages) publish(`${prefix}/${topic}`, JSON.stringify(payload))
}

/** A visit that Frigate has in its database, with pictures. */
function stored(options: Partial<VisitOptions> & { name: string }): Visit {
  const made = visit({ at: Date.now() / 1000 - 60, ...options })
  fake.reviews.set(made.review.id, made.review)
  fake.objects.set(made.object.id, made.object)
  fake.pictures.set(`${made.object.id}/snapshot.jpg`, picture('snapshot'))
  fake.pictures.set(`${made.object.id}/thumbnail.jpg`, picture('thumbnail', 200))
  return made
}

const hashOf = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
const phases = ({ kept }: Hosted) => kept.map(({ phase }) => phase)

async function until(holds: () => boolean, ms = 10_000): Promise<void> {
  const end = Date.now() + ms
  while (!holds()) {
    if (Date.now() > end) throw new Error('not in time')
    await sleep(10)
  }
}

/** The first reading back is over. */
async function caughtUp(hosted: Hosted): Promise<void> {
  await until(() => hosted.bridge.health().figures?.seenAt !== null)
}

test('the end does not wait for the pictures; they follow, kept here by their hashes', async () => {
  const hosted = await started()
  await caughtUp(hosted)
  fake.misbehave('snapshot', { lateMs: 700 })
  fake.misbehave('thumbnail', { dripsMs: 300 })
  const { messages, object } = stored({ name: 'aaaaaa' })
  say(hosted, messages)
  expect(phases(hosted)).toEqual(['start', 'update', 'end'])
  expect(hosted.kept.at(-1)).not.toHaveProperty('contentRef')
  await until(() => hosted.kept.length === 4)
  const enriched = hosted.kept[3]
  expect(enriched).toMatchObject({
    phase: 'enriched',
    contentRef: { id: hashOf(picture('snapshot')), mediaType: 'image/jpeg', name: 'front_door.jpeg' },
    attachments: [{ id: hashOf(picture('thumbnail', 200)), name: 'thumbnail' }],
    data: { detections: [object.id] },
    duration: 30_000,
  })
  expect(fake.asked.filter((line) => line.includes('snapshot')).length).toBeGreaterThan(1)
})

test('a picture that was not there in the end is done without; the other is kept', async () => {
  const hosted = await started()
  const { messages, object } = stored({ name: 'aaaaaa' })
  fake.pictures.delete(`${object.id}/snapshot.jpg`)
  say(hosted, messages)
  await until(() => phases(hosted).includes('enriched'))
  expect(hosted.kept.at(-1)).not.toHaveProperty('contentRef')
  expect(hosted.kept.at(-1)?.attachments).toHaveLength(1)
  expect(hosted.bridge.health().figures).toMatchObject({ picturesMissing: 1, picturesWaiting: 0 })
})

test('pictures of a Frigate that is away are fetched when it is back, through a restart of ours too', async () => {
  const first = await started()
  await caughtUp(first)
  const { messages } = stored({ name: 'aaaaaa' })
  await fake.gone()
  say(first, messages)
  await until(() => first.bridge.health().code === 'frigate_unreachable')
  await first.bridge.stop()
  const second = await started()
  await fake.back()
  await until(() => phases(second).includes('enriched'))
  expect(second.kept).toMatchObject([{ phase: 'enriched', contentRef: { id: hashOf(picture('snapshot')) } }])
})

test('pictures outlast an outbox that is full for long, and a pause in which they come', async () => {
  let ahead = 0
  const hosted = await started({}, { ...quick, now: () => Date.now() + ahead })
  await caughtUp(hosted)
  fake.misbehave('jpg', { waitsMs: 100 })
  say(hosted, stored({ name: 'aaaaaa' }).messages)
  hosted.fail(new DaybookError('outbox_full'))
  ahead = 660_000
  await sleep(400)
  hosted.fail(undefined)
  await until(() => phases(hosted).includes('enriched'))
  say(hosted, stored({ name: 'bbbbbb' }).messages)
  hosted.bridge.pause(true)
  await until(() => fake.asked.filter((line) => line.includes('bbbbbb/thumbnail')).length === 1)
  hosted.bridge.pause(false)
  await until(() => phases(hosted).filter((phase) => phase === 'enriched').length === 2)
})

test('a pause while the past is read back loses nothing of what was before it', async () => {
  const first = await started({ pictures: 'refer' })
  await caughtUp(first)
  await first.bridge.stop()
  stored({ name: 'aaaaaa' })
  fake.misbehave('/api/events', { waitsMs: 300 })
  const second = await started({ pictures: 'refer' })
  await until(() => fake.asked.filter((line) => line.includes('/api/review?')).length > 1)
  second.bridge.pause(true)
  await until(() => fake.asked.some((line) => line.includes('/api/events?')))
  await sleep(100)
  second.bridge.pause(false)
  await until(() => phases(second).includes('end'))
})

test('what happened while we were away is read back with the same ids, and nothing is told twice', async () => {
  const first = await started({ pictures: 'refer' })
  await caughtUp(first)
  const heard = stored({ name: 'aaaaaa' })
  const open = stored({ name: 'bbbbbb', at: Date.now() / 1000 - 20 })
  say(first, heard.messages)
  say(first, open.messages.slice(0, 3))
  await first.bridge.stop()
  const missed = stored({ name: 'cccccc', at: Date.now() / 1000 - 10, subLabel: 'Ann' })
  const second = await started({ pictures: 'refer' })
  await caughtUp(second)
  await until(() => second.kept.length >= 3)
  await sleep(200)
  expect(second.kept.map(({ activityId, phase }) => `${activityId} ${phase}`).sort()).toEqual([
    `frigate/${open.review.id} end`,
    `frigate/${missed.review.id} end`,
    `frigate/${missed.review.id} start`,
  ])
  const other = await outboxFolder()
  const live = host(frigate, other.folder, { config: { pictures: 'refer' } })
  running.push(live)
  await live.bridge.start()
  say(live, missed.messages)
  const ids = (hosted: Hosted) =>
    hosted.kept.filter(({ activityId }) => activityId?.endsWith(missed.review.id)).map(({ id }) => id)
  expect(ids(live)).toEqual(expect.arrayContaining(ids(second)))
  await live.bridge.stop()
  await other.remove()
})

test('an offline Frigate closes what is open; what it says after it is back counts again', async () => {
  const hosted = await started({ pictures: 'refer' })
  await caughtUp(hosted)
  const { messages } = stored({ name: 'aaaaaa' })
  fake.reviews.clear()
  say(hosted, messages.slice(0, 3))
  hosted.publish('frigate/available', 'offline', { retain: false })
  expect(hosted.kept.at(-1)).toMatchObject({ phase: 'end', data: { inferred: true } })
  expect(hosted.bridge.health()).toMatchObject({ state: 'degraded', code: 'frigate_unreachable' })
  hosted.publish('frigate/available', 'online')
  expect(hosted.bridge.health()).toMatchObject({ state: 'ok' })
  say(hosted, messages.slice(3))
  expect(hosted.kept.at(-1)).toMatchObject({ phase: 'enriched', data: { inferred: false } })
})

test('that Frigate comes and goes is told once, through a restart of ours, and never because a broker has kept it', async () => {
  const config = { url: undefined }
  const first = await started(config)
  for (const now of ['online', 'stopped', 'stopped', 'online', 'nonsense', 'offline'])
    first.publish('frigate/available', now)
  expect(first.kept.map(({ summary }) => summary)).toEqual([
    'Frigate was stopped',
    'Frigate is back',
    'Frigate is gone',
  ])
  expect(new Set(first.kept.map(({ id }) => id)).size).toBe(3)
  await first.bridge.stop()
  const second = await started(config)
  second.publish('frigate/available', 'stopped', { retain: true })
  second.publish('frigate/available', 'offline')
  expect(second.kept).toEqual([])
  second.publish('frigate/available', 'online')
  expect(second.kept).toMatchObject([{ data: { category: 'availability', old_state: 'offline', new_state: 'online' } }])
})

test('a trigger is told as it comes, not of cameras that are left out', async () => {
  const hosted = await started({ url: undefined, cameras: { exclude: ['garage'] } })
  const trigger = (camera: string) => JSON.stringify({ name: 'parcel', camera, event_id: '1.5-a', type: 'description' })
  hosted.publish('frigate/triggers', trigger('front_door'), { retain: true })
  for (const camera of ['front_door', 'garage']) hosted.publish('frigate/triggers', trigger(camera))
  expect(hosted.kept.map(({ summary }) => summary)).toEqual(['Trigger parcel at the front door'])
})

test('what is open stays open over a restart of ours, though the broker has kept that Frigate was offline', async () => {
  const first = await started({ pictures: 'refer' })
  await caughtUp(first)
  const { messages, review } = stored({ name: 'aaaaaa' })
  fake.reviews.set(review.id, { ...review, end_time: null })
  say(first, messages.slice(0, 3))
  await first.bridge.stop()
  const second = await started({ pictures: 'refer' })
  second.publish('frigate/available', 'offline', { retain: true })
  await caughtUp(second)
  second.publish('frigate/available', 'online')
  say(second, messages.slice(3))
  expect(phases(second)).toEqual(['update', 'end'])
  expect(second.kept.at(-1)?.data).not.toHaveProperty('inferred')
})

test('a review that nobody speaks of any more goes on as long as Frigate says so', async () => {
  let ahead = 0
  const clock = { ...quick, now: () => Date.now() + ahead }
  const hosted = await started({ pictures: 'refer' }, clock)
  await caughtUp(hosted)
  const { messages, review } = stored({ name: 'aaaaaa' })
  fake.reviews.set(review.id, { ...review, end_time: null })
  say(hosted, messages.slice(0, 3))
  const looks = () => fake.asked.filter((line) => line.includes(review.id)).length
  for (const times of [1, 2]) {
    ahead += 181_000
    await until(() => looks() === times)
    await sleep(100)
  }
  expect(phases(hosted)).toEqual(['start'])
  fake.reviews.set(review.id, review)
  ahead += 181_000
  await until(() => hosted.kept.length > 1)
  expect(hosted.kept.at(-1)).toMatchObject({ phase: 'end', duration: 30_000 })
  expect(hosted.kept.at(-1)?.data).not.toHaveProperty('inferred')
})

test('a review that Frigate does not know any more is closed', async () => {
  let ahead = 0
  const hosted = await started({ pictures: 'refer' }, { ...quick, now: () => Date.now() + ahead })
  await caughtUp(hosted)
  say(hosted, visit({ at: Date.now() / 1000 - 60, name: 'aaaaaa' }).messages.slice(0, 3))
  ahead += 181_000
  await until(() => hosted.kept.length > 1)
  expect(hosted.kept.at(-1)).toMatchObject({ phase: 'end', data: { inferred: true } })
})

test('a wrong password stops the API, not the messages', async () => {
  await fake[Symbol.asyncDispose]()
  fake = await fakeFrigate({ login: { user: 'daybook', password: 'right', sessionMs: 60_000 } })
  const hosted = await started({ user: 'daybook', password: 'wrong', tls: 'insecure' })
  await until(() => hosted.bridge.health().code === 'frigate_auth')
  say(hosted, visit({ at: Date.now() / 1000 - 60, name: 'aaaaaa' }).messages)
  expect(phases(hosted)).toEqual(['start', 'update', 'end'])
})

test('where pictures stay at Frigate, the end refers to them, and they are read on demand', async () => {
  const hosted = await started({ pictures: 'refer' })
  const { messages, object } = stored({ name: 'aaaaaa' })
  say(hosted, messages)
  const end = hosted.kept.at(-1)
  expect(end).toMatchObject({ phase: 'end', contentRef: { storage: 'frigate', id: `${object.id}:snapshot` } })
  expect(await hosted.bridge.payload(end?.contentRef?.id ?? '')).toEqual({
    bytes: picture('snapshot'),
    mediaType: 'image/jpeg',
  })
  fake.forget()
  await expect(hosted.bridge.payload(`${object.id}:snapshot`)).rejects.toMatchObject({ code: 'object_missing' })
  await fake.gone()
  await expect(hosted.bridge.payload(`${object.id}:clip`)).rejects.toMatchObject({ code: 'frigate_unreachable' })
})

test('several Frigates are told apart by their topics, in ids too', async () => {
  const other = await fakeFrigate()
  const instances = [
    { name: 'house', url: fake.url },
    { name: 'barn', url: other.url, topicPrefix: 'barn' },
  ]
  const hosted = await started({ url: undefined, instances, pictures: 'refer' })
  const { messages } = visit({ at: Date.now() / 1000 - 60, name: 'aaaaaa' })
  say(hosted, messages)
  say(hosted, messages, 'barn')
  expect(new Set(hosted.kept.map(({ id }) => id)).size).toBe(6)
  expect(new Set(hosted.kept.map(({ data }) => data?.instance))).toEqual(new Set(['house', 'barn']))
  await hosted.bridge.stop()
  await other[Symbol.asyncDispose]()
})

test('a full outbox lets the message wait at the broker, and nothing is half told', async () => {
  const hosted = await started({ pictures: 'refer' })
  const { messages } = stored({ name: 'aaaaaa' })
  hosted.fail(new DaybookError('outbox_full'))
  expect(() => say(hosted, messages)).toThrow(/outbox/)
  hosted.fail(undefined)
  say(hosted, messages)
  expect(phases(hosted)).toEqual(['start', 'update', 'end'])
})

test('an import brings in all that Frigate holds, with pictures, and the ids of live capture; again it brings nothing new', async () => {
  const hosted = await started()
  await caughtUp(hosted)
  const now = Date.now() / 1000
  const made = [9, 5, 2].map((days) => stored({ name: `day${days}xx`, at: now - days * 86_400 }))
  fake.pictures.delete(`${made[0]?.object.id}/snapshot.jpg`)
  const run = async () => {
    const told: string[] = []
    const range = { since: 0, until: Date.now() }
    const progress = ({ what, read, emitted }: ImportProgress) => told.push(`${what}: ${read} ${emitted}`)
    await hosted.bridge.import(range, progress, new AbortController().signal)
    return told
  }
  expect(await run()).toEqual(['reviews of frigate: 6 9'])
  const ids = hosted.kept.map(({ id }) => id)
  expect([ids.length, new Set(ids).size]).toEqual([9, 9])
  expect(hosted.kept.filter(({ contentRef }) => contentRef)).toHaveLength(2)
  say(hosted, made[1]?.messages ?? [])
  await until(() => hosted.kept.length === 13)
  await run()
  const updates = hosted.kept.filter(({ phase }) => phase === 'update').map(({ id }) => id)
  expect(new Set(hosted.kept.map(({ id }) => id))).toEqual(new Set([...ids, ...updates]))
  expect(fake.asked.filter((line) => line.includes(`${made[2]?.object.id}/snapshot`))).toHaveLength(1)
})

test('pictures that an import cannot fetch are referred to, and copied by the next one', async () => {
  const hosted = await started()
  const { object } = stored({ name: 'aaaaaa', at: Date.now() / 1000 - 86_400 })
  const run = () => hosted.bridge.import({ since: 0, until: Date.now() }, () => {}, new AbortController().signal)
  const told = () => hosted.kept.filter(({ phase }) => phase === 'enriched')
  fake.misbehave('jpg', 500)
  await run()
  expect(told()).toMatchObject([{ contentRef: { storage: 'frigate', id: `${object.id}:snapshot` } }])
  fake.misbehave('jpg', null)
  await run()
  expect(told()[1]).toMatchObject({ contentRef: { id: hashOf(picture('snapshot')) } })
  expect(told()[1]?.id).not.toBe(told()[0]?.id)
})

test('an import ends when it is told to: while it waits for room, for the end of a pause, or for an answer', async () => {
  const hosted = await started({ pictures: 'refer' }, wallClock)
  await caughtUp(hosted)
  stored({ name: 'aaaaaa', at: Date.now() / 1000 - 86_400 })
  const importFor = async (ms: number) => {
    const ending = new AbortController()
    const ended = hosted.bridge.import({ since: 0, until: Date.now() }, () => {}, ending.signal)
    await sleep(ms)
    ending.abort()
    await ended.catch(() => {})
  }
  hosted.bridge.pause(true)
  await importFor(100)
  hosted.bridge.pause(false)
  fake.misbehave('/api/review', { waitsMs: 60_000 })
  await importFor(100)
  fake.misbehave('/api/review', null)
  const many = visit({ at: Date.now() / 1000, name: 'aaaaaa' })
  say(hosted, many.messages)
  const [one] = hosted.kept
  if (!one) throw new Error('nothing was told')
  hosted.outbox().append(Array.from({ length: 500 }, () => one))
  await importFor(100)
  expect(phases(hosted)).toEqual(['start', 'update', 'end'])
})

test('forgetting a camera forgets what is open there', async () => {
  const hosted = await started({ pictures: 'refer' })
  const at = Date.now() / 1000 - 60
  say(hosted, visit({ at, name: 'aaaaaa', camera: 'garden' }).messages.slice(0, 3))
  say(hosted, visit({ at, name: 'bbbbbb' }).messages.slice(0, 3))
  expect(hosted.bridge.forget({ entity: 'camera.garden' })).toBe(1)
  expect(hosted.bridge.health().figures).toMatchObject({ open: 1 })
})
