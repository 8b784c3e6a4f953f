// What is known of bridges from what they say, from what a broker kept, and from their wills.
import pino from 'pino'
import { expect, test } from 'vitest'
import { access } from '../broker/access.ts'
import { createEmbeddedBroker } from '../broker/embedded/embedded.ts'
import { embeddedConfig } from '../broker/embedded/limits.ts'
import { randomIds, wallClock } from '../component.ts'
import type { BridgeStatus } from '../schemas/delivery.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { afterStatus, createBridgeStatuses } from './bridge-statuses.ts'

const now = 1_760_000_000_000
const minutes = (count: number) => count * 60_000
const status = (fields: Partial<BridgeStatus> = {}): BridgeStatus => ({ online: true, at: now, ...fields })
const live = (at: number) => ({ live: true as const, now: at })

test('whoever is heard to speak tells how far its clock is from ours', () => {
  const behind = afterStatus(undefined, status({ at: now - minutes(3), outboxDepth: 7 }), live(now))
  expect(behind).toMatchObject({ online: true, since: now, clockOffsetMs: -minutes(3), outboxDepth: 7, health: 'ok' })
  const mended = afterStatus(behind, status({ at: now + 5 }), live(now + 5))
  expect(mended).toMatchObject({ since: now, clockOffsetMs: 0 })
})

test('what is said a second time is old, and tells no time', () => {
  const before = afterStatus(undefined, status({ at: now }), live(now))
  expect(afterStatus(before, status({ at: now }), live(now + minutes(60))).clockOffsetMs).toBe(0)
  const kept = afterStatus(undefined, status({ at: now }), { live: false, brokerGoesOn: true })
  expect(afterStatus(kept, status({ at: now }), live(now + minutes(60))).clockOffsetMs).toBeNull()
})

test('what a broker kept tells no time', () => {
  const kept = { live: false as const, brokerGoesOn: true }
  expect(afterStatus(undefined, status({ at: now - minutes(60) }), kept)).toMatchObject({
    online: true,
    since: now - minutes(60),
    clockOffsetMs: null,
  })
})

test('one that was there when our own broker stopped has yet to be heard', () => {
  const kept = { live: false as const, brokerGoesOn: false }
  expect(afterStatus(undefined, status(), kept).online).toBeNull()
  expect(afterStatus(undefined, status({ online: false }), kept).online).toBe(false)
})

test('a will says that a bridge has gone, and nothing that is newer than its last words', () => {
  const last = afterStatus(undefined, status({ at: now, outboxDepth: 2100, oldestAt: now - 5 }), live(now))
  const will = status({ online: false, at: now - minutes(30), outboxDepth: 0 })
  const gone = afterStatus(last, will, live(now + minutes(1)))
  expect(gone).toEqual({ ...last, online: false, since: now + minutes(1) })
  expect(afterStatus(gone, will, live(now + minutes(2))).since).toBe(now + minutes(1))
})

test('a goodbye is newer than all before, and does not tell the time', () => {
  const last = afterStatus(undefined, status({ outboxDepth: 9 }), live(now))
  const goodbye = status({ online: false, at: now + 1, outboxDepth: 0, health: 'outbox_full' })
  expect(afterStatus(last, goodbye, live(now + 500))).toMatchObject({
    online: false,
    outboxDepth: 0,
    health: 'outbox_full',
    clockOffsetMs: 0,
  })
})

test('a status that is cleared is forgotten; what is no status changes nothing', async () => {
  const topics = topicsUnder('daybook')
  const [log, { signal }] = [pino({ level: 'silent' }), new AbortController()]
  const config = embeddedConfig.parse({ port: 0 })
  const bus = createEmbeddedBroker(
    { config, log, clock: wallClock, ids: randomIds, signal },
    { topics, access: access({ topics, users: [] }), retained: { load: async () => [], keep: async () => {} } },
  )
  bus.onActivity((delivery) => delivery.settle({ status: 'stored' }))
  await bus.start()
  const statuses = createBridgeStatuses({
    bus,
    topics,
    brokerGoesOn: true,
    isInside: (producer) => producer === 'inside',
    clock: wallClock,
    log,
  })
  await statuses.start()
  const say = (producer: string, body: string) => bus.publish(topics.status(producer), body, { retain: true })
  const producers = () => statuses.known().map(({ producer }) => producer)
  await say('laptop', JSON.stringify(status({ outboxDepth: 3 })))
  await say('desk', JSON.stringify(status({ online: false })))
  await say('desk', 'nonsense')
  await say('phone', '{"at":1}')
  await say('last', JSON.stringify(status()))
  await expect.poll(producers).toEqual(['desk', 'laptop', 'last'])
  expect(statuses.health().figures).toEqual({ bridges: 3, offline: 1, waiting: 3 })
  await say('desk', '')
  await expect.poll(producers).toEqual(['laptop', 'last'])
  // Both were written long ago; only of one can the clock be wrong.
  await say('inside', JSON.stringify(status()))
  await expect.poll(producers).toContain('inside')
  const offsets = new Map(statuses.known().map(({ producer, clockOffsetMs }) => [producer, clockOffsetMs]))
  expect(offsets.get('inside')).toBeNull()
  expect(offsets.get('last')).toBeLessThan(-minutes(1))
  await statuses.stop()
  await bus.stop()
})
