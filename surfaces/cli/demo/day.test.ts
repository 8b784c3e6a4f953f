// The made day: everything in it is what a bridge could send, and it has some of everything.
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { activityNotification, limits } from '../../../schemas/activity.ts'
import { idTime } from '../../../schemas/ids.ts'
import { physicalData, physicalTypes } from '../../../schemas/physical.ts'
import { topicsUnder } from '../../../schemas/topics.ts'
import { laneOf, madeDay } from './day.ts'

const options = { day: '2026-11-24', timeZone: 'Europe/Berlin' }
const made = madeDay(options)
const activities = made.map(({ activity }) => activity)

describe('the made day', () => {
  test('is made of valid activities, each with a topic, in the order of time', () => {
    const topics = topicsUnder('daybook')
    for (const { source, type, producer = '', ...rest } of activities) {
      const parsed = activityNotification.safeParse({ source, type, producer, ...rest })
      expect([rest.summary, parsed.error]).toEqual([rest.summary, undefined])
      const topic = topics.activity({ source, type, producer })
      expect(topics.parseActivity(topic)).toEqual({ source, type, producer })
      expect(idTime(rest.id)).toBe(rest.timestamp)
    }
    expect(activities.length).toBeGreaterThanOrEqual(90)
    expect(activities.length).toBeLessThanOrEqual(150)
    const times = activities.map(({ timestamp }) => timestamp)
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(activities.map(({ id }) => id)).size).toBe(activities.length)
  })

  test('has every physical type and most digital ones', () => {
    const types = new Set(activities.map(({ source, type }) => `${source} ${type}`))
    const ofHouse = activities.filter(({ source }) => laneOf(source) === 'house')
    expect(new Set(ofHouse.map(({ type }) => type))).toEqual(new Set(physicalTypes))
    for (const { summary, data } of ofHouse) {
      expect([summary, physicalData.safeParse(data).error]).toEqual([summary, undefined])
    }
    for (const type of ['session', 'prompt', 'tool', 'subagent', 'compaction', 'error']) {
      expect(types).toContain(`claude_code ${type}`)
    }
    for (const type of [
      'terminal command',
      'vscode edit',
      'browser visit',
      'window focus',
      'afk presence',
      'git commit',
      'obsidian note_edit',
      'manual note',
      'mcp remember',
      'mcp log',
    ]) {
      expect(types).toContain(type)
    }
  })

  test('tells what lasts in phases, and what follows by its cause', () => {
    const phases = Map.groupBy(
      activities.filter(({ activityId }) => activityId !== undefined),
      ({ activityId }) => activityId,
    )
    for (const [activityId, rows] of phases) {
      const told = rows.map(({ phase }) => phase)
      expect([activityId, told[0], told.includes('end')]).toEqual([activityId, 'start', true])
      expect(rows.find(({ phase }) => phase === 'end')?.duration).toBeGreaterThan(0)
    }
    const person = activities.filter(({ source }) => source === 'frigate').map(({ phase }) => phase)
    expect(person).toEqual(['start', 'update', 'end', 'enriched', 'start', 'update', 'end', 'enriched'])
    const causes = new Set(activities.flatMap(({ cause }) => cause?.id ?? []))
    for (const { summary, cause } of activities) {
      if (cause?.parentId) expect([summary, causes.has(cause.parentId)]).toEqual([summary, true])
    }
  })

  test('numbers what each producer sends without a gap', () => {
    for (const [producer, rows] of Map.groupBy(activities, (activity) => activity.producer)) {
      expect([producer, rows.map(({ seq }) => seq)]).toEqual([producer, rows.map((_, n) => n + 1)])
    }
  })

  test('has a test that fails and then does not, and one message that is too long to travel', () => {
    const tests = activities.filter(({ data }) => data?.command === 'npm test' && data?.exit_code !== undefined)
    expect(tests.map(({ data }) => data?.exit_code)).toEqual([1, 1, 0, 0, 0])
    const long = activities.filter(({ data }) => Buffer.byteLength(JSON.stringify(data ?? {})) > limits.dataBytes)
    expect(long.map(({ summary }) => summary)).toEqual(['$ npm test (exit 1)'])
  })

  test('has pictures and a transcript, each object once', () => {
    const payloads = made.flatMap(({ content, attachments }) => [...(content ? [content] : []), ...attachments])
    const hashes = payloads.map(({ bytes }) => createHash('sha256').update(bytes()).digest('hex'))
    expect(payloads.map(({ mediaType }) => mediaType).sort()).toEqual([
      'application/x-ndjson',
      ...Array(4).fill('image/png'),
    ])
    expect(new Set(hashes).size).toBe(5)
    const [transcript = ''] = payloads.flatMap(({ name, bytes }) =>
      name.startsWith('transcript') ? [String(bytes())] : [],
    )
    expect(
      transcript
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).role),
    ).toContain('user')
  })

  test('is the same each time, and another one on another day', () => {
    expect(madeDay(options).map(({ activity }) => activity)).toEqual(activities)
    const other = madeDay({ ...options, day: '2026-11-23' })
    expect(other.map(({ activity }) => activity.summary)).toEqual(activities.map(({ summary }) => summary))
    expect(new Set([...other, ...made].map(({ activity }) => activity.id)).size).toBe(2 * made.length)
  })

  test('has the same times of day when the clocks have changed', () => {
    const first = (day: string) => new Date(madeDay({ ...options, day })[0]?.activity.timestamp ?? 0).toISOString()
    expect(first('2026-10-24')).toBe('2026-10-24T03:45:00.000Z')
    expect(first('2026-10-25')).toBe('2026-10-25T04:45:00.000Z')
  })
})
