// Notes, and what makes two of them one.
import { expect, test } from 'vitest'
import { wallClock } from '../component.ts'
import { idTime, lowestId } from '../schemas/ids.ts'
import { host, outboxFolder } from '../test/hosted.ts'
import { manual, noteNotification, readNote } from './manual.ts'

const now = 1_760_000_000_000
const write = (note: Parameters<typeof noteNotification>[0], at = now) =>
  noteNotification(note, { space: 'home', now: at })

test('the same name at the same time is one note, whatever it says', () => {
  expect(write({ text: 'a', id: 'mine', at: 5e11 }).id).toBe(write({ text: 'b', id: 'mine', at: 5e11 }, now + 9).id)
  expect(write({ text: 'a', id: 'mine' }).id).not.toBe(write({ text: 'a', id: 'other' }).id)
})

test('a name that holds a time is kept and needs no other time', () => {
  const id = `${lowestId(now - 5000).slice(0, 14)}7abc-8def-0123456789ab`
  const first = write({ text: 'a', id })
  expect(first).toMatchObject({ id, timestamp: now - 5000 })
  expect(write({ text: 'a', id }, now + 60_000)).toEqual(first)
  const moved = write({ text: 'a', id, at: now })
  expect(moved.id).not.toBe(id)
  expect(idTime(moved.id)).toBe(now)
})

test('without a name the words, the tags and the moment are what it is', () => {
  expect(write({ text: 'a' }).id).toBe(write({ text: ' a ' }).id)
  expect(write({ text: 'a' }).id).not.toBe(write({ text: 'a', tags: ['x'] }).id)
  expect(write({ text: 'a' }).id).not.toBe(write({ text: 'a' }, now + 1).id)
})

test('a long text keeps all its words, and its summary ends at one', () => {
  const text = 'word '.repeat(300).trim()
  const { summary, data } = write({ text })
  expect(summary.length).toBeLessThanOrEqual(512)
  expect(summary).toMatch(/word…$/)
  expect(data).toMatchObject({ text })
  expect(write({ text: '🎉'.repeat(400) }).summary.isWellFormed()).toBe(true)
  expect(write({ text: '🎉'.repeat(400) }).summary.length).toBeLessThanOrEqual(512)
})

test('a line is a note, and so is an object with the fields of one', () => {
  expect(readNote('  Slept well ')).toEqual({ text: 'Slept well' })
  const named = { text: 'Walked', tags: ['out'], at: 1_759_900_000_000, id: 'mine' }
  expect(readNote(JSON.stringify(named))).toEqual(named)
  expect(readNote('"a quote" is text')).toEqual({ text: '"a quote" is text' })
})

test.each([
  ['{"text": ', 'not_json'],
  ['{"tags": ["a"]}', 'invalid'],
  ['{"text": "a", "when": 1}', 'invalid'],
  ['x'.repeat(10_001), 'invalid'],
])('a line that is no note is refused: %.20s', (line, code) => {
  expect(() => readNote(line)).toThrow(expect.objectContaining({ code }))
})

test('standing alone it keeps each line, also one that says what another said in the same moment', async () => {
  const { folder, remove } = await outboxFolder()
  const clock = { ...wallClock, now: () => now }
  const { bridge, kept } = host(manual, folder, { clock })
  expect(bridge.take).toBeUndefined()
  await bridge.start()
  for (const line of ['coffee', 'coffee', '{"text":"tea","at":1759900000000}']) bridge.take?.(line)
  expect(kept.map(({ summary, timestamp }) => [summary, timestamp])).toEqual([
    ['coffee', now],
    ['coffee', now],
    ['tea', 1_759_900_000_000],
  ])
  expect(new Set(kept.map(({ id }) => id)).size).toBe(3)
  await bridge.stop()
  await remove()
})
