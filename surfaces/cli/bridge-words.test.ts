// What people read about a bridge.
import { expect, test } from 'vitest'
import type { BridgeLine } from '../operations/get-status.ts'
import { bridgeWords } from './bridge-words.ts'

const now = 1_760_000_000_000
const DAY = 86_400_000
const line = (fields: Partial<BridgeLine> = {}): BridgeLine => ({
  producer: 'laptop',
  online: true,
  since: now - 5 * DAY,
  outboxDepth: 0,
  waitingSince: null,
  health: 'ok',
  clockOffsetMs: 0,
  ...fields,
})

test.each<[words: string | undefined, Partial<BridgeLine>]>([
  [undefined, {}],
  [undefined, { clockOffsetMs: -1_500 }],
  [undefined, { clockOffsetMs: null, since: null, outboxDepth: null }],
  [
    'laptop: offline for 3 d; 2,100 waited there; its clock is 3 min behind',
    { online: false, since: now - 3 * DAY, outboxDepth: 2_100, clockOffsetMs: -185_000 },
  ],
  ['laptop: its clock is 2 h ahead', { clockOffsetMs: 7_200_000 }],
  ['laptop: 12 wait there, the oldest from 6 d ago', { outboxDepth: 12, waitingSince: now - 6 * DAY }],
  ['laptop: not heard since Daybook started', { online: null }],
  ['laptop: offline', { online: false, since: null }],
  [
    'laptop: outbox_full: The outbox has reached its quota',
    { health: 'outbox_full', detail: 'The outbox has reached its quota.' },
  ],
  ['laptop: newer: a code that this version does not know', { health: 'newer' }],
])('%s', (words, fields) => {
  expect(bridgeWords(line(fields), now)).toBe(words)
})

test('how old what waits is does not depend on how wrong its clock is', () => {
  const ahead = { outboxDepth: 1, waitingSince: now + 3_600_000 - DAY, clockOffsetMs: 3_600_000 }
  expect(bridgeWords(line(ahead), now)).toContain('the oldest from 1 d ago')
})
