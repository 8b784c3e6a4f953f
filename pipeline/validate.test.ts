// What comes in becomes an event, or is refused with the field and the reason.
import { describe, expect, it } from 'vitest'
import { eventId, idTime, isUuidV7 } from '../schemas/ids.ts'
import { topicsUnder } from '../schemas/topics.ts'
import { logicalDays } from './logical-day.ts'
import { createValidate } from './validate.ts'

const topics = topicsUnder('daybook')
const NOW = Date.UTC(2026, 10, 24, 12)
const validate = createValidate({ topics, space: 'home', dayOf: logicalDays('Europe/Berlin') })
const topic = topics.activity({ source: 'terminal', type: 'command', producer: 'desk' })
const id = eventId({ space: 'home', source: 'terminal', key: '1', timestamp: NOW })
const body = { id, summary: 'ran the tests', timestamp: NOW }

const take = (change: object = {}, on = topic) => validate(on, Buffer.from(JSON.stringify({ ...body, ...change })), NOW)
const event = (change: object = {}) => {
  const taken = take(change)
  if (!taken.ok) throw new Error(taken.reason)
  return taken.event
}

describe('a valid notification', () => {
  it('is filled in from its topic, and with a session of its logical day', () => {
    expect(event()).toEqual({
      id,
      space: 'home',
      source: 'terminal',
      eventType: 'command',
      producer: 'desk',
      summary: 'ran the tests',
      timestamp: NOW,
      sessionId: 'desk/2026-11-24',
      receivedAt: NOW,
    })
  })

  it('keeps its data whatever the keys, and drops fields that are not in the vocabulary', () => {
    const data = { command: 'npm test', exit_code: 1, nested: { list: [1, 'two', null] } }
    expect(event({ data, details: 'x', nonsense: true }).details).toEqual(data)
    expect(event({ nonsense: true })).not.toHaveProperty('nonsense')
  })

  it('belongs to the day before until 04:00 local time, also when clocks change', () => {
    const day = (iso: string) => event({ timestamp: Date.parse(iso) }).sessionId
    expect(day('2026-11-24T02:59:59Z')).toBe('desk/2026-11-23')
    expect(day('2026-11-24T03:00:00Z')).toBe('desk/2026-11-24')
    expect(day('2026-07-01T01:59:59Z')).toBe('desk/2026-06-30')
    expect(day('2026-07-01T02:00:00Z')).toBe('desk/2026-07-01')
  })

  it('maps a foreign id to the same UUIDv7 of its time each time, and keeps it as nativeId', () => {
    const mapped = event({ id: 'order:17' })
    expect(isUuidV7(mapped.id) && idTime(mapped.id)).toBe(NOW)
    expect(mapped.nativeId).toBe('order:17')
    expect(event({ id: 'order:17' }).id).toBe(mapped.id)
    expect(event({ id: 'order:17', phase: 'end' }).id).not.toBe(mapped.id)
    // The case of a UUID means nothing.
    expect(event({ id: id.toUpperCase() })).toEqual(event())
    // A UUIDv7 of another time is foreign too.
    expect(event({ timestamp: NOW - 1 }).nativeId).toBe(id)
  })

  it('loses no more than what Postgres cannot hold', () => {
    expect(event({ summary: 'a\0b \ud800 c', data: { 'k\0': ['\udfff'] } })).toMatchObject({
      summary: 'a\ufffdb \ufffd c',
      details: { 'k\ufffd': ['\ufffd'] },
    })
    expect(event({ summary: 'fine 😀 \\u0000' }).summary).toBe('fine 😀 \\u0000')
  })
})

describe('an invalid one is refused', () => {
  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])
  it.each([
    ['a missing summary', { summary: undefined }, 'invalid', /summary/],
    ['a summary of 513 characters', { summary: 'x'.repeat(513) }, 'invalid', /summary/],
    ['a missing id', { id: undefined }, 'invalid', /id/],
    ['a timestamp as text', { timestamp: '2026-11-24' }, 'invalid', /timestamp/],
    ['a negative duration', { duration: -1 }, 'invalid', /duration/],
    ['an unknown phase', { phase: 'middle' }, 'invalid', /phase/],
    ['a broken reference', { contentRef: { storage: 'fs', id: '../etc/passwd' } }, 'invalid', /contentRef\.id/],
    ['data that is no object', { data: [1] }, 'invalid', /data/],
    ['data nested without end', { data: { deep: deep(100) } }, 'invalid', /nested/],
    ['seconds instead of milliseconds', { timestamp: 1_795_557_600 }, 'clock', /seconds instead of ms/],
    ['the day after tomorrow', { timestamp: NOW + 25 * 3_600_000 }, 'clock', /ahead/],
    ['another source than its topic', { source: 'browser' }, 'topic_mismatch', /source/],
    ['another type', { type: 'visit' }, 'topic_mismatch', /type/],
    ['another producer', { producer: 'laptop' }, 'topic_mismatch', /producer/],
    ['a source that is no text', { source: 7 }, 'invalid', /source/],
    ['more than 256 KB', { data: { text: 'x'.repeat(262_144) } }, 'too_large', /bytes/],
  ])('for %s', (_, change, code, reason) => {
    expect(take(change)).toMatchObject({ ok: false, code, reason: expect.stringMatching(reason) })
  })

  it.each(['', '{', 'null', '[]', '"text"', '17', '\ufeff{}'])('for the body %j', (text) => {
    const taken = validate(topic, Buffer.from(text), NOW)
    expect(taken).toMatchObject({ ok: false, code: expect.stringMatching(/not_json|invalid/) })
  })

  it('for a topic with too many or too few parts', () => {
    expect(take({}, `${topic}/more`)).toMatchObject({ ok: false, code: 'topic_invalid' })
    expect(take({}, topic.slice(0, topic.lastIndexOf('/')))).toMatchObject({ ok: false, code: 'topic_invalid' })
  })

  it('and still names the place in its outbox, so that the number is settled', () => {
    expect(take({ summary: '', epoch: 'e1', seq: 5 })).toMatchObject({
      ok: false,
      sender: { producer: 'desk', source: 'terminal', epoch: 'e1', seq: 5, claimedId: id },
    })
    expect(take({ summary: '', seq: 1.5 }).sender).not.toHaveProperty('seq')
    const heavy = take({ data: { text: 'x'.repeat(300_000) }, epoch: 'e1', seq: 6 })
    expect(heavy).toMatchObject({ code: 'too_large', sender: { epoch: 'e1', seq: 6, claimedId: id } })
  })
})
