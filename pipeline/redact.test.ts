// Whole notifications: every text in them, fields named like secrets and places, and what is noted. Not for: what a
// secret looks like (redact-rules.test.ts, redact-preset.test.ts).
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ActivityNotification, activityNotification } from '../schemas/activity.ts'
import { createRedactor, redactionRules } from './redact.ts'
import { filler, presetSecrets } from './redact-secrets.ts'
import { isMarker, ruleWords } from './redact-text.ts'

const redactor = createRedactor()

const plain: ActivityNotification = {
  id: '01962f3a-5b7c-7abc-8def-0123456789ab',
  source: 'terminal',
  type: 'command',
  summary: 'make test',
  timestamp: 1_745_432_100_123,
  data: { command: 'make test', cwd: '/home/ada/house', exit_code: 0, tags: ['a', 'b'] },
  contentRef: { storage: 'fs', id: filler(64, '0123456789abcdef'), name: 'log.txt' },
  attachments: [{ storage: 'fs', id: filler(64, 'fedcba9876543210'), name: 'diff' }],
  sessionId: 'terminal-desk/2025-04-23',
  producer: 'terminal-desk',
  cause: { id: 'prompt-1' },
}

const redactData = (data: Record<string, unknown>) => redactor.redact({ ...plain, data }).data

describe('redacting a notification', () => {
  test('a clean one is returned itself, without a copy', () => {
    expect(redactor.redact(plain)).toBe(plain)
  })

  describe.each(Object.entries(presetSecrets))('with a secret of %s', (_, { text, secret }) => {
    const places: Record<string, ActivityNotification> = {
      summary: { ...plain, summary: text.slice(0, 512) },
      'a text': { ...plain, data: { command: text } },
      'a deep text': { ...plain, data: { a: { b: [1, null, { c: ['x', text] }] } } },
      'a name of a field': { ...plain, data: { [text]: 1 } },
      'the name of the content': { ...plain, contentRef: { storage: 'fs', id: filler(64, '01ab'), name: text } },
      'the name of an attachment': { ...plain, attachments: [{ storage: 'fs', id: filler(64, '01ab'), name: text }] },
      'the session': { ...plain, sessionId: text },
    }
    test.each(Object.keys(places))('nothing of it is left in %s', (place) => {
      const notification = places[place] ?? plain
      const before = JSON.stringify(notification)
      const redacted = redactor.redact(notification)
      expect(JSON.stringify(redacted)).not.toContain(JSON.stringify(secret.slice(0, 400)).slice(1, -1))
      expect(redacted.data?.redacted).toEqual([expect.stringMatching(/^[a-z0-9-]+$/)])
      expect(JSON.stringify(notification)).toBe(before)
    })
  })

  test('the rest stays as it is, and the rules are noted in order, once', () => {
    const data = { command: 'PASSWORD=x TOKEN=y curl -u ada:pw 52.5200,13.4050', exit_code: 1 }
    expect(redactor.redact({ ...plain, summary: 'TOKEN=abc', data })).toEqual({
      ...plain,
      summary: 'TOKEN=[redacted:key-value]',
      data: {
        command:
          'PASSWORD=[redacted:key-value] TOKEN=[redacted:key-value] curl -u ada:[redacted:argument] [redacted:coordinates]',
        exit_code: 1,
        redacted: ['argument', 'coordinates', 'key-value'],
      },
    })
  })

  test('a secret in the list of what is redacted goes, too', () => {
    const list = redactData({ redacted: ['--password', 'hunter2', 'PASSWORD=hunter3', 'jwt'] })?.redacted
    expect(list).toEqual(['PASSWORD=[redacted:key-value]', 'jwt', 'key-value', 'named-field'])
  })

  test('what the sender has redacted already is kept in the list', () => {
    expect(redactData({ a: 'TOKEN=x', redacted: ['zeta', 'jwt'] })?.redacted).toEqual(['jwt', 'key-value', 'zeta'])
  })

  test('one without data gets some, and a clean list of rules alone is left alone', () => {
    const { data: _, ...rest } = plain
    const bare: ActivityNotification = rest
    expect(redactor.redact({ ...bare, summary: 'TOKEN=x' }).data).toEqual({ redacted: ['key-value'] })
    const known = { ...plain, data: { redacted: ['authorization', 'key-value', 'private-key-part'] } }
    expect(redactor.redact(known)).toBe(known)
  })

  test('id, source, type, producer and cause are never touched', () => {
    const odd = { ...plain, summary: 'TOKEN=x', cause: { id: 'token=abc' } }
    const { id, source, type, producer, cause } = redactor.redact(odd)
    expect({ id, source, type, producer, cause }).toEqual({
      id: odd.id,
      source: odd.source,
      type: odd.type,
      producer: odd.producer,
      cause: odd.cause,
    })
  })

  test('is valid still where markers are longer than the field: cut before a marker, never in it', () => {
    for (let length = 480; length <= 512; length++) {
      const redacted = redactor.redact({
        ...plain,
        summary: `${'x '.repeat(300).slice(0, length - 8)} TOKEN=y`.slice(0, 512),
      })
      expect(activityNotification.safeParse(redacted).success).toBe(true)
      expect(redacted.summary).toMatch(/TOKEN=(\[redacted:key-value\])?$/)
      expect(redactor.redact(redacted)).toBe(redacted)
    }
  })
})

describe('fields named like a secret', () => {
  test.each([
    ...['password', 'passwd', 'wifi_password', 'db_pass', 'secret', 'clientSecret', 'token', 'access_token', 'API_KEY'],
    ...[
      'apiKey',
      'private_key',
      'authorization',
      'Authorization',
      'cookie',
      'credentials',
      'webhook_id',
      'network_key',
    ],
  ])('%s loses its value, text or number or list', (name) => {
    const gone = '[redacted:named-field]'
    expect(redactData({ [name]: 'hunter2' })).toEqual({ [name]: gone, redacted: ['named-field'] })
    expect(redactData({ [name]: 12_345 })).toEqual({ [name]: gone, redacted: ['named-field'] })
    expect(redactData({ x: [{ [name]: ['a', 1] }] })).toEqual({
      x: [{ [name]: [gone, gone] }],
      redacted: ['named-field'],
    })
    expect(redactData({ [name]: { value: 'a', age: 3 } })).toEqual({
      [name]: { value: gone, age: 3 },
      redacted: ['named-field'],
    })
  })

  test('names that only sound like it keep theirs', () => {
    const data = {
      tokens_in: 5,
      tokens_out: 6,
      token_count: 7,
      keyboard: 'de',
      hotkey: 'k',
      pass: 12,
      pwd: '/home/ada',
      has_password: true,
      secret: null,
      token: '',
      author: 'Ada',
      location: 'Kitchen',
      position: 50,
      flat: 'left',
      along: 3,
      brightness: 178.123,
      box: [0.123, 0.456, 0.789, 0.912],
    }
    const notification = { ...plain, data }
    expect(redactor.redact(notification)).toBe(notification)
  })

  test('an option in an argument list hides its neighbour', () => {
    expect(redactData({ argv: ['mysql', '--password', 'hunter2', '-v'] })?.argv).toEqual([
      'mysql',
      '--password',
      '[redacted:named-field]',
      '-v',
    ])
  })
})

describe('places', () => {
  const gone = '[redacted:coordinates]'
  test.each<[Record<string, unknown>, Record<string, unknown>]>([
    [
      { latitude: 52.5, longitude: '13.4', gps_accuracy: 10 },
      { latitude: gone, longitude: gone, gps_accuracy: gone },
    ],
    [{ attributes: { lat: 52.5, lon: 13.4, lng: 13.4 } }, { attributes: { lat: gone, lon: gone, lng: gone } }],
    [
      { home_latitude: 1, gps: [52.5, 13.4] },
      { home_latitude: gone, gps: gone },
    ],
    [{ location: [52.5, 13.4] }, { location: gone }],
    [{ location: '52.5, 13.4' }, { location: gone }],
    [
      {
        coordinates: [
          [
            [13.4, 52.5],
            [13.5, 52.6],
          ],
        ],
      },
      { coordinates: [[gone, gone]] },
    ],
    [{ location: { latitude: 52.5, name: 'x' } }, { location: { latitude: gone, name: 'x' } }],
  ])('%j is hidden', (data, expected) => {
    expect(redactData(data)).toEqual({ ...expected, redacted: ['coordinates'] })
  })
})

describe('hostile data', () => {
  test('depth is cut where something is hidden rather than exhausting the stack', () => {
    let deep: unknown = 'TOKEN=x'
    for (let level = 0; level < 50_000; level++) deep = [deep]
    expect(JSON.stringify(redactData({ deep }))).toContain('[redacted:too-deep]')
  })

  test('a field called __proto__ stays a field', () => {
    const data = redactData(JSON.parse('{"__proto__": {"a": "TOKEN=x"}, "b": 1}') as Record<string, unknown>)
    expect(JSON.stringify(data)).toContain('"__proto__":{"a":"TOKEN=[redacted:key-value]"}')
    expect(({} as Record<string, unknown>).a).toBeUndefined()
  })

  test('any JSON comes out as JSON, twice is as once, and every marker is in the list', () => {
    const secrets = Object.values(presetSecrets).map(({ text }) => text)
    const string = fc.oneof(fc.constantFrom(...secrets, 'TOKEN=x', '--password', '52.1234,13.1234'), fc.string())
    const key = fc.oneof(
      fc.constantFrom('password', 'lat', 'gps', 'location', 'redacted', 'a'),
      fc.string({ maxLength: 6 }),
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof({ maxDepth: 4 }, string, fc.integer(), fc.constant(null), tie('list'), tie('object')),
      list: fc.array(tie('value'), { maxLength: 4 }),
      object: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    }))
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 5 }), (data) => {
        const once = redactor.redact({ ...plain, data: JSON.parse(JSON.stringify(data)) as Record<string, unknown> })
        expect(JSON.parse(JSON.stringify(once))).toEqual(once)
        expect(redactor.redact(once)).toEqual(once)
        for (const [marker] of JSON.stringify(once).matchAll(/\[redacted:[a-z0-9-]+\]/g)) {
          expect(isMarker(marker)).toBe(true)
          expect(once.data?.redacted).toContain(marker.slice('[redacted:'.length, -1))
        }
      }),
      { numRuns: 500 },
    )
  })
})

test('the list of rules for the reference names each rule once and leaves none out', () => {
  const ids = redactionRules.map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids).toEqual(expect.arrayContaining([...ruleWords.keys()]))
})

test('a payload is redacted like a text', () => {
  expect(redactor.redactText('a TOKEN=x b')).toEqual({
    text: 'a TOKEN=[redacted:key-value] b',
    redacted: ['key-value'],
  })
  expect(redactor.redactText('nothing')).toEqual({ text: 'nothing', redacted: [] })
})
