// The lines of a recording: what is written is read again, what is no line of one is said so.
import { describe, expect, test } from 'vitest'
import { bytesOf, toRaw } from '../raw-message.ts'
import { headerLine, messageLine, parseLine } from './recording.ts'

describe('a message', () => {
  test.each([
    ['text', Buffer.from('{"a": 1}\n'), 'utf8'],
    ['text with what JSON escapes', Buffer.from('\u0000"\\\u2028 🧀'), 'utf8'],
    ['nothing', Buffer.alloc(0), 'utf8'],
    ['a picture', Buffer.from([0xff, 0xd8, 0xff, 0x00, 0x80]), 'base64'],
    ['half a character', Buffer.from('🧀').subarray(0, 2), 'base64'],
  ])('of %s has the same bytes again', (_, payload, encoding) => {
    const written = messageLine({ at: 1_760_000_000_000, ...toRaw({ topic: 'a/b', payload, qos: 0, retain: true }) })
    expect(written).not.toContain('\n')
    expect(Object.keys(JSON.parse(written))).toEqual(['at', 'topic', 'payload', 'encoding', 'qos', 'retain'])
    const read = parseLine(written)
    if (!('message' in read)) throw new Error('no message')
    expect(read.message).toMatchObject({ at: 1_760_000_000_000, topic: 'a/b', encoding, qos: 0, retain: true })
    expect(bytesOf(read.message)).toEqual(payload)
  })

  test('may be written by hand: QoS 1, not retained, UTF-8', () => {
    expect(parseLine('{"at":5,"topic":"a","payload":"x"}')).toEqual({
      message: { at: 5, topic: 'a', payload: 'x', encoding: 'utf8', qos: 1, retain: false },
    })
  })
})

describe('a header', () => {
  test('is read again', () => {
    const about = { filter: 'frigate/#', startedAt: 5, prefix: 'daybook' }
    expect(parseLine(headerLine(about))).toEqual({ header: { daybook: 'recording', version: 1, ...about } })
  })

  test('of a newer kind is refused: its lines could mean something else', () => {
    expect(() => parseLine('{"daybook":"recording","version":2}')).toThrow('version 2')
  })
})

test('a byte order mark at the beginning, as some editors write it, is skipped', () => {
  expect(parseLine('\uFEFF{"daybook":"recording","version":1}')).toEqual({
    header: { daybook: 'recording', version: 1 },
  })
})

test.each([
  ['nonsense', 'not JSON'],
  ['{"at":5,"payload":"x"}', 'topic'],
  ['{"topic":"a","payload":"x"}', 'at'],
  ['{"at":5,"topic":"a","payload":{"a":1}}', 'payload'],
  ['{"at":5,"topic":"a","payload":"","qos":3}', 'qos'],
  ['[]', 'line'],
  ['null', 'line'],
  ['{"at":-1,"topic":"a","payload":"x"}', 'at'],
  ['{"at":1e999,"topic":"a","payload":"x"}', 'at'],
  ['{"at":8640000000000001,"topic":"a","payload":"x"}', 'at'],
  ['{"at":5,"topic":"a","payload":"@@@","encoding":"base64","retain":true}', 'payload: not base64'],
  ['{"at":5,"topic":"a","payload":"AAA","encoding":"base64"}', 'payload: not base64'],
  ['{"at":5,"topic":"a","payload":"AA==AA==","encoding":"base64"}', 'payload: not base64'],
  ['{"daybook":"recording","version":1,"prefix":"a/#"}', 'prefix: lower case words'],
  [`{"daybook":"recording","version":1,"prefix":"${'a'.repeat(129)}"}`, 'prefix'],
])('%s is no line of a recording', (text, why) => {
  expect(parseLine(text)).toEqual({ bad: expect.stringContaining(why) })
})
