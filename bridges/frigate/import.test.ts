// Bringing in the past of a Frigate through its bridge: all of it, again, and ended half-way.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { wallClock } from '../../component.ts'
import type { FakeFrigate } from '../../test/frigate/fake.ts'
import { picture, visit } from '../../test/frigate/story.ts'
import type { ImportProgress } from '../bridge.ts'
import { caughtUp, createDesk, type Desk, hashOf, phases, say, until } from './bridge.desk.ts'

let desk: Desk
let fake: FakeFrigate
const started: Desk['started'] = (...about) => desk.started(...about)
const stored: Desk['stored'] = (options) => desk.stored(options)

beforeEach(async () => {
  desk = await createDesk()
  fake = desk.fake
})
afterEach(() => desk.clear())

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
