// The talker on a line that comes and goes: what is published, who listens, how it begins and ends.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { certificate, key } from '../../../test/frigate/certificate.ts'
import { talking, texts, topics } from './talker.harness.ts'

const activity = topics.activity({ source: 'terminal', type: 'command', producer: 'laptop' })
const receipt = topics.receipt('laptop')
const numbers = (count: number, first = 1) => Array.from({ length: count }, (_, i) => `${first + i}`)

test('publishes once it is started, and says how it is', async () => {
  await using here = await talking()
  const { talker, broker } = here
  expect(talker.health()).toEqual({ state: 'stopped' })
  await talker.start()
  await talker.publish(activity, '{"a":1}')
  expect(broker.last.of('publish')).toMatchObject([{ topic: activity, qos: 1, retain: false, dup: false }])
  expect(talker.health()).toEqual({
    state: 'ok',
    figures: { version: 5, connections: 1, unanswered: 0, waiting: 0, wills: 0 },
  })
})

test('metadata rides along on MQTT 5, and only there; only states expire', async () => {
  const sent = async (version: 4 | 5) => {
    await using here = await talking({ config: { version } })
    await here.talker.start()
    await here.talker.publish(activity, Buffer.from('{}'), { traceparent: '00-ab-cd-01' })
    await here.talker.publish(topics.state('session'), '{}', { retain: true })
    await here.talker.publish(topics.state('session'), '', { retain: true })
    return here.broker.last.of('publish').map(({ properties }) => properties)
  }
  const json = { contentType: 'application/json' }
  expect(await sent(5)).toMatchObject([
    { ...json, userProperties: { traceparent: '00-ab-cd-01' } },
    { ...json, messageExpiryInterval: 604_800 },
    undefined,
  ])
  expect(await sent(4)).toEqual([undefined, undefined, undefined])
})

test('while the broker is away it rejects at once and says why', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  await broker[Symbol.asyncDispose]()
  await expect.poll(() => talker.isOpen).toBe(false)
  await expect(talker.publish(activity, '{}')).rejects.toMatchObject({ code: 'bus_unavailable' })
  await expect
    .poll(() => talker.health())
    .toMatchObject({ state: 'degraded', code: 'bus_unavailable', detail: expect.stringContaining('ECONNREFUSED') })
})

test('a broker that is away does not keep a house from starting', async () => {
  await using here = await talking({ talker: { random: () => 1 } })
  await here.broker[Symbol.asyncDispose]()
  await here.talker.start()
  expect(here.talker.health()).toMatchObject({ state: 'degraded', code: 'bus_unavailable' })
})

test('who is refused says so, and tries again every fifteen seconds', async () => {
  await using here = await talking({ broker: { password: 'right' }, config: { user: 'u', password: 'wrong' } })
  const { talker, broker, pauses } = here
  await talker.start()
  expect(talker.health()).toMatchObject({ state: 'degraded', code: 'broker_refused' })
  expect(talker.health().detail).not.toContain('wrong')
  await broker.connection(3)
  expect(pauses.filter((ms) => ms === 15_000).length).toBeGreaterThan(1)
  broker.does.password = 'wrong'
  await expect.poll(() => talker.health().state).toBe('ok')
})

test('user and password may stand in the URL, and a private authority is trusted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'daybook-'))
  const ca = join(folder, 'ca.pem')
  writeFileSync(ca, certificate)
  await using here = await talking({ broker: { tls: { key, cert: certificate } } })
  const url = here.broker.url.replace('//', '//me%40home:p%23ss%25@')
  await using there = await talking({ config: { url, ca } })
  await there.talker.start()
  expect(here.broker.last.connect).toMatchObject({ username: 'me@home', password: Buffer.from('p#ss%') })
  expect(there.talker.health().state).toBe('ok')
  rmSync(folder, { recursive: true })
})

test('a file of the settings that is not there is said at the start', async () => {
  await using here = await talking({ config: { ca: '/nowhere/ca.pem' } })
  await expect(here.talker.start()).rejects.toMatchObject({ code: 'config_invalid' })
  expect(here.talker.health()).toEqual({ state: 'stopped' })
})

test('nothing of an old connection goes out on a new one, and the first new message waits for nothing', async () => {
  await using here = await talking({ broker: { holds: true } })
  const { talker, broker } = here
  await talker.start()
  const old = numbers(3_000).map((text) => talker.publish(activity, text))
  const first = await broker.connection(1)
  await first.has('publish', 1_000)
  expect(talker.health().figures).toMatchObject({ unanswered: 1_000, waiting: 2_000 })
  first.cut()
  const ends = await Promise.allSettled(old)
  expect(ends.every(({ status }) => status === 'rejected')).toBe(true)
  const second = await broker.connection(2)
  await expect.poll(() => talker.isOpen).toBe(true)
  void talker.publish(activity, 'new').catch(() => {})
  await second.has('publish')
  expect(texts(second.of('publish'))).toEqual(['new'])
  expect(first.of('publish')).toHaveLength(1_000)
})

test('no more is unanswered than the broker says, and the order is that of the calls', async () => {
  await using here = await talking({ broker: { holds: true, properties: { receiveMaximum: 5 } } })
  const { talker, broker } = here
  await talker.start()
  const all = numbers(12).map((text, i) => talker.publish(activity, text, { qos: i % 4 === 3 ? 0 : 1 }))
  for (const unanswered of [5, 4]) {
    await expect.poll(() => broker.last.unanswered.length).toBe(unanswered)
    broker.last.acknowledge()
  }
  await Promise.all(all)
  expect(texts(broker.last.of('publish'))).toEqual(numbers(12))
})

test('a listener hears retained messages first, and goes on hearing through connections', async () => {
  await using here = await talking()
  const { talker, broker } = here
  broker.retained.set(receipt, { cmd: 'publish', topic: receipt, payload: 'kept', qos: 1, retain: true, dup: false })
  const heard: string[] = []
  await talker.start()
  await talker.subscribe(receipt, ({ payload, retain }) => heard.push(`${payload} ${retain}`))
  expect(heard).toEqual(['kept true'])
  broker.cut()
  const second = await broker.connection(2)
  await second.has('pingreq')
  second.deliver({ topic: receipt, payload: 'live' })
  await expect.poll(() => heard).toEqual(['kept true', 'kept true', 'live false'])
  expect(second.of('subscribe')).toHaveLength(1)
  // Each message is acknowledged where it came.
  await second.has('puback', 2)
})

test('listeners of one filter share one subscription, and a later one still hears what is retained', async () => {
  await using here = await talking()
  const { talker, broker } = here
  broker.retained.set(receipt, { cmd: 'publish', topic: receipt, payload: 'kept', qos: 1, retain: true, dup: false })
  await talker.start()
  const heard: [string[], string[]] = [[], []]
  const ends = []
  for (const each of heard) ends.push(await talker.subscribe(receipt, ({ payload }) => each.push(`${payload}`)))
  expect(heard).toEqual([['kept'], ['kept']])
  broker.last.deliver({ topic: receipt, payload: 'live' })
  await expect
    .poll(() => heard)
    .toEqual([
      ['kept', 'live'],
      ['kept', 'live'],
    ])
  ends[0]?.()
  expect(broker.last.of('unsubscribe')).toEqual([])
  ends[1]?.()
  ends[1]?.()
  await broker.last.has('unsubscribe')
  broker.cut()
  expect((await broker.connection(2)).of('subscribe')).toEqual([])
})

test('a subscription that is asked for while the broker is away stands once it is back', async () => {
  await using here = await talking({ broker: { code: 0x88 } })
  const { talker, broker } = here
  const heard: string[] = []
  const subscribing = talker.subscribe(topics.all, ({ payload }) => heard.push(`${payload}`))
  const { stands, end } = talker.listen(receipt, () => {})
  end()
  await expect(stands).rejects.toMatchObject({ code: 'shutting_down' })
  const starting = talker.start()
  await broker.connection(2)
  broker.does.code = 0
  await starting
  await subscribing
  broker.last.deliver({ topic: receipt, payload: 'live' })
  await expect.poll(() => heard).toEqual(['live'])
  expect(broker.last.of('subscribe')).toHaveLength(1)
})

test('a filter that is refused rejects, and is not asked for again', async () => {
  await using here = await talking({ broker: { forbidden: [topics.all] } })
  const { talker, broker } = here
  await talker.start()
  await expect(talker.subscribe(topics.all, () => {})).rejects.toMatchObject({ code: 'broker_refused' })
  expect(() => talker.listen('a/#/b', () => {})).toThrow(expect.objectContaining({ code: 'topic_invalid' }))
  broker.cut()
  expect((await broker.connection(2)).of('subscribe')).toEqual([])
})

test('a filter that stood and is refused on the next connection is told, and asked for again', async () => {
  await using here = await talking()
  const { talker, broker } = here
  const heard: string[] = []
  await talker.start()
  await talker.subscribe(receipt, ({ payload }) => heard.push(`${payload}`))
  broker.does.forbidden = [receipt]
  broker.cut()
  await expect
    .poll(() => talker.health())
    .toMatchObject({ state: 'degraded', code: 'broker_refused', detail: expect.stringContaining(receipt) })
  broker.does.forbidden = []
  broker.cut()
  await expect.poll(() => talker.health().state).toBe('ok')
  await broker.last.has('pingreq')
  broker.last.deliver({ topic: receipt, payload: 'live' })
  await expect.poll(() => heard).toEqual(['live'])
})

test('a connection that falls silent is replaced', async () => {
  await using here = await talking({ config: { keepaliveSeconds: 1 } })
  const { talker, broker } = here
  await talker.start()
  broker.does.silent = true
  await broker.last.closed
  broker.does.silent = false
  await expect.poll(() => talker.isOpen).toBe(true)
  await talker.publish(activity, '{}')
})

test('a listener that throws spoils it for nobody', async () => {
  await using here = await talking()
  const { talker, broker } = here
  await talker.start()
  const heard: string[] = []
  await talker.subscribe(receipt, () => {
    throw new Error('mine')
  })
  await talker.subscribe(topics.all, ({ payload }) => heard.push(`${payload}`))
  broker.last.deliver({ topic: receipt, payload: 'live' })
  await expect.poll(() => heard).toEqual(['live'])
  expect(talker.isOpen).toBe(true)
})

test('each connection is told of, and whether the broker had kept the session', async () => {
  await using here = await talking({ talker: { clean: false }, broker: { sessionPresent: true } })
  const { talker, broker } = here
  const kept: boolean[] = []
  talker.onConnection(() => {
    throw new Error('mine')
  })
  const end = talker.onConnection(({ sessionKept }) => kept.push(sessionKept))
  await talker.start()
  broker.does.sessionPresent = false
  broker.cut()
  await expect.poll(() => kept).toEqual([true, false])
  expect(broker.connections.map((each) => each.connect)).toMatchObject([
    { clientId: 'daybook-test', clean: false },
    { clientId: 'daybook-test', clean: false },
  ])
  end()
  broker.cut()
  await expect.poll(() => talker.health().figures).toMatchObject({ connections: 3 })
  expect(kept).toEqual([true, false])
})

test('what a kept session brings before anyone is told is heard and acknowledged', async () => {
  await using here = await talking({
    talker: { clean: false },
    broker: { sessionPresent: true, greets: (there) => there.deliver({ topic: receipt, payload: 'early' }) },
  })
  const { talker, broker } = here
  const heard: string[] = []
  talker.listen(receipt, ({ payload }) => heard.push(`${payload}`))
  await talker.start()
  await broker.last.has('puback')
  expect(heard).toEqual(['early'])
})

test('an end in order waits for what is unanswered, says DISCONNECT, and is final', async () => {
  await using here = await talking({ broker: { holds: true } })
  const { talker, broker } = here
  await talker.start()
  const publishing = talker.publish(activity, '{}')
  await broker.last.has('publish')
  const stopping = talker.stop()
  await expect(talker.publish(activity, '{}')).rejects.toMatchObject({ code: 'shutting_down' })
  broker.last.acknowledge()
  await publishing
  await stopping
  await talker.stop()
  await broker.last.closed
  expect(broker.last.packets.at(-1)).toMatchObject({ cmd: 'disconnect' })
  expect(broker.connections).toHaveLength(1)
  expect(talker.health()).toEqual({ state: 'stopped' })
})

test('a broker that answers nothing does not hold up the end', async () => {
  await using here = await talking({ broker: { silent: true } })
  const { talker, broker } = here
  const starting = talker.start()
  await broker.connection(1)
  await talker.stop()
  await starting
  await broker.last.closed
})
