// The bridge in its host, against a Frigate whose API misbehaves. The whole product is in test/e2e/frigate.test.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DaybookError } from '../../schemas/errors.ts'
import { type FakeFrigate, fakeFrigate } from '../../test/frigate/fake.ts'
import { picture, visit } from '../../test/frigate/story.ts'
import { type Hosted, host, outboxFolder } from '../../test/hosted.ts'
import { frigate } from '../frigate.ts'
import { caughtUp, createDesk, type Desk, hashOf, phases, quick, say, until } from './bridge.desk.ts'

let desk: Desk
let fake: FakeFrigate
const started: Desk['started'] = (...about) => desk.started(...about)
const stored: Desk['stored'] = (options) => desk.stored(options)

beforeEach(async () => {
  desk = await createDesk()
  fake = desk.fake
})
afterEach(() => desk.clear())

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

test.each([
  ['nonsense', 'nonsense'],
  ['nothing', ''],
  ['null', 'null'],
  ['the name of something inherited', 'constructor'],
  ['four megabytes', 'x'.repeat(4_000_000)],
  ['online in other letters', ' OnLine\n'],
])('that Frigate says %s of itself closes nothing; stopped in other letters does', async (_, said) => {
  const hosted = await started({ url: undefined })
  const available = () => hosted.bridge.health().figures?.available
  const { messages } = stored({ name: 'aaaaaa' })
  say(hosted, messages.slice(0, 3))
  hosted.publish('frigate/available', said)
  hosted.publish('frigate/available', said, { retain: true })
  expect(available()).toBe(said.trim() === 'OnLine' ? 'online' : 'unknown')
  expect(phases(hosted)).toEqual(['start'])
  hosted.publish('frigate/available', ' Stopped\n')
  hosted.publish('frigate/available', said)
  expect(phases(hosted)).toContain('end')
  expect(available()).toBe(said.trim() === 'OnLine' ? 'online' : 'stopped')
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
  await using locked = await fakeFrigate({ login: { user: 'daybook', password: 'right', sessionMs: 60_000 } })
  const hosted = await started({ url: locked.url, user: 'daybook', password: 'wrong', tls: 'insecure' })
  await until(() => hosted.bridge.health().code === 'frigate_auth')
  say(hosted, visit({ at: Date.now() / 1000 - 60, name: 'aaaaaa' }).messages)
  expect(phases(hosted)).toEqual(['start', 'update', 'end'])
})

test('a password that is mended at Frigate counts without a restart: what was missed is read back', async () => {
  let ahead = 0
  const account = { user: 'daybook', password: 'right', sessionMs: 60_000 }
  await using locked = await fakeFrigate({ login: account })
  const about = { url: locked.url, user: 'daybook', password: 'mended', tls: 'insecure' }
  const hosted = await started(about, { ...quick, now: () => Date.now() + ahead })
  await until(() => hosted.bridge.health().code === 'frigate_auth')
  account.password = 'mended'
  ahead = 61_000
  await caughtUp(hosted)
  expect(hosted.bridge.health()).toMatchObject({ state: 'ok' })
})

test('a picture that wants a login where none is set keeps no other from coming, and is fetched when it may be', async () => {
  const hosted = await started()
  await caughtUp(hosted)
  const [refused, other] = [stored({ name: 'aaaaaa' }), stored({ name: 'bbbbbb' })]
  fake.misbehave(`${refused.object.id}/snapshot`, 401)
  say(hosted, refused.messages)
  await until(() => hosted.bridge.health().code === 'frigate_auth')
  say(hosted, other.messages)
  const pictured = () => hosted.kept.filter(({ phase }) => phase === 'enriched').map(({ activityId }) => activityId)
  await until(() => pictured().length === 1)
  expect(pictured()).toEqual([`frigate/${other.review.id}`])
  fake.misbehave(`${refused.object.id}/snapshot`, null)
  await until(() => pictured().length === 2)
  expect(hosted.bridge.health()).toMatchObject({ state: 'ok', figures: { picturesWaiting: 0 } })
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

test('forgetting a camera forgets what is open there', async () => {
  const hosted = await started({ pictures: 'refer' })
  const at = Date.now() / 1000 - 60
  say(hosted, visit({ at, name: 'aaaaaa', camera: 'garden' }).messages.slice(0, 3))
  say(hosted, visit({ at, name: 'bbbbbb' }).messages.slice(0, 3))
  expect(hosted.bridge.forget({ entity: 'camera.garden' })).toBe(1)
  expect(hosted.bridge.health().figures).toMatchObject({ open: 1 })
})
