// What is said of findings: nothing where all is well, else the option to change.
import { describe, expect, test } from 'vitest'
import type { Findings } from './findings.ts'
import { type Hint, hintsOf } from './hints.ts'

const well: Findings = {
  version: 4,
  broker: 'mosquitto',
  window: null,
  queue: null,
  retained: 'kept',
  cleared: true,
  shared: 'works',
  dots: true,
}
const asked = { window: 10_000, share: false }
const text = (hints: Hint[]) => hints.map(({ detail, fix }) => `${detail} ${fix}`)
const said = (findings: Partial<Findings>, config = asked) => text(hintsOf({ ...well, ...findings }, config))

describe('hints', () => {
  test('a broker that is well set up needs none', () => {
    expect(said({})).toEqual([])
    expect(said({ window: 1000 })).toEqual([])
  })

  test('stock Mosquitto is told which two lines to add', () => {
    const [window, queue, ...more] = said({ window: 20, queue: 1000 })
    expect(window).toMatch(/^It sends 20 messages .* max_inflight_messages 1000/)
    expect(queue).toMatch(/^While Daybook is away it keeps 1,000 messages.* max_queued_messages 100000/)
    expect(more).toEqual([])
  })

  test.each([
    ['emqx', 'mqtt.max_inflight'],
    ['rabbitmq', 'mqtt.prefetch'],
    ['nats', 'max_ack_pending'],
    ['unknown', 'HiveMQ server-receive-maximum'],
  ] as const)('a narrow window on %s names %s', (broker, option) => {
    expect(said({ broker, window: 10 }).join()).toContain(option)
  })

  test('a window that we have asked for ourselves is no fault of the broker', () => {
    expect(said({ version: 5, window: 10 }, { ...asked, window: 10 })).toEqual([])
  })

  test('what it does with retained messages and dots is said with what it costs', () => {
    expect(said({ retained: 'none' }).join()).toContain('no retained messages')
    expect(said({ retained: 'exact' }).join()).toContain('wildcard')
    expect(said({ cleared: false }).join()).toContain('does not clear')
    expect(said({ dots: false }).join()).toContain('bridges.producer')
  })

  test.each(['silent', 'copies', 'refused'] as const)(
    'shares that are %s matter only to who wants to share',
    (shared) => {
      expect(said({ shared })).toEqual([])
      expect(said({ shared }, { ...asked, share: true }).join()).toContain('broker.share')
    },
  )
})
