// What status makes of the books. The rest of it is asked over HTTP in http.test.ts.
import { expect, test } from 'vitest'
import type { Account } from '../../schemas/delivery.ts'
import { bridgeLineOf, producerLines } from './get-status.ts'

const account = (fields: Partial<Account>): Account => ({
  producer: 'laptop',
  source: 'terminal',
  received: 0,
  stored: 0,
  duplicates: 0,
  rejected: 0,
  suppressed: 0,
  missing: 0,
  gaps: [],
  lastSeq: null,
  lastSeenAt: null,
  ...fields,
})

test('a producer is one line, whatever the number of its sources', () => {
  const lines = producerLines([
    account({ received: 48_000, stored: 48_000, lastSeenAt: 5 }),
    account({ source: 'git', received: 112, stored: 100, rejected: 12, lastSeenAt: 9 }),
    account({ producer: 'phone', missing: 2, received: 3, stored: 3 }),
  ])
  expect(lines).toEqual([
    {
      producer: 'laptop',
      sources: ['terminal', 'git'],
      sent: 48_112,
      lost: 0,
      rejected: 12,
      lastSeenAt: 9,
      summary: '0 lost of 48,112',
    },
    expect.objectContaining({ producer: 'phone', sent: 5, lost: 2, lastSeenAt: null, summary: '2 lost of 5' }),
  ])
})

test('what was sent twice was sent once', () => {
  expect(producerLines([account({ received: 15, stored: 10, duplicates: 5 })])).toMatchObject([{ sent: 10, lost: 0 }])
})

test('a bridge says what holds it up in words, and was there until its last event came', () => {
  const bridge = {
    producer: 'laptop',
    online: false,
    since: 5,
    at: 5,
    outboxDepth: 2,
    oldestAt: 3,
    clockOffsetMs: null,
  }
  const full = bridgeLineOf({ ...bridge, health: 'outbox_full' }, [account({ lastSeenAt: 9 })])
  expect(full).toEqual({
    producer: 'laptop',
    online: false,
    since: 9,
    outboxDepth: 2,
    waitingSince: 3,
    health: 'outbox_full',
    detail: expect.stringContaining('quota'),
    clockOffsetMs: null,
  })
  const online = bridgeLineOf({ ...bridge, online: true, outboxDepth: 0, health: 'ok' }, [account({ lastSeenAt: 9 })])
  expect(online).toMatchObject({ since: 5, waitingSince: null, health: 'ok' })
  expect(online).not.toHaveProperty('detail')
})
