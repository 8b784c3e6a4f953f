// The event stream as a program reads it, over real sockets.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { foreignUnderTest } from '../../broker/foreign/foreign.harness.ts'
import { wallClock } from '../../component.ts'
import { topicsUnder } from '../../schemas/topics.ts'
import { activityMaker, type InProcess, startInProcess } from '../../test/in-process.ts'
import { FakeBroker } from '../../test/mqtt/fake-broker.ts'
import { serverSentEvents } from '../cli/server-sent-events.ts'
import type { House } from '../operations/operation.ts'
import { createStreams } from './stream.ts'

let house: InProcess
beforeAll(async () => {
  house = await startInProcess()
})
afterAll(() => house.stop())

const activity = activityMaker()
const post = (body: unknown) => house.api('/api/v1/activities', { method: 'POST', body: JSON.stringify(body) })
const json = async (response: Promise<Response>) => (await response).json()

describe('the stream', () => {
  test('shows what is stored while it is open, and only what was asked for', async () => {
    const stop = new AbortController()
    const response = await house.api('/stream?source=streamed', { signal: stop.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const events = serverSentEvents(response)
    await post([activity(), activity({ source: 'streamed', summary: 'line\nbreak' })])
    const { value } = await events.next()
    expect(value?.event).toBe('activity')
    expect(JSON.parse(value?.data ?? '')).toMatchObject({
      source: 'streamed',
      summary: 'line\nbreak',
      producer: 'http',
    })
    stop.abort()
  })

  test('goes on after the last event that a reader has seen, whatever came meanwhile', async () => {
    const read = async (count: number, lastEventId?: string) => {
      const stop = new AbortController()
      const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
      const response = await house.api('/stream?source=resumed', { signal: stop.signal, headers })
      const found: { id: string; summary: string }[] = []
      const sending = lastEventId === undefined ? post([activity({ source: 'resumed', summary: 'first' })]) : undefined
      for await (const { id, data } of serverSentEvents(response)) {
        found.push({ id, summary: JSON.parse(data).summary })
        if (found.length === count) break
      }
      await sending
      stop.abort()
      return found
    }
    const [first] = await read(1)
    expect(first).toMatchObject({ id: expect.stringMatching(/^\d+\.\d+$/), summary: 'first' })
    await post(['second', 'third'].map((summary) => activity({ source: 'resumed', summary })))
    await post([activity({ source: 'resumed', summary: 'long ago', timestamp: Date.UTC(2012, 1) })])
    const missed = await read(3, first?.id)
    expect(
      missed
        .map(({ summary }) => summary)
        .slice(0, 2)
        .sort(),
    ).toEqual(['second', 'third'])
    expect(missed[2]?.summary).toBe('long ago')
    expect((await house.api('/stream', { headers: { 'last-event-id': 'yesterday' } })).status).toBe(422)
  })

  test('a parameter that does not exist is refused', async () => {
    expect(await json(house.api('/stream?sauce=x'))).toMatchObject({
      code: 'invalid',
      detail: expect.stringContaining('sauce'),
    })
  })

  test('a filter that the broker refuses takes no place of the streams that may be open', async () => {
    const broker = await FakeBroker.start({ forbidden: ['secret/#'] })
    const { bus, clear } = await foreignUnderTest(broker.url)
    const streams = createStreams({ bus, clock: wallClock, topics: topicsUnder('daybook') } as House)
    for (let n = 0; n < 101; n++) {
      await expect(streams.open({ topic: 'secret/#' }, undefined)).rejects.toMatchObject({ code: 'broker_refused' })
    }
    expect((await streams.open({ topic: 'open/#' }, undefined)).status).toBe(200)
    streams.close()
    await bus.stop()
    await clear()
    await broker[Symbol.asyncDispose]()
  })
})
