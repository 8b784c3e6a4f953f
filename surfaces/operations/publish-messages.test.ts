// Publishing messages as they are, and hearing them as they are: the raw stream and the operation behind replays.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { topicsUnder } from '../../schemas/topics.ts'
import { activityMaker, type InProcess, startInProcess } from '../../test/in-process.ts'
import { serverSentEvents } from '../cli/server-sent-events.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

const topics = topicsUnder('daybook')
const activity = activityMaker()
const publish = async (...messages: object[]) =>
  (await house.api('/api/v1/publish', { method: 'POST', body: JSON.stringify({ messages }) })).json()
const topic = topics.activity({ source: 'terminal', type: 'command', producer: 'made' })

/** The next messages of a filter that is already listened to. */
async function listen(filter: string) {
  const stop = new AbortController()
  const response = await house.api(`/stream?topic=${encodeURIComponent(filter)}`, { signal: stop.signal })
  const events = serverSentEvents(response)
  const opened = await events.next()
  return {
    status: response.status,
    opened: JSON.parse(opened.value?.data ?? '{}'),
    async take(count: number) {
      const found: Record<string, unknown>[] = []
      while (found.length < count) {
        const { value } = await events.next()
        expect(value?.event).toBe('message')
        found.push(JSON.parse(value?.data ?? ''))
      }
      return found
    },
    stop: () => stop.abort(),
  }
}

describe('publishing', () => {
  test('foreign messages arrive byte by byte and in their order, last values first and marked', async () => {
    const png = Buffer.from([0x89, 0x50, 0xff, 0x00]).toString('base64')
    const lamp = { topic: 'zigbee2mqtt/lamp', payload: '{"state":"ON"}', retain: true }
    expect(await publish(lamp)).toEqual({ published: 1, stored: 0, duplicates: 0, suppressed: 0, rejected: [] })
    const heard = await listen('+/lamp/#')
    expect(heard.opened).toMatchObject({ prefix: 'daybook', filter: '+/lamp/#', at: expect.any(Number) })
    await publish(
      { topic: 'unheard/of', payload: '' },
      { topic: 'zigbee2mqtt/lamp/get', payload: 'Käse\n\r\u0000' },
      { topic: 'frigate/lamp/snapshot', payload: png, encoding: 'base64', qos: 0 },
      { ...lamp, payload: '', qos: 2 },
    )
    expect(await heard.take(4)).toEqual([
      { at: expect.any(Number), ...lamp, encoding: 'utf8', qos: 1, retain: true },
      {
        at: expect.any(Number),
        topic: 'zigbee2mqtt/lamp/get',
        payload: 'Käse\n\r\u0000',
        encoding: 'utf8',
        qos: 1,
        retain: false,
      },
      {
        at: expect.any(Number),
        topic: 'frigate/lamp/snapshot',
        payload: png,
        encoding: 'base64',
        qos: 0,
        retain: false,
      },
      { at: expect.any(Number), topic: lamp.topic, payload: '', encoding: 'utf8', qos: 1, retain: false },
    ])
    heard.stop()
  })

  test('activities are stored, known or refused, and each that is refused is named', async () => {
    const body = (fields = {}) => JSON.stringify({ ...activity(fields), producer: 'made' })
    const payload = body()
    const heard = await listen(topics.activities)
    expect(
      await publish(
        { topic, payload },
        { topic, payload: body({ timestamp: 5 }) },
        { topic: 'foreign/#', payload },
        { topic: '$SYS/broker', payload },
        { topic: topics.state('pause'), payload, retain: true },
      ),
    ).toEqual({
      published: 1,
      stored: 1,
      duplicates: 0,
      suppressed: 0,
      rejected: [
        { index: 1, code: 'clock', message: expect.stringContaining('2000') },
        { index: 2, code: 'topic_invalid', message: expect.stringContaining('foreign/#') },
        { index: 3, code: 'forbidden', message: expect.any(String) },
        { index: 4, code: 'forbidden', message: expect.stringContaining(topics.state('pause')) },
      ],
    })
    expect(await publish({ topic, payload })).toMatchObject({ published: 1, stored: 0, duplicates: 1 })
    const [shown] = await heard.take(1)
    expect(JSON.parse(String(shown?.payload))).toMatchObject({ summary: JSON.parse(payload).summary })
    heard.stop()
  })

  test('a request without messages, or with something else in it, is refused whole', async () => {
    expect(await publish()).toMatchObject({ code: 'invalid' })
    expect(await publish({ topic: 'a', payload: { a: 1 } })).toMatchObject({ code: 'invalid' })
    expect(await publish({ topic: 'a', payload: '', qos: 3 })).toMatchObject({ code: 'invalid' })
    const half = await publish(
      { topic: 'a', payload: 'eA==', encoding: 'base64' },
      { topic: 'a', payload: '@@@', encoding: 'base64' },
    )
    expect(half).toMatchObject({ code: 'invalid', detail: expect.stringContaining('base64') })
    const many = Array.from({ length: 1_001 }, () => ({ topic: 'a', payload: '' }))
    expect(await publish(...many)).toMatchObject({ code: 'invalid' })
  })
})

test.each([
  ['topic=a%2F%23%2Fb', {}, 'topic'],
  ['topic=%24SYS%2F%23', {}, 'topic'],
  ['topic=a%2F%23&source=iot', {}, 'source'],
  ['topic=a', { 'last-event-id': '1.2' }, 'Last-Event-ID'],
])('a raw stream with %s is refused', async (query, headers, why) => {
  const response = await house.api(`/stream?${query}`, { headers })
  expect(await response.json()).toMatchObject({ code: 'invalid', detail: expect.stringContaining(why) })
})
