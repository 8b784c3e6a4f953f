// What the books of delivery promise, as tests. Not for: who sends receipts.
import { beforeEach, expect, it } from 'vitest'
import { exampleEvent as event, NOON } from './examples.ts'
import type { Settlement } from './ledger.ts'
import type { Storage } from './storage.ts'

const settled = (seq: number | undefined, more: Partial<Settlement> = {}): Settlement => ({
  producer: 'desk',
  source: 'terminal',
  epoch: 'e1',
  outcome: 'stored',
  seq,
  ...more,
})

export function ledgerContract(fresh: () => Promise<Storage>) {
  let storage: Storage
  beforeEach(async () => {
    storage = await fresh()
  })
  const settle = (...settlements: Settlement[]) => storage.ledger.settle(settlements)
  const accounts = async () => (await storage.ledger.accounting()).producers

  it('says in a receipt how far everything is settled and what is above', async () => {
    expect(await settle(settled(1), settled(2), settled(5))).toEqual(
      new Map([['desk', [{ epoch: 'e1', upTo: 2, settled: [[5, 5]] }]]]),
    )
    expect(await settle(settled(4), settled(3))).toEqual(new Map([['desk', [{ epoch: 'e1', upTo: 5, settled: [] }]]]))
  })

  it('gives a receipt for duplicates, rejected and suppressed alike', async () => {
    await settle(settled(1))
    const receipts = await settle(
      settled(1, { outcome: 'duplicate' }),
      settled(2, { outcome: 'rejected' }),
      settled(3, { outcome: 'suppressed' }),
    )
    expect(receipts.get('desk')).toEqual([{ epoch: 'e1', upTo: 3, settled: [] }])
  })

  it('counts per producer and source, and totals', async () => {
    await settle(
      settled(1),
      settled(2, { outcome: 'duplicate' }),
      settled(undefined, { producer: 'http', source: 'manual', epoch: undefined }),
    )
    expect(await storage.ledger.accounting()).toMatchObject({
      producers: [
        {
          producer: 'desk',
          source: 'terminal',
          received: 2,
          stored: 1,
          duplicates: 1,
          missing: 0,
          gaps: [],
          lastSeq: 2,
        },
        { producer: 'http', source: 'manual', received: 1, stored: 1, lastSeq: null },
      ],
      totals: { received: 3, stored: 2, duplicates: 1, rejected: 0, suppressed: 0, missing: 0 },
    })
  })

  it('names what is missing, to the number', async () => {
    await settle(settled(1), settled(4), settled(9))
    expect(await accounts()).toMatchObject([
      {
        missing: 6,
        gaps: [
          [2, 3],
          [5, 8],
        ],
        lastSeq: 9,
      },
    ])
    await settle(settled(2), settled(3), settled(5), settled(6), settled(7), settled(8))
    expect(await accounts()).toMatchObject([{ missing: 0, gaps: [] }])
  })

  it('keeps epochs apart: a new outbox is no gap', async () => {
    await settle(settled(1), settled(2), settled(3))
    await settle(settled(1, { epoch: 'e2' }))
    expect(await accounts()).toMatchObject([{ stored: 4, missing: 0, lastSeq: 1 }])
    expect((await storage.ledger.receipts()).get('desk')?.at(-1)).toEqual({ epoch: 'e2', upTo: 1, settled: [] })
  })

  it('takes an absent epoch as one epoch', async () => {
    await settle(settled(1, { epoch: undefined }))
    expect((await settle(settled(2, { epoch: undefined }))).get('desk')).toEqual([{ upTo: 2, settled: [] }])
  })

  it('gives up what lies below the oldest number still held, and still counts it missing', async () => {
    await settle(settled(1), settled(5))
    expect(await storage.ledger.giveUpBelow('desk', 'e1', 4)).toEqual({ epoch: 'e1', upTo: 3, settled: [[5, 5]] })
    expect(await accounts()).toMatchObject([{ missing: 3, gaps: [[2, 4]] }])
    await settle(settled(4))
    expect((await settle(settled(2))).get('desk')).toEqual([{ epoch: 'e1', upTo: 5, settled: [] }])
    expect(await accounts()).toMatchObject([{ missing: 1, gaps: [[3, 3]] }])
  })

  it('gives up for an outbox never heard of, unless it starts at the beginning', async () => {
    expect(await storage.ledger.giveUpBelow('desk', 'e1', 1)).toBeNull()
    expect(await storage.ledger.giveUpBelow('desk', 'e1', 101)).toEqual({ epoch: 'e1', upTo: 100, settled: [] })
    expect((await settle(settled(101))).get('desk')).toEqual([{ epoch: 'e1', upTo: 101, settled: [] }])
  })

  it('books a batch with its activities or not at all', async () => {
    const failing = storage.commit([event(1)], () => {
      throw new RangeError('on purpose')
    })
    await expect(failing).rejects.toThrow('on purpose')
    expect(await storage.activities.getActivity(event(1).id)).toBeNull()
    expect(await accounts()).toEqual([])
  })

  it('stores by either way in and never twice, whatever the numbers claim', async () => {
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => from + n)
    const send = async (numbers: number[], shift = 0) => {
      let size = 0
      const events = numbers.map((n) => event(n, { producer: 'desk', epoch: 'e1', seq: n + shift }))
      await storage.commit(events, ({ stored }) => {
        size = stored.size
        const outcome = (id: string) => (stored.has(id) ? 'stored' : 'duplicate')
        return { settlements: events.map((each) => settled(each.seq, { outcome: outcome(each.id) })), rejected: [] }
      })
      return size
    }
    expect(await send(range(1, 40))).toBe(40)
    expect(await send(range(41, 90))).toBe(50)
    // Known events under numbers that look new: the fast way must find out and step back.
    expect(await send(range(60, 110), 100)).toBe(20)
    expect(await send(range(111, 140), 100)).toBe(30)
    expect((await storage.activities.queryActivities({ limit: 1000 })).items).toHaveLength(140)
  })

  it('keeps rejected messages with their bytes, newest first', async () => {
    const message = {
      topic: 't',
      producer: 'desk',
      code: 'invalid',
      reason: 'NUL \0',
      payload: Buffer.from([0, 255, 123]),
      receivedAt: NOON,
    }
    await storage.ledger.keepRejected([
      { ...message, rejectedId: event(1).id },
      { ...message, rejectedId: event(2).id, seq: 3, epoch: 'e1', id: 'x' },
    ])
    const [newest, oldest] = await storage.ledger.rejected()
    expect(newest).toMatchObject({ rejectedId: event(2).id, seq: 3, epoch: 'e1', id: 'x' })
    expect(oldest?.payload.equals(message.payload)).toBe(true)
    expect(await storage.ledger.rejected(1)).toHaveLength(1)
  })

  it('remembers what must stay away', async () => {
    const rule = {
      kind: 'forget' as const,
      source: 'browser',
      entity: undefined,
      since: NOON,
      until: null,
      idHash: undefined,
    }
    await storage.ledger.suppress(rule)
    const rules = await storage.ledger.suppressions()
    expect(rules).toEqual([rule])
    expect(await storage.ledger.suppressions()).toBe(rules)
  })

  it('keeps a pause once, as it was said last, and forgets one that covers nothing', async () => {
    const pauses = async () =>
      (await storage.ledger.suppressions()).map(({ kind, since, until }) => [kind, since, until])
    await storage.ledger.pause({ since: NOON, until: null })
    expect(await pauses()).toEqual([['pause', NOON, null]])
    await storage.ledger.pause({ since: NOON, until: NOON + 1 })
    await storage.ledger.pause({ since: NOON + 5, until: NOON + 9 })
    expect(await pauses()).toEqual([
      ['pause', NOON, NOON + 1],
      ['pause', NOON + 5, NOON + 9],
    ])
    await storage.ledger.pause({ since: NOON + 5, until: NOON + 5 })
    expect(await pauses()).toEqual([['pause', NOON, NOON + 1]])
  })
}
