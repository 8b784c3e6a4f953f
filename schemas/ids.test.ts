// Deterministic ids are the same for the same event, tell its time, and sort by it.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type EventIdentity, eventId, idTime, isUuidV7, lowestId } from './ids.ts'

const identity = fc.record({
  space: fc.string({ minLength: 1 }),
  source: fc.string({ minLength: 1 }),
  key: fc.string(),
  phase: fc.option(fc.constantFrom('start', 'update', 'end', 'enriched'), { nil: undefined }),
  timestamp: fc.integer({ min: 0, max: 2 ** 48 - 1 }),
})

describe('event ids', () => {
  it('are the same for the same event and valid UUIDv7s', () => {
    fc.assert(
      fc.property(identity, (event) => {
        expect(eventId(event)).toBe(eventId({ ...event }))
        expect(isUuidV7(eventId(event))).toBe(true)
      }),
    )
  })

  it('give the time back to the millisecond', () => {
    fc.assert(
      fc.property(identity, (event) => {
        expect(idTime(eventId(event))).toBe(event.timestamp)
      }),
    )
  })

  it('order by time, as text', () => {
    fc.assert(
      fc.property(identity, identity, (a, b) => {
        if (a.timestamp < b.timestamp) expect(eventId(a) < eventId(b)).toBe(true)
      }),
    )
  })

  it('differ when anything about the event differs, and parts cannot run into each other', () => {
    const base: EventIdentity = {
      space: 'home',
      source: 'frigate',
      key: 'front',
      phase: 'end',
      timestamp: 1_700_000_000_000,
    }
    const others: EventIdentity[] = [
      { ...base, space: 'work' },
      { ...base, source: 'iot' },
      { ...base, key: 'back' },
      { ...base, phase: 'start' },
      { ...base, phase: undefined },
      { ...base, timestamp: base.timestamp + 1 },
      { ...base, source: 'frigat', key: 'efront' },
    ]
    expect(new Set([base, ...others].map(eventId)).size).toBe(others.length + 1)
  })

  it('never changes between versions: rows of years depend on it', () => {
    const event = {
      space: 'home',
      source: 'home_assistant',
      key: 'light.kitchen\u00001700000000000',
      timestamp: 1_700_000_000_000,
    }
    expect(eventId(event)).toBe(eventId(event))
    expect(eventId(event)).toMatchInlineSnapshot(`"018bcfe5-6800-71eb-8189-89024e3b48cc"`)
  })

  it('lie at or above the lowest id of their millisecond and below that of the next', () => {
    fc.assert(
      fc.property(identity, (event) => {
        expect(lowestId(event.timestamp) <= eventId(event)).toBe(true)
        if (event.timestamp < 2 ** 48 - 1) expect(eventId(event) < lowestId(event.timestamp + 1)).toBe(true)
      }),
    )
  })

  it('have a lowest one for any number, also where no event can be', () => {
    expect(lowestId(-1)).toBe('00000000-0000-0000-0000-000000000000')
    expect(lowestId(Number.MAX_SAFE_INTEGER)).toBe('ffffffff-ffff-0000-0000-000000000000')
  })
})
