// The published JSON Schemas accept and refuse what the zod schemas do, and every shape of the wire is published.
// Not for: the zod schemas themselves, which are tested beside them.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { referenceFolder } from '../generate.ts'
import { publicShapes } from './json-schemas.ts'

type Name = keyof typeof publicShapes

const published = (name: Name) =>
  z.fromJSONSchema(JSON.parse(readFileSync(join(referenceFolder, 'schemas', `${name}.json`), 'utf8')))

const contentRef = { storage: 'fs', id: 'ab'.repeat(32), size: 3, mediaType: 'text/plain' }
const notification = {
  id: '018f6f5c-3c00-7a1b-8c2d-000000000001',
  source: 'terminal',
  type: 'command',
  summary: 'npm test',
  timestamp: 1_700_000_000_000,
  data: { command: 'npm test', exit_code: 0 },
  contentRef,
  attachments: [{ ...contentRef, name: 'diff' }],
  phase: 'end',
  cause: { id: 'ctx' },
}
const { type, data, ...common } = notification
const count = { received: 2, stored: 1, duplicates: 1, rejected: 0, suppressed: 0, missing: 1 }

/** For each shape something it takes, and the same spoilt in one field. */
const cases: Record<Name, [good: object, spoilt: object]> = {
  'activity-notification': [notification, { summary: '' }],
  'activity-event': [
    { ...common, eventType: type, details: data, space: 'home', producer: 'p', sessionId: 's', receivedAt: 1 },
    { eventType: undefined },
  ],
  'content-ref': [contentRef, { storage: 'drawer' }],
  'physical-data': [{ entity_id: 'light.desk', new_state: null, own_field: [1] }, { confidence: 2 }],
  'activity-session': [
    {
      id: 'i',
      startTime: 1,
      activityIds: [],
      guessedIntent: '',
      confidence: 1,
      tags: [],
      status: 'active',
      needsValidation: true,
    },
    { status: 'gone' },
  ],
  receipt: [{ epoch: 'e', upTo: 4, settled: [[6, 7]] }, { settled: [[6]] }],
  'bridge-status': [{ online: true, oldestSeq: 1 }, { online: 'yes' }],
  rejection: [
    { code: 'clock', message: 'm', topic: 't', producer: 'p', receivedAt: 1, rejectedId: 'r' },
    { code: undefined },
  ],
  'missing-payload': [
    {
      code: 'object_missing',
      message: 'm',
      producer: 'p',
      id: 'i',
      storage: 'fs',
      objectId: contentRef.id,
      asked: 1,
      askedAt: 1,
    },
    { storage: 'drawer' },
  ],
  accounting: [
    {
      producers: [{ producer: 'p', source: 's', ...count, gaps: [[3, 3]], lastSeq: null, lastSeenAt: 1 }],
      totals: count,
    },
    { totals: {} },
  ],
  'activity-filter': [{ source: 'terminal', limit: 10, order: 'asc', fold: 'true' }, { limit: 0 }],
}

test.each(Object.keys(publicShapes) as Name[])('the schema of %s takes and refuses what the code does', (name) => {
  const [good, change] = cases[name]
  const spoilt = JSON.parse(JSON.stringify({ ...good, ...change }))
  for (const schema of [publicShapes[name], published(name)]) {
    expect(schema.safeParse(good).error).toBeUndefined()
    expect(schema.safeParse(spoilt).success).toBe(false)
  }
})

test('a message with a field of tomorrow is still taken', () => {
  expect(published('activity-notification').safeParse({ ...notification, mood: 'fine' }).success).toBe(true)
})
