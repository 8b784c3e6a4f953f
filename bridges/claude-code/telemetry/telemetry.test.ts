// The receiver takes what the real program was seen to send, in both forms, answers as OTLP says, and keeps no more than
// what hooks do not tell. Exporters of OpenTelemetry itself are for the journeys.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import pino from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import { wallClock } from '../../../component.ts'
import { DaybookError } from '../../../schemas/errors.ts'
import type { Notification } from '../../bridge.ts'
import { stateInMemory } from '../../in-memory.ts'
import { createKnown } from '../known.ts'
import { messages, readMessage } from './protobuf.ts'
import { openTelemetry, type Telemetry } from './telemetry.ts'

const RECORDED = join(import.meta.dirname, '../../../test/claude-code/recorded/telemetry')
const recorded = (name: string) => readFileSync(join(RECORDED, name))
const KEY = '5b1a0f52-7a53-4d5e-9c34-000000000001'
const JSON_TYPE = 'application/json'
const PROTOBUF = 'application/x-protobuf'

let emitted: Notification[]
let refuse: DaybookError | undefined
let telemetry: Telemetry

beforeEach(() => {
  emitted = []
  refuse = undefined
  const state = stateInMemory()
  const emit = (notifications: readonly Notification[]) => {
    if (refuse) throw refuse
    emitted.push(...notifications)
  }
  telemetry = openTelemetry({
    host: { space: 'home', clock: wallClock, log: pino({ level: 'silent' }), state, emit, key: KEY },
    known: createKnown(state),
    source: 'claude_code',
  })
})

interface Sending {
  path?: string
  type?: string
  headers?: Record<string, string>
  trusted?: boolean
  method?: string
}
function send(
  body: Buffer | string,
  { path = '/v1/logs', type = JSON_TYPE, headers, trusted = true, method = 'POST' }: Sending = {},
) {
  const request = new Request(`http://127.0.0.1:8420${path}`, {
    method,
    headers: { 'content-type': type, ...headers },
    ...(method === 'POST' && { body: new Uint8Array(Buffer.from(body)) }),
  })
  return telemetry.serve(request, { trusted })
}
const answerOf = async (response: Response) => [
  response.status,
  response.headers.get('content-type'),
  await response.text(),
]
const attribute = (key: string, value: unknown) => ({
  key,
  value: typeof value === 'number' ? { doubleValue: value } : { stringValue: String(value) },
})
const logs = (records: object[], service = 'claude-code') =>
  JSON.stringify({
    resourceLogs: [
      { resource: { attributes: [attribute('service.name', service)] }, scopeLogs: [{ logRecords: records }] },
    ],
  })
const record = (event: string, attributes: Record<string, unknown>, at = 1_796_081_076_786) => ({
  timeUnixNano: `${at}000000`,
  body: { stringValue: `claude_code.${event}` },
  attributes: Object.entries({ 'session.id': 's', ...attributes }).map(([key, value]) => attribute(key, value)),
})

describe('what the real program sent', () => {
  test.each([
    ['logs.json', JSON_TYPE],
    ['logs.bin', PROTOBUF],
  ])('%s is the cost of each request, once', async (name, type) => {
    expect(await answerOf(await send(recorded(name), { type }))).toEqual([200, type, type === JSON_TYPE ? '{}' : ''])
    expect(emitted).toHaveLength(2)
    expect(emitted[0]).toMatchObject({
      source: 'claude_code',
      type: 'usage',
      summary: 'claude-opus-5-5: 100 tokens in, 20 out for $0.00081',
      data: {
        ok: true,
        model: 'claude-opus-5-5',
        tokens_in: 100,
        tokens_out: 20,
        tokens_cache_read: 50,
        effort: 'medium',
      },
    })
    expect(emitted[0]?.data?.cost_usd).toBeCloseTo(0.00081)
    expect(emitted[0]?.sessionId).toMatch(/^[0-9a-f-]{36}$/)
    expect(emitted[0]?.cause?.id).toMatch(/^[0-9a-f-]{36}$/)
    const text = JSON.stringify(emitted)
    expect(text).not.toContain('user.id')
    const ids = emitted.map(({ id }) => id)
    await send(gzipSync(recorded(name)), { type, headers: { 'content-encoding': 'gzip' } })
    expect(emitted.slice(2).map(({ id }) => id)).toEqual(ids)
  })

  test.each([
    ['metrics.json', JSON_TYPE],
    ['metrics.bin', PROTOBUF],
  ])('%s is the time at work so far, whatever is sent twice', async (name, type) => {
    const path = '/v1/metrics'
    expect((await send(recorded(name), { type, path })).status).toBe(200)
    expect(emitted).toHaveLength(1)
    expect(emitted[0]).toMatchObject({ type: 'usage', phase: 'update', data: { active_s: expect.any(Number) } })
    await send(recorded(name), { type, path })
    expect(emitted).toHaveLength(1)
  })

  test('is the same in both forms', () => {
    const read = readMessage(recorded('metrics.bin'), messages.metrics) as { resourceMetrics: unknown[] }
    const shape = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.slice(0, 1).map(shape)
        : typeof value === 'object' && value
          ? Object.keys(value)
              .filter((key) => key !== 'scope' && key !== 'droppedAttributesCount')
              .sort()
          : typeof value
    expect(shape(read.resourceMetrics)).toEqual(shape(JSON.parse(recorded('metrics.json').toString()).resourceMetrics))
  })
})

test('a request that failed is told as such, and no second error', async () => {
  await send(
    logs([
      record('api_error', { error: '529 Overloaded', status_code: '529', attempt: 3, model: 'opus', 'prompt.id': 'p' }),
    ]),
  )
  expect(emitted).toMatchObject([
    { type: 'usage', data: { ok: false, error: '529 Overloaded', status_code: 529, attempt: 3 }, cause: { id: 'p' } },
  ])
})

test('what hooks tell is passed over, and so are others', async () => {
  await send(logs(['user_prompt', 'tool_result', 'tool_decision', 'new_event'].map((event) => record(event, {}))))
  await send(logs([record('api_request', {})], 'another-program'))
  await send(logs([{ ...record('api_request', {}), attributes: [] }, { timeUnixNano: 'x' }, {}]))
  expect(emitted).toEqual([])
  expect(telemetry.figures()).toEqual({ telemetryKept: 0, telemetryPassedOver: 7, telemetryOfOthers: 1 })
})

test('lines, commits and time at work are summed per session, and told once a minute', async () => {
  const at = 1_796_081_076_000
  const point = (value: number, after: number, attributes: Record<string, unknown> = {}) => ({
    timeUnixNano: `${at + after}000000`,
    startTimeUnixNano: `${at}000000`,
    asInt: String(value),
    attributes: Object.entries({ 'session.id': 's', ...attributes }).map(([key, given]) => attribute(key, given)),
  })
  const metrics = (name: string, dataPoints: object[], aggregationTemporality = 1) =>
    logs([])
      .replace(
        '"scopeLogs":[{"logRecords":[]}]',
        `"scopeMetrics":${JSON.stringify([{ metrics: [{ name: `claude_code.${name}`, sum: { dataPoints, aggregationTemporality } }] }])}`,
      )
      .replace('resourceLogs', 'resourceMetrics')
  const path = '/v1/metrics'
  await send(
    metrics('lines_of_code.count', [point(5, 1_000, { type: 'added' }), point(2, 1_000, { type: 'removed' })]),
    { path },
  )
  await send(metrics('lines_of_code.count', [point(5, 2_000, { type: 'added' })]), { path })
  expect(emitted.map(({ data }) => data)).toEqual([{ lines_added: 5, lines_removed: 2 }])
  await send(metrics('commit.count', [point(1, 62_000)], 2), { path })
  await send(metrics('commit.count', [point(3, 130_000)], 2), { path })
  await send(metrics('token.usage', [point(3, 300_000)]), { path })
  expect(emitted.slice(1).map(({ data }) => data)).toEqual([
    { lines_added: 10, lines_removed: 2, commits: 1 },
    { lines_added: 10, lines_removed: 2, commits: 3 },
  ])
  expect(telemetry.forget(0, at)).toBe(0)
  expect(telemetry.forget(0, at + 1e6)).toBe(1)
})

describe('an answer', () => {
  const body = logs([record('api_request', { 'event.sequence': 1 })])
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  test.each([
    { authorization: `Bearer ${KEY}` },
    { authorization: `bearer%20${KEY}` },
    { authorization: basic(`:${KEY}`) },
    { authorization: basic(`${KEY}:`) },
    { 'x-api-key': KEY },
  ])('is given to who shows the key: %o', async (headers) => {
    expect((await send(body, { trusted: false, headers: headers as never })).status).toBe(200)
    expect(emitted).toHaveLength(1)
  })

  test.each([{}, { authorization: 'Bearer x' }, { authorization: basic('a:b') }, { 'x-api-key': '' }])(
    'is refused to who does not: %o',
    async (headers) => {
      const [status, type, text] = await answerOf(await send(body, { trusted: false, headers: headers as never }))
      expect([status, type]).toEqual([401, JSON_TYPE])
      expect(JSON.parse(String(text))).toMatchObject({ code: 16 })
      expect(emitted).toEqual([])
    },
  )

  test('names what is wrong, in the form of the request', async () => {
    const status = async (...given: Parameters<typeof send>) => (await send(...given)).status
    expect(await status('{', {})).toBe(400)
    expect(await status(Buffer.from([0x0a, 0xff, 0x01]), { type: PROTOBUF })).toBe(400)
    expect(await status(body, { type: 'text/plain' })).toBe(415)
    expect(await status(body, { headers: { 'content-encoding': 'br' } })).toBe(415)
    expect(await status(body, { headers: { 'content-encoding': 'gzip' } })).toBe(400)
    expect(await status(body, { method: 'GET' })).toBe(405)
    expect(await status(body, { path: '/v1/logs/x' })).toBe(404)
    expect(
      await status(gzipSync(Buffer.alloc(17 * 1024 * 1024, ' ')), { headers: { 'content-encoding': 'gzip' } }),
    ).toBe(413)
    expect(await status(Buffer.alloc(17 * 1024 * 1024, ' '))).toBe(413)
    const binary = await send(Buffer.from([0x0a, 0xff, 0x01]), { type: PROTOBUF })
    expect(binary.headers.get('content-type')).toBe(PROTOBUF)
    expect((await binary.bytes()).subarray(0, 3)).toEqual(new Uint8Array([0x08, 3, 0x12]))
  })

  test('says how many there was no room for', async () => {
    const many = Array.from({ length: 5_003 }, (_, n) => record('api_request', { 'event.sequence': n }))
    const [, , text] = await answerOf(await send(logs(many)))
    expect(JSON.parse(String(text))).toMatchObject({ partialSuccess: { rejectedLogRecords: '3' } })
    expect(emitted).toHaveLength(5_000)
  })

  test('asks for another try when the outbox is full', async () => {
    refuse = new DaybookError('outbox_full')
    const response = await send(body)
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '30'])
  })

  test('is an answer whatever comes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.boolean(),
        fc.jsonValue(),
        async (bytes, logsOrNot, json) => {
          const path = logsOrNot ? '/v1/logs' : '/v1/metrics'
          expect([200, 400]).toContain((await send(Buffer.from(bytes), { type: PROTOBUF, path })).status)
          expect((await send(JSON.stringify({ resourceLogs: json, resourceMetrics: [json] }), { path })).status).toBe(
            200,
          )
          const cut = recorded('metrics.bin').subarray(0, bytes.length * 13)
          expect([200, 400]).toContain((await send(cut, { type: PROTOBUF, path: '/v1/metrics' })).status)
        },
      ),
      { numRuns: 60 },
    )
  })
})
